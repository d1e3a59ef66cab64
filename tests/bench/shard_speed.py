"""How fast one shard is by itself: `python -m tests.bench.shard_speed [RUNS]`. No Ray, no HTTP, a real PostgreSQL.

Prints runs a second of a workflow of three tasks, from durable acceptance to the durable end, with 100 in flight and in
batches, and the latency of one run alone.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import uvloop

from actors.step_runner import StepRunner
from actors.workflow_shard import ShardPorts, WorkflowShard
from cluster.adapters import actors as adapters
from models.domain.clock import SystemClock
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Wake
from storage import acceptance
from storage.postgres import Database
from tests.servers.postgres import PostgresServer, running_postgres
from tests.storage_kit import new_account, new_version, opened

STEPS = {
    "document": {"dsl": "1.0.3", "namespace": "ops", "name": "flow", "version": "1.0.0"},
    "do": [{name: {"set": {"value": "${ .value + 1 }"}}} for name in ("first", "second", "third")],
}


@dataclass
class Bench:
    """A started shard with a tenant and a workflow."""

    shard: WorkflowShard
    engine: Database
    tenant: UUID
    accepted: float = 0.0

    async def accept(self, count: int) -> list[Wake]:
        """Durable runs, in one transaction."""
        began = time.perf_counter()
        now = SystemClock().now()
        asked = [
            acceptance.Request(self.tenant, uuid7(), "ops", "flow", None, {"value": 1}, {"kind": "api"}, now)
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

    async def run(self, count: int) -> None:
        """Accepts so many at once and waits for all of their ends."""
        wakes = await self.accept(count)
        awaited = {wake.run_id for wake in wakes}
        self.shard.wake("bench", wakes, awaited)
        while awaited:
            for end in await self.shard.ends("bench", 10):
                assert end.output == {"value": 4}, end
                awaited.discard(end.run_id)


@asynccontextmanager
async def started(dsn: str) -> AsyncIterator[tuple[WorkflowShard, Database]]:
    """A shard with all leases."""
    limits, clock = Limits(), SystemClock()
    database = Database(dsn, application="bench", max_size=6)
    await database.open()
    ports = ShardPorts(
        adapters.ShardJournal(database, clock, limits), adapters.ShardLeases(database),
        adapters.ShardDefinitions(database), adapters.ShardTriggers(database), adapters.ShardHousekeeping(database),
        StepRunner({}, clock, limits), clock, limits,
    )  # fmt: skip
    shard = WorkflowShard("bench#1", ports)
    shard.start()
    while len(shard.leases.epochs) < 64:
        await shard.beat()
    try:
        yield shard, database
    finally:
        await shard.stop()
        await database.close()


async def measure(server: PostgresServer, count: int) -> None:
    """Prints the figures."""
    name = await server.create_database()
    async with opened(server, name) as api:
        account, session = new_account()
        await api.identity.register(account, session)
        version = replace(new_version(), definition=STEPS)
        await api.workflows.put(account.tenant_id, version, account.user_id, SystemClock().now())
        async with started(server.dsn(name, "tidewire_engine")) as (shard, database):
            bench = Bench(shard, database, account.tenant_id)
            await bench.run(200)
            await _alone(bench)
            await _batches(bench, count, 100)
            await _batches(bench, count, 1000)
            print(f"commits {shard.committer.commits}, entries {shard.committer.entries}")


async def _alone(bench: Bench) -> None:
    taken = []
    for _ in range(200):
        began = time.perf_counter()
        await bench.run(1)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    print(f"one run alone, accepted to ended: p50 {statistics.median(taken):.2f} ms, p99 {taken[-3]:.2f} ms")


async def _batches(bench: Bench, count: int, size: int) -> None:
    bench.accepted, began, cpu = 0.0, time.perf_counter(), time.process_time()
    for _ in range(count // size):
        await bench.run(size)
    seconds = time.perf_counter() - began
    print(
        f"in batches of {size}: {count / seconds:,.0f} runs/s; accepting took {bench.accepted:.2f} s of {seconds:.2f}, "
        f"this process {(time.process_time() - cpu) / count * 1e6:.0f} us a run"
    )


if __name__ == "__main__":
    with running_postgres() as running, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(running, int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
