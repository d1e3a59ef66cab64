"""How long a quiet tenant's run takes while another tenant has 100,000 runs waiting, beside the same alone.

`python -m tests.bench.fair_share [COUNT]`: one shard in this process over a real PostgreSQL.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from dataclasses import replace

import asyncpg

from models.domain.clock import SystemClock
from models.domain.ids import uuid7
from tests.bench.shard import STEPS, Bench, opened_bench
from tests.servers.postgres import PostgresServer, running_postgres
from tests.storage_kit import new_account, new_version, opened

_PROBES = 200


async def _queue(bench: Bench, server: PostgresServer, count: int) -> None:
    """Runs of another tenant of the same shard, durable and waiting."""
    async with bench.engine.read() as conn:
        name = await conn.fetchval("SELECT current_database()")
        shard = await conn.fetchval("SELECT shard FROM tenants WHERE id = $1", bench.tenant)
    async with opened(server, name) as api:
        account, session = new_account()
        account = replace(account, shard=shard)
        await api.identity.register(account, session)
        version = replace(new_version(), definition=STEPS)
        await api.workflows.put(account.tenant_id, version, account.user_id, SystemClock().now())
    for _ in range(0, count, 5_000):
        ids = [uuid7() for _ in range(5_000)]
        async with bench.engine.unit_of_work() as conn:
            await conn.execute(
                "INSERT INTO runs (tenant_id, id, shard, namespace, name, version, cause, input, created_at) "
                "SELECT $1, i, $2, 'ops', 'flow', '1.0.0', '{}', '{\"value\": 1}', now() - interval '5 seconds' "
                "FROM unnest($3::uuid[]) AS i",
                account.tenant_id, shard, ids,
            )  # fmt: skip


async def measure(server: PostgresServer, count: int) -> None:
    """Prints p50 and p95 of both, in milliseconds."""
    async with opened_bench(server) as bench:
        alone = await bench.alone(_PROBES)
        await _queue(bench, server, count)
        async with bench.engine.read() as conn:
            name = await conn.fetchval("SELECT current_database()")
        # As autovacuum does within a minute: plans made for the empty table of a new database are not what is measured.
        owner = await asyncpg.connect(server.dsn(name))
        await owner.execute("ANALYZE runs")
        await owner.close()
        await asyncio.sleep(2)
        beside = await bench.alone(_PROBES)
        async with bench.engine.read() as conn:
            left = await conn.fetchval("SELECT count(*) FROM runs WHERE ended_at IS NULL")
        for title, taken in (("alone", alone), (f"beside {count:,} (still waiting: {left:,})", beside)):
            p95 = taken[int(len(taken) * 0.95)]
            print(f"{title}: p50 {statistics.median(taken):.1f} ms, p95 {p95:.1f} ms")


def main() -> None:
    """Measures once."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with running_postgres() as server:
        asyncio.run(measure(server, count))


if __name__ == "__main__":
    main()
