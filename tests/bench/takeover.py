"""From kill -9 of a shard's process to the next step of its runs: `python -m tests.bench.takeover [OPEN ...]`.

The runs tick (a short wait, then a step, again and again), so that each always has a next step. It is late from the
kill on, or from when it was due if that was later.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from cluster.runtime import Runtime, load
from tests.bench.rounds import SideFailed
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


def lateness(system: System, opened: int, period: int) -> tuple[list[float], int]:
    """Seconds that the next step of each run of the killed process was late, sorted, and how many it had."""
    runtime = load(system.data)
    tenants = [sign_up(system.url) for _ in range(_TENANTS)]
    for tenant in tenants:
        if tenant.put_workflow(workflow("tick", _TICK % period)).status_code != 201:
            raise SideFailed("the workflow was refused")
    _start(tenants, opened)
    return asyncio.run(_killed(runtime, opened))


def _start(tenants: Sequence[Tenant], count: int) -> None:
    def some(tenant: Tenant) -> None:
        for _ in range(count // len(tenants)):
            answer = tenant.start("test/tick")
            if answer.status_code != 201:
                raise SideFailed(answer.text)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(some, tenants))


async def _killed(runtime: Runtime, opened: int) -> tuple[list[float], int]:
    connection = await asyncpg.connect(runtime.dsn("postgres"))
    try:
        await _until_all_tick(connection, opened)
        before = await _owners(connection)
        due = {row["id"]: row["wake_at"] for row in await connection.fetch(_DUE)}
        killed = datetime.now(UTC)
        kill(runtime.instance, "shard")
        await asyncio.sleep(_LOOK_SECONDS)
        after = await _owners(connection)
        lost = [shard for shard, owner in before.items() if after[shard] != owner]
        rows = await connection.fetch(_NEXT, killed, lost)
    finally:
        await connection.close()
    late = [row["at"] - max(killed, due.get(row["id"], killed)) for row in rows if row["at"] is not None]
    return sorted(one.total_seconds() for one in late), len(rows)


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


def main() -> None:
    """Prints p50, p99 and the last, for each number of open runs."""
    counts = [int(word) for word in sys.argv[1:]] or [100, 10_000]
    for opened in counts:
        period = 1 if opened <= 1000 else 10
        with tempfile.TemporaryDirectory() as folder, running_system(Path(folder) / "data") as system:
            late, runs = lateness(system, opened, period)
        p50, p99 = late[len(late) // 2], late[int(len(late) * 0.99)]
        sys.stdout.write(
            f"{opened} open runs that step every {period} s; the killed process had {runs}, {len(late)} stepped again: "
            f"p50 {p50:.2f} s, p99 {p99:.2f} s, last {late[-1]:.2f} s\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
