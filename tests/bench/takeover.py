"""From kill -9 of a shard's process to the next step of its runs: `python -m tests.bench.takeover [ROUNDS [OPEN ...]]`.

The runs tick (a short wait, then a step, again and again), so that each always has a next step. It is late from the
kill on, or from when it was due if that was later.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from cluster.runtime import Runtime, load
from tests.bench.rounds import Figure, SideFailed
from tests.chaos.processes import kill
from tests.e2e.client import Tenant, sign_up, workflow
from tests.servers.system import System, running_system

_TICK = "- tick:\n    for:\n      in: ${ [range(10000)] }\n    do:\n    - nap:\n        wait:\n          seconds: %d\n"
_LOOK_SECONDS = 30
_TENANTS = 20

_NEXT = """
    SELECT r.id, (SELECT min(at) FROM journal j WHERE j.tenant_id = r.tenant_id AND j.run_id = r.id AND at > $1) AS at
    FROM runs r WHERE r.shard = ANY($2::smallint[])
"""
_DUE = "SELECT id, wake_at FROM runs WHERE wake_at IS NOT NULL"


def lateness(system: System, opened: int, period: int, rounds: int) -> Iterator[list[float]]:
    """For each time that a process is killed: seconds that the next step of each of its runs was late, sorted."""
    runtime = load(system.data)
    tenants = [sign_up(system.url) for _ in range(_TENANTS)]
    for tenant in tenants:
        if tenant.put_workflow(workflow("tick", _TICK % period)).status_code != 201:
            raise SideFailed("the workflow was refused")
    _start(tenants, opened)
    for _ in range(rounds):
        yield asyncio.run(_killed(runtime, opened))


def _start(tenants: Sequence[Tenant], count: int) -> None:
    def some(tenant: Tenant) -> None:
        for _ in range(count // len(tenants)):
            answer = tenant.start("test/tick")
            if answer.status_code != 201:
                raise SideFailed(answer.text)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(some, tenants))


async def _killed(runtime: Runtime, opened: int) -> list[float]:
    connection = await asyncpg.connect(runtime.dsn("postgres"))
    try:
        await _until_all_tick(connection, opened)
        before = await _owners(connection)
        kill(runtime.instance, "shard")
        killed = datetime.now(UTC)
        # Read when the killed process cannot change it any more: its runs are those that count.
        due = {row["id"]: row["wake_at"] for row in await connection.fetch(_DUE)}
        await asyncio.sleep(_LOOK_SECONDS)
        after = await _owners(connection)
        lost = [shard for shard, owner in before.items() if after[shard] != owner]
        rows = await connection.fetch(_NEXT, killed, lost)
    finally:
        await connection.close()
    late = [row["at"] - max(killed, due.get(row["id"], killed)) for row in rows if row["at"] is not None]
    if len(late) < len(rows) * 0.99:
        raise SideFailed(f"only {len(late)} of {len(rows)} runs took another step")
    return sorted(one.total_seconds() for one in late)


async def _until_all_tick(connection: asyncpg.Connection[asyncpg.Record], opened: int) -> None:
    for _ in range(600):
        ticking = await connection.fetchval("SELECT count(*) FROM runs WHERE status = 'waiting'")
        if ticking >= opened * 0.95:
            return
        await asyncio.sleep(0.2)
    raise SideFailed(f"only {ticking} of {opened} runs tick")


async def _owners(connection: asyncpg.Connection[asyncpg.Record]) -> dict[int, str]:
    rows = await connection.fetch("SELECT shard, owner FROM shard_epoch")
    return {row["shard"]: row["owner"] for row in rows}


def measure(rounds: int, counts: Sequence[int] = (100, 10_000)) -> Iterator[Figure]:
    """The p99 of each round, for each number of open runs."""
    for opened in counts:
        period, target = (1, "<= 2") if opened <= 1000 else (10, "<= 5")
        found = []
        with tempfile.TemporaryDirectory() as folder, running_system(Path(folder) / "data") as system:
            for late in lateness(system, opened, period, rounds):
                p50, p99 = late[len(late) // 2], late[int(len(late) * 0.99)]
                sys.stderr.write(f"{len(late)} runs: p50 {p50:.2f} s, p99 {p99:.2f} s, last {late[-1]:.2f} s\n")
                found.append(p99)
        what = f"from kill -9 of a shard's process to the next step of its runs, {opened:,} open that step every"
        yield Figure(f"{what} {period} s, p99", "s", tuple(found), target)


def main() -> None:
    """Only these rows."""
    rounds, *counts = [int(word) for word in sys.argv[1:]] or [1]
    for row in measure(rounds, counts or (100, 10_000)):
        sys.stdout.write(" | ".join(row.cells()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
