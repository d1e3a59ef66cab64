"""What tenants that do nothing cost: `python -m tests.bench.tenants [TENANTS]`.

Each signs up, stores a workflow, completes a run and falls quiet. The memory is the sum of PSS of all processes.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from cluster.adapters.api import ApiIdentity, ApiWorkflows
from cluster.runtime import Runtime, load
from models.domain.clock import SystemClock
from models.domain.identity import Principal
from serve.auth.tokens import TokenKeys, issue
from storage.postgres import Database
from tests.bench.rounds import Figure, SideFailed
from tests.bench.shard import STEPS
from tests.chaos.processes import of_instance
from tests.servers.system import System, running_system
from tests.storage_kit import new_account, new_version

_TOGETHER = 8
_QUIET_SECONDS = 90


def memory(system: System, runtime: Runtime) -> float:
    """Megabytes of the instance, its supervisor included."""
    total = psutil.Process(system.process.pid).memory_full_info().pss
    for process in of_instance(runtime.instance):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e6


async def fill(system: System, runtime: Runtime, count: int) -> None:
    """So many tenants with a completed run each."""
    keys, clock = TokenKeys.from_json(runtime.secrets.token_keys), SystemClock()
    database = Database(runtime.dsn("tidewire_app"), application="bench", max_size=8)
    await database.open()
    identity, workflows = ApiIdentity(database, clock), ApiWorkflows(database)
    slots = asyncio.Semaphore(_TOGETHER)

    async def one(http: httpx.AsyncClient) -> None:
        async with slots:
            account, session = new_account()
            session = replace(session, refresh_expires_at=datetime(2099, 1, 1, tzinfo=UTC))
            await identity.register(account, session)
            await workflows.put(
                account.tenant_id, replace(new_version(), definition=STEPS), account.user_id, clock.now()
            )
            principal = Principal(account.user_id, account.tenant_id, "owner", session.id)
            token = issue(keys, principal, clock.now(), 600, "tidewire-api")
            answer = await http.post(
                "/v1/workflows/ops/flow/runs", params={"wait": 30}, json={"value": 1},
                headers={"authorization": f"Bearer {token}"},
            )  # fmt: skip
            if answer.status_code != 200 or answer.json()["output"] != {"value": 4}:
                raise SideFailed(answer.text)

    try:
        async with httpx.AsyncClient(base_url=system.url, timeout=60, trust_env=False) as http:
            await asyncio.gather(*(one(http) for _ in range(count)))
    finally:
        await database.close()


def measure(count: int = 2_000) -> Figure:
    """What one tenant adds."""
    with tempfile.TemporaryDirectory() as folder, running_system(Path(folder) / "data") as system:
        runtime = load(system.data)
        asyncio.run(fill(system, runtime, 200))
        time.sleep(_QUIET_SECONDS)
        before = memory(system, runtime)
        asyncio.run(fill(system, runtime, count))
        time.sleep(_QUIET_SECONDS)
        after = memory(system, runtime)
    sys.stderr.write(f"{before:,.0f} MB before, {after:,.0f} MB after\n")
    title = f"memory of an idle tenant with a finished run, of {count:,}"
    return Figure(title, "kB", ((after - before) * 1000 / count,), "<= 50")


def main() -> None:
    """Only this row."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    sys.stdout.write(" | ".join(measure(count).cells()) + "\n")


if __name__ == "__main__":
    main()
