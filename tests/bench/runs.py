"""Three-step runs a second over HTTP, accepted durably to completed, beside DBOS on the same PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

import asyncpg

from cluster import runtime as instance
from tests.bench.dbos import Dbos
from tests.bench.load import Load, burst
from tests.bench.rounds import Row, Side, SideFailed, compare
from tests.e2e.client import Tenant, sign_up, workflow
from tests.servers.system import System

_IN_FLIGHT = 100
_STEPS = (
    "- one:\n    set:\n      n: ${ .n }\n- two:\n    set:\n      n: ${ .n }\n- three:\n    set:\n      n: ${ .n }"
)


def rows(system: System, rounds: int, seconds: int, dbos_count: int) -> Iterator[Row]:
    """Many at once, then one at a time; both sides check that each run ended with the right result."""
    tenant = sign_up(system.url)
    stored = tenant.put_workflow(workflow("three", _STEPS))
    if stored.status_code != 201:
        raise SideFailed(stored.text)
    runtime = instance.load(system.data)
    peer = Dbos(asyncio.run(_database(runtime.dsn("postgres", "postgres"), runtime.dsn("postgres", "dbos"))))

    def load(connections: int) -> Load:
        before = _completed(system, tenant)
        found = burst(
            f"{system.url}/v1/workflows/test/three/runs?wait=30", connections=connections, seconds=seconds,
            headers={"authorization": tenant.http.headers["authorization"], "content-type": "application/json"},
            body='{"n": 1}',
        )  # fmt: skip
        done = _completed(system, tenant) - before
        if done < found.requests:
            raise SideFailed(f"{found.requests} answers, but {done} completed runs")
        return found

    yield compare(
        f"3-step runs, {_IN_FLIGHT} in flight", "runs/s",
        Side("Tidewire over HTTP", lambda: load(_IN_FLIGHT).per_second),
        Side("DBOS, one process", lambda: peer.rate(dbos_count)), rounds,
    )  # fmt: skip
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        yield compare(
            f"a 3-step run alone over HTTP, {name}", "ms",
            Side("Tidewire over HTTP", lambda name=name: getattr(load(1), name)),  # type: ignore[misc]
            Side("DBOS, in its process", partial(peer.alone, 200, share)), rounds, higher_is_better=False,
        )  # fmt: skip


def _completed(system: System, tenant: Tenant) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(instance.load(system.data).dsn("postgres"))
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
