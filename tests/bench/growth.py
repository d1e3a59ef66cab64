"""A database that has seen much: finished runs with their journals, copied from a real one."""

from __future__ import annotations

import asyncpg

from tests.bench.shard import Bench
from tests.servers.postgres import PostgresServer

_PART = 100_000
_IDS = """
    CREATE TEMPORARY TABLE new_runs AS
    SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
            || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid AS id
    FROM (SELECT n, now() - interval '50 days' * (n::float8 / $1) AS at
          FROM generate_series($2::bigint, $3::bigint) AS n)
"""
_RUNS = """
    INSERT INTO runs (tenant_id, id, shard, namespace, name, version, status, cause, input, output, last_seq,
                      created_at, started_at, ended_at)
    SELECT tenant_id, new_runs.id, shard, namespace, name, version, status, cause, input, output, last_seq,
           created_at, started_at, ended_at
    FROM runs, new_runs WHERE runs.id = $1
"""
_JOURNAL = """
    INSERT INTO journal (tenant_id, run_id, seq, type, task, path, at, epoch, data)
    SELECT tenant_id, new_runs.id, seq, type, task, path, at, epoch, data
    FROM journal, new_runs WHERE run_id = $1
"""


async def fill(server: PostgresServer, bench: Bench, finished: int) -> None:
    """Adds `finished` completed runs of the last 50 days, with journals, and lets PostgreSQL look at what it has."""
    wake = (await bench.accept(1))[0]
    bench.shard.wake("bench", [wake], {wake.run_id})
    await bench.shard.ends("bench", 10)
    async with bench.engine.read() as conn:
        database = await conn.fetchval("SELECT current_database()")
    owner = await asyncpg.connect(server.dsn(database))
    try:
        await owner.execute("SELECT ensure_journal_partitions(now() - interval '60 days', 3)")
        for first in range(1, finished + 1, _PART):
            last = min(first + _PART - 1, finished)
            async with owner.transaction():
                await owner.execute(_literal(_IDS, finished, first, last))
                await owner.execute(_RUNS, wake.run_id)
                await owner.execute(_JOURNAL, wake.run_id)
                await owner.execute("DROP TABLE new_runs")
        await owner.execute("VACUUM ANALYZE runs")
        await owner.execute("VACUUM ANALYZE journal")
        await owner.execute("CHECKPOINT")
    finally:
        await owner.close()


def _literal(sql: str, *values: int) -> str:
    """CREATE TABLE AS takes no parameters; these are our own numbers."""
    for place, value in enumerate(values, 1):
        sql = sql.replace(f"${place}", str(int(value)))
    return sql
