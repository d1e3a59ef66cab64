"""How long a quiet tenant's run takes to start while another tenant enqueues 100,000, beside the same alone.

`python -m tests.bench.fair_share [ROUNDS [COUNT]]`: one shard in this process over a real PostgreSQL. A round has three
parts of 300 runs of the quiet tenant, at random moments 30 to 60 ms apart: alone, while a process enqueues for the loud
tenant, and when what it enqueued waits. The start delay of a run is from its acceptance to its first entries, both
durable.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import uvloop

from models.domain.clock import SystemClock
from models.domain.ids import uuid7
from models.domain.ports import Wake
from models.domain.runs import NewRun, WorkflowRef
from tests.bench.rounds import Row, SideFailed
from tests.bench.shard import STEPS, Bench, opened_bench
from tests.servers.postgres import PostgresServer, running_postgres
from tests.storage_kit import new_account, new_version, opened

_PROBES = 300
_PACE_SECONDS = (0.03, 0.06)
_PER_SECOND = 5_000
"""As much as several front doors accept. 300 probes take 14 seconds, so that 100,000 are under way for all of them."""


_PART = 5_000
_WAITING = """
    INSERT INTO runs (tenant_id, id, shard, namespace, name, version, cause, input, created_at)
    SELECT t.id, i, t.shard, 'ops', 'flow', '1.0.0', '{}', '{"value": 1}', $3
    FROM tenants t, unnest($2::uuid[]) AS i WHERE t.id = $1
"""


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds, sorted: to the first entries, and to the end."""

    start: Sequence[float]
    end: Sequence[float]

    @property
    def p95(self) -> float:
        return self.start[int(len(self.start) * 0.95)]

    def __str__(self) -> str:
        places = (0.5, 0.95, 0.99)
        start, end = ([one[int(len(one) * place)] for place in places] for one in (self.start, self.end))
        return "start p50/p95/p99 " + "/".join(f"{one:.2f}" for one in start) + " ms, end " + "/".join(
            f"{one:.2f}" for one in end
        ) + " ms"  # fmt: skip


async def probe(bench: Bench) -> Delays:
    """Runs of the quiet tenant, one now and then."""
    started, ended = [], []
    for _ in range(_PROBES):
        await asyncio.sleep(random.uniform(*_PACE_SECONDS))
        [wake] = await bench.accept(1)
        first = bench.journal.first_of(wake.run_id)
        accepted = time.perf_counter()
        bench.shard.wake("bench", [wake], {wake.run_id})
        [end] = await bench.shard.ends("bench", 30)
        ended.append((time.perf_counter() - accepted) * 1000)
        if end.status != "completed" or end.output != {"value": 4}:
            raise SideFailed(f"a run ended wrongly: {end}")
        started.append((await first - accepted) * 1000)
    return Delays(sorted(started), sorted(ended))


async def _loud(bench: Bench, server: PostgresServer) -> UUID:
    """Another tenant of the same shard."""
    async with bench.engine.read() as conn:
        shard = await conn.fetchval("SELECT shard FROM tenants WHERE id = $1", bench.tenant)
    async with opened(server, bench.name) as api:
        account, session = new_account()
        account = replace(account, shard=shard)
        await api.identity.register(account, session)
        version = replace(new_version(), definition=STEPS)
        await api.workflows.put(account.tenant_id, version, account.user_id, SystemClock().now())
    return account.tenant_id


@asynccontextmanager
async def _enqueuing(bench: Bench, server: PostgresServer, tenant: UUID, count: int) -> AsyncIterator[None]:
    dsn = server.dsn(bench.name, "tidewire_engine")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bulk_load", dsn, str(tenant), str(count), str(_PER_SECOND)
    )
    try:
        await _until_accepted(bench, tenant, 1)
        yield
        if await process.wait():
            raise SideFailed("the loud tenant could not enqueue")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _queue(bench: Bench, tenant: UUID, count: int) -> None:
    """So many waiting runs, at once; the shard is told of all of them."""
    ref, now = WorkflowRef("ops", "flow", "1.0.0"), SystemClock().now()
    async with bench.engine.read() as conn:
        shard = await conn.fetchval("SELECT shard FROM tenants WHERE id = $1", tenant)
    for _ in range(0, count, _PART):
        ids = [uuid7() for _ in range(_PART)]
        async with bench.engine.unit_of_work() as conn:
            await conn.execute(_WAITING, tenant, ids, now)
        bench.shard.wake(
            "loud", [Wake(tenant, one, shard, NewRun(tenant, one, ref, {"value": 1}, now, {})) for one in ids], ()
        )


async def _until_accepted(bench: Bench, tenant: UUID, count: int) -> None:
    for _ in range(600):
        if await _count(bench, tenant, "TRUE", count) >= count:
            return
        await asyncio.sleep(0.1)
    raise SideFailed("the loud tenant does not enqueue")


async def _count(bench: Bench, tenant: UUID, what: str, most: int = 10**9) -> int:
    async with bench.engine.read() as conn:
        found: int = await conn.fetchval(
            f"SELECT count(*) FROM (SELECT 1 FROM runs WHERE tenant_id = $1 AND {what} LIMIT $2) AS these", tenant, most
        )
    return found


async def _round(server: PostgresServer, count: int) -> tuple[Delays, Delays, Delays]:
    async with opened_bench(server) as bench:
        alone = await probe(bench)
        tenant = await _loud(bench, server)
        async with _enqueuing(bench, server, tenant, count):
            during = await probe(bench)
        await _queue(bench, tenant, count)
        ended = await _count(bench, tenant, "ended_at IS NOT NULL")
        began = time.perf_counter()
        waiting = await probe(bench)
        rate = (await _count(bench, tenant, "ended_at IS NOT NULL") - ended) / (time.perf_counter() - began)
        left = await _count(bench, tenant, "ended_at IS NULL")
        if not left:
            raise SideFailed("of the loud tenant's runs none were left to the end")
    sys.stderr.write(
        f"alone: {alone}\nwhile {count:,} are enqueued: {during}\nwhile they wait: {waiting}; the loud tenant's ran at "
        f"{rate:,.0f} a second, {left:,} were left\n"
    )
    return alone, during, waiting


def measure(server: PostgresServer, rounds: int, count: int = 100_000) -> Iterator[Row]:
    """The p95 of the start delay of each round, beside the loud tenant and alone."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = [runner.run(_round(server, count)) for _ in range(rounds)]
    alone = tuple(one[0].p95 for one in found)
    for place, when in ((1, f"while {count:,} of another are enqueued"), (2, "while they wait and run")):
        yield Row(
            f"start delay of a quiet tenant {when}, p95", "ms", tuple(one[place].p95 for one in found), alone,
            ("beside the loud tenant", "alone"), higher_is_better=False,
        )  # fmt: skip


def main() -> None:
    """Only these rows."""
    rounds, count = (int(word) for word in [*sys.argv[1:], *("1", "100000")[len(sys.argv) - 1 :]])
    with running_postgres() as server:
        for row in measure(server, rounds, count):
            sys.stdout.write(" | ".join(row.cells()) + "\n")


if __name__ == "__main__":
    main()
