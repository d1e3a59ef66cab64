"""One shard in this process over a real PostgreSQL: no Ray, no HTTP. What the rows about the engine measure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from actors.ports import RunAppend
from actors.services import quiet_collector
from actors.step_runner import Kind, StepRunner
from actors.workflow_shard import ShardPorts, WorkflowShard
from cluster.adapters import actors as adapters
from models.domain.clock import SystemClock
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Wake
from storage import acceptance
from storage.postgres import Database
from tests.bench.rounds import SideFailed
from tests.servers.postgres import PostgresServer
from tests.storage_kit import new_account, new_version, opened

STEPS = {
    "document": {"dsl": "1.0.3", "namespace": "ops", "name": "flow", "version": "1.0.0"},
    "do": [{name: {"set": {"value": "${ .value + 1 }"}}} for name in ("first", "second", "third")],
}
CALLS = 10
DURABLE = {
    "document": {"dsl": "1.0.3", "namespace": "ops", "name": "calls", "version": "1.0.0"},
    "do": [
        {f"call{number}": {"call": "predict", "with": {"model": "none", "inputs": "${ . }"}}} for number in range(CALLS)
    ],
}
WORKFLOWS = {"flow": STEPS, "calls": DURABLE}


class Nothing:
    """A step that does nothing, at once."""

    async def perform(self, tenant_id: UUID, step: StartStep, seconds: float) -> Any:
        return {"value": 4}

    def is_safe(self, step: StartStep) -> bool:
        return False


class TimedJournal(adapters.ShardJournal):
    """Tells when the first entries of a run became durable."""

    def __init__(self, database: Database, clock: SystemClock, limits: Limits) -> None:
        super().__init__(database, clock, limits)
        self._waited: dict[UUID, asyncio.Future[float]] = {}

    def first_of(self, run_id: UUID) -> asyncio.Future[float]:
        """The moment by `time.perf_counter`; to be asked for before the run is woken."""
        return self._waited.setdefault(run_id, asyncio.get_running_loop().create_future())

    async def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        wakes = await super().append(batch)
        if self._waited:
            for item in batch:
                waited = self._waited.pop(item.run_id, None)
                if waited is not None:
                    waited.set_result(time.perf_counter())
        return wakes


@dataclass
class Bench:
    """A started shard with a tenant and its workflows; every run is checked to have ended rightly."""

    shard: WorkflowShard
    engine: Database
    journal: TimedJournal
    tenant: UUID
    name: str
    accepted: float = 0.0

    async def accept(self, count: int, name: str = "flow") -> list[Wake]:
        """Durable runs, in one transaction."""
        began, now = time.perf_counter(), SystemClock().now()
        asked = [
            acceptance.Request(self.tenant, uuid7(), "ops", name, None, {"value": 1}, {"kind": "api"}, now)
            for _ in range(count)
        ]
        async with self.engine.unit_of_work() as conn:
            answers = await acceptance.accept(conn, asked, timedelta(days=1))
        self.accepted += time.perf_counter() - began
        found = []
        for answer in answers:
            assert isinstance(answer, acceptance.Accepted)
            found.append(Wake(self.tenant, answer.run_id, answer.shard, answer.new))
        return found

    async def run(self, count: int, name: str = "flow") -> None:
        """Accepts so many at once and waits for all of their ends."""
        wakes = await self.accept(count, name)
        awaited = {wake.run_id for wake in wakes}
        self.shard.wake("bench", wakes, awaited)
        while awaited:
            ends = await self.shard.ends("bench", 10)
            if not ends:
                # A shard that has just taken over finds runs by itself, before anybody awaits them.
                awaited -= await self._completed(awaited)
                self.shard.wake("bench", [wake for wake in wakes if wake.run_id in awaited], awaited)
            for end in ends:
                if end.status != "completed" or end.output != {"value": 4}:
                    raise SideFailed(f"a run ended wrongly: {end}")
                awaited.discard(end.run_id)

    async def _completed(self, runs: Collection[UUID]) -> set[UUID]:
        async with self.engine.read() as conn:
            rows = await conn.fetch("SELECT id FROM runs WHERE id = ANY($1) AND status = 'completed'", list(runs))
        return {row["id"] for row in rows}

    async def batches(self, count: int, size: int) -> float:
        """Runs a second, accepted durably to ended durably, `size` at a time."""
        began = time.perf_counter()
        for _ in range(count // size):
            await self.run(size)
        return count / (time.perf_counter() - began)

    async def alone(self, count: int, name: str = "flow") -> list[float]:
        """Milliseconds of each of `count` runs, one after the other, sorted."""
        taken = []
        for _ in range(count):
            began = time.perf_counter()
            await self.run(1, name)
            taken.append((time.perf_counter() - began) * 1000)
        return sorted(taken)


@asynccontextmanager
async def opened_bench(server: PostgresServer) -> AsyncIterator[Bench]:
    """A warm shard on a database of its own."""
    name = await server.create_database()
    async with opened(server, name) as api:
        account, session = new_account()
        await api.identity.register(account, session)
        for workflow, definition in WORKFLOWS.items():
            version = replace(new_version(name=workflow), definition=definition)
            await api.workflows.put(account.tenant_id, version, account.user_id, SystemClock().now())
        async with _shard(server.dsn(name, "tidewire_engine")) as (shard, database, journal):
            bench = Bench(shard, database, journal, account.tenant_id, name)
            await bench.run(200)
            await bench.run(20, "calls")
            yield bench


@asynccontextmanager
async def _shard(dsn: str) -> AsyncIterator[tuple[WorkflowShard, Database, TimedJournal]]:
    limits, clock = Limits(), SystemClock()
    quiet_collector()
    database = Database(dsn, application="bench", max_size=6)
    await database.open()
    kinds: Mapping[StepKind, Kind] = {StepKind.PREDICT: Nothing()}
    journal = TimedJournal(database, clock, limits)
    ports = ShardPorts(
        journal, adapters.ShardLeases(database),
        adapters.ShardDefinitions(database), adapters.ShardTriggers(database), adapters.ShardHousekeeping(database),
        StepRunner(kinds, clock, limits), clock, limits,
    )  # fmt: skip
    shard = WorkflowShard("bench#1", ports)
    shard.start()
    while len(shard.leases.epochs) < 64:
        await shard.beat()
    try:
        yield shard, database, journal
    finally:
        await shard.stop()
        await database.close()
