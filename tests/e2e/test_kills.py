"""Every process is killed in turn while runs are in flight: nothing accepted is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from cluster.runtime import load
from models.domain.identity import TenantScope
from storage.metric_recount import recount
from storage.postgres import Database
from tests.chaos.checker import Evidence, violations
from tests.chaos.processes import KINDS, kill, processes
from tests.e2e.client import Tenant, event, sign_up, workflow
from tests.servers.system import System, running_system
from tests.servers.target import Target, running_target

BACK_SECONDS = 180
LANES = 4
# With one of these, all of Ray is started anew.
WHOLE_RAY = ("raylet", "gcs", "ray")

STEPS = (
    "- one:\n    set:\n      n: ${ .n }\n- two:\n    set:\n      n: ${ .n + 1 }\n"
    "- three:\n    set:\n      n: ${ .n + 1 }"
)
CALL = (
    "- ask:\n    try:\n      - call:\n          call: http\n          with:\n            method: post\n"
    "            endpoint: http://{target}/effects\n            body: ${{ . }}\n    catch:\n      retry:\n"
    "        delay:\n          milliseconds: 200\n        limit:\n          attempt:\n            count: 50"
)
NAP = "- nap:\n    wait:\n      seconds: 2\n- after:\n    set:\n      done: true"


@dataclass
class Load:
    """Starts runs and posts events until it is told to stop; notes down what was accepted."""

    tenant: Tenant
    accepted: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    def begin(self) -> None:
        for lane in range(LANES):
            thread = threading.Thread(target=self._run, args=(lane,), name=f"load {lane}")
            self.threads.append(thread)
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(BACK_SECONDS + 10)
            assert not thread.is_alive()

    def wait_for_more(self, runs: int) -> None:
        """Until so many more runs have been accepted, so that there is something to lose."""
        wanted = len(self.accepted) + runs
        deadline = time.monotonic() + BACK_SECONDS
        while len(self.accepted) < wanted and not self.faults:
            assert time.monotonic() < deadline, "the load does not go on"
            time.sleep(0.02)

    def _run(self, lane: int) -> None:
        turn = lane
        try:
            while not self.stop.is_set():
                self._start(("steps", "call", "nap")[turn % 3], turn)
                self._post(turn)
                turn += LANES
                self.stop.wait(0.05)
        except BaseException as fault:
            self.faults.append(fault)

    def _start(self, name: str, turn: int) -> None:
        key = uuid.uuid4().hex
        answer = self._until_answered(
            f"/v1/workflows/test/{name}/runs", {"n": turn}, {"idempotency-key": key}
        )
        if answer is not None:
            assert answer.status_code == 201, answer.text
            self.accepted.append(answer.json()["id"])

    def _post(self, turn: int) -> None:
        body = event("test.kill", {"turn": turn}, event_id=f"kill-{turn}")
        if self._until_answered("/v1/events", body, {}) is not None:
            self.events.append(turn)

    def _until_answered(self, path: str, body: object, headers: dict[str, str]) -> httpx.Response | None:
        """As a careful client does: the same request again, until it is known what became of it."""
        deadline = time.monotonic() + BACK_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self.tenant.http.post(path, json=body, headers=headers, timeout=5)
            except httpx.HTTPError:
                time.sleep(0.2)
                continue
            if answer.status_code < 500:
                return answer
            time.sleep(0.2)
        return None


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with running_target() as running:
        yield running


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, target: Target) -> Iterator[System]:
    folder: Path = tmp_path_factory.mktemp("kills")
    with running_system(folder / "data", {"TIDEWIRE_EGRESS_ALLOW": target.host}) as running:
        yield running


def wait_replaced(system: System, instance: str, kind: str, killed: int) -> None:
    """Until another process does what the killed one did."""
    deadline = time.monotonic() + BACK_SECONDS
    while not (now := {process.pid for process in processes(instance, kind)}) or killed in now:
        assert time.monotonic() < deadline, f"{kind} is not back after {BACK_SECONDS} s:\n{system.tail()}"
        time.sleep(0.05)


def wait_working(system: System, tenant: Tenant) -> None:
    """Until a run completes again."""
    began = time.monotonic()
    while time.monotonic() - began < BACK_SECONDS:
        try:
            answer = tenant.http.post("/v1/workflows/test/steps/runs", params={"wait": 5}, json={"n": 0}, timeout=10)
            if answer.status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"nothing completes after {BACK_SECONDS} s:\n{system.tail()}")


def test_killing_each_process_loses_and_doubles_nothing(system: System, target: Target) -> None:
    tenant = sign_up(system.url)
    for name, body in (("steps", STEPS), ("call", CALL.format(target=target.host)), ("nap", NAP)):
        assert tenant.put_workflow(workflow(name, body)).status_code == 201
    work = Load(tenant)
    work.begin()
    recovered: dict[str, float] = {}
    instance = load(system.data).instance
    try:
        for kind in KINDS:
            work.wait_for_more(8)
            replicas = processes(instance, "api")
            began = time.monotonic()
            wait_replaced(system, instance, kind, kill(instance, kind))
            if kind in WHOLE_RAY:
                wait_replaced(system, instance, "api", replicas[0].pid)
            wait_working(system, tenant)
            recovered[kind] = time.monotonic() - began
    finally:
        work.end()
    print({kind: round(seconds, 1) for kind, seconds in recovered.items()}, len(work.accepted), "runs")
    assert work.faults == []
    assert len(work.accepted) >= 8 * len(KINDS)
    for run_id in work.accepted:
        tenant.wait_ended(run_id, BACK_SECONDS)
    asyncio.run(_examine(system, tenant, work, target))
    tenant.http.close()


async def _examine(system: System, tenant: Tenant, work: Load, target: Target) -> None:
    runtime = load(system.data)
    scope = UUID(tenant.id)
    connection = await asyncpg.connect(runtime.dsn("postgres"))
    try:
        runs = await connection.fetch("SELECT * FROM runs WHERE tenant_id = $1", scope)
        journal = await connection.fetch("SELECT * FROM journal WHERE tenant_id = $1", scope)
        posted = await connection.fetchval(
            "SELECT count(*) FROM events WHERE tenant_id = $1 AND type = 'test.kill'", scope
        )
    finally:
        await connection.close()
    evidence = Evidence(
        runs=[dict(row) for row in runs], journal=[dict(row) for row in journal], accepted=work.accepted,
        target_effects=dict(target.effects),
    )  # fmt: skip
    assert violations(evidence) == []
    assert posted >= len(set(work.events))
    calls = sum(1 for row in runs if row["name"] == "call" and row["status"] == "completed")
    assert len(target.effects) >= calls > 0
    await _metrics_equal_the_recount(runtime.dsn("tidewire_engine"), scope, len(runs), posted)


async def _metrics_equal_the_recount(dsn: str, tenant: UUID, runs: int, posted: int) -> None:
    database = Database(dsn, application="tests")
    await database.open()
    end = datetime.now(UTC) + timedelta(minutes=1)
    start = end - timedelta(hours=2)
    try:
        deadline = time.monotonic() + 60
        for metric, wanted in (("runs", runs), ("events", posted)):
            while True:
                async with database.read([tenant]) as conn:
                    counted = await recount(conn, TenantScope(tenant), metric, start, end, 60)
                    points = await conn.fetch(
                        "SELECT dimensions, start, count FROM metric_points "
                        "WHERE tenant_id = $1 AND metric = $2 AND step = 60", tenant, metric,
                    )  # fmt: skip
                truth = sum(cell.count for cells in counted.values() for cell in cells.values())
                shown = sum(row["count"] for row in points)
                if truth == shown and truth >= wanted:
                    break
                assert time.monotonic() < deadline, f"{metric}: shown {shown}, recount {truth}, expected {wanted}"
                await asyncio.sleep(0.5)
    finally:
        await database.close()
