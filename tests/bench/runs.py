"""Three-step runs a second over HTTP, accepted durably to completed, beside DBOS on the same PostgreSQL."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import asyncpg

from cluster.runtime import load
from tests.bench.load import burst
from tests.bench.rounds import Row, Side, SideFailed, compare
from tests.e2e.client import Tenant, sign_up, workflow
from tests.servers.system import System

_IN_FLIGHT = 100
_STEPS = (
    "- one:\n    set:\n      n: ${ .n }\n- two:\n    set:\n      n: ${ .n }\n- three:\n    set:\n      n: ${ .n }"
)


def row(system: System, rounds: int, seconds: int, dbos_count: int) -> Row:
    """Both sides check that each run ended with the right result."""
    tenant = sign_up(system.url)
    stored = tenant.put_workflow(workflow("three", _STEPS))
    if stored.status_code != 201:
        raise SideFailed(stored.text)
    runtime = load(system.data)
    dsn = asyncio.run(_database(runtime.dsn("postgres", "postgres"), runtime.dsn("postgres", "dbos")))

    def ours() -> float:
        before = _completed(system, tenant)
        found = burst(
            f"{system.url}/v1/workflows/test/three/runs?wait=30", connections=_IN_FLIGHT, seconds=seconds,
            headers={"authorization": tenant.http.headers["authorization"], "content-type": "application/json"},
            body='{"n": 1}',
        )  # fmt: skip
        done = _completed(system, tenant) - before
        if done < found.requests:
            raise SideFailed(f"{found.requests} answers, but {done} completed runs")
        return found.per_second

    def theirs() -> float:
        done = subprocess.run([sys.executable, "-m", "tests.bench.dbos_peer", dsn, str(dbos_count)],
                              capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
        if done.returncode:
            raise SideFailed(f"DBOS failed:\n{done.stderr[-2000:]}")
        return float(done.stdout)

    return compare(f"3-step runs, {_IN_FLIGHT} in flight", "runs/s", Side("Tidewire over HTTP", ours),
                   Side("DBOS, one process", theirs), rounds)  # fmt: skip


def _completed(system: System, tenant: Tenant) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(load(system.data).dsn("postgres"))
        try:
            found = await connection.fetchval(
                "SELECT count(*) FROM runs WHERE tenant_id = $1::uuid AND status = 'completed'", tenant.id
            )
            return int(found)
        finally:
            await connection.close()

    return asyncio.run(count())


async def _database(owner: str, dsn: str) -> str:
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute("CREATE DATABASE dbos")
    finally:
        await connection.close()
    return dsn
