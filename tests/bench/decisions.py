"""How long a permission decision takes: `python -m tests.bench.decisions`.

A tenant with 1,000 roles of its own and 10,000 grants over 1,000 members, in a real PostgreSQL. Cached: the caller was
seen before, as at every request but the first after a change. Cold: rights are read, worked out and decided by.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import quantiles
from uuid import UUID

from cluster.adapters.api_access import ApiAccess
from models.domain.authorization import Effect, Grant, Resource, Rights, decide, role_permissions
from models.domain.clock import SystemClock
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve.auth.access_directory import AccessDirectory
from serve.auth.admission import Admission
from serve.auth.gate import Gate
from serve.auth.keyring import Keyring
from serve.auth.tokens import TokenKeys, generate_keys, issue
from storage import identity
from storage.postgres import Database
from tests.servers.postgres import PostgresServer, running_postgres

ROLES, GRANTS, MEMBERS = 1_000, 10_000, 1_000
CACHED_LIMIT, COLD_LIMIT = 20.0, 1_000.0
PLACE = Resource("workflow", "ops/flow-7")


async def fill(database: Database, tenant: UUID) -> list[UUID]:
    """The members of the tenant."""
    members = [uuid7() for _ in range(MEMBERS)]
    async with database.unit_of_work([tenant]) as conn:
        await identity.add_tenant(conn, tenant, f"t-{tenant.hex[-12:]}", "Tenant", 0)
        await conn.execute(
            "INSERT INTO users (id, email) SELECT m, m || '@example.com' FROM unnest($1::uuid[]) AS m", members
        )
        await conn.execute(
            "INSERT INTO roles SELECT $1, 'role-' || n, '', $3, now(), now() FROM generate_series(0, $2 - 1) AS n",
            tenant, ROLES, ["run:*", "workflow:read"],
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO memberships (tenant_id, user_id, role) SELECT $1, m, 'role-' || (n - 1) % $3 "
            "FROM unnest($2::uuid[]) WITH ORDINALITY AS u (m, n)",
            tenant, members, ROLES,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO grants SELECT $1, gen_random_uuid(), 'user', ($2::uuid[])[1 + n % $3]::text, "
            "(ARRAY['allow', 'deny'])[1 + n % 2], (ARRAY['run:start', 'workflow:write', 'run:read'])[1 + n % 3], "
            "'workflow', 'ops/flow-' || n, now(), $1 FROM generate_series(0, $4 - 1) AS n",
            tenant, members, MEMBERS, GRANTS,
        )  # fmt: skip
        await conn.execute("ANALYZE grants")
    return members


async def microseconds(times: int, call: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """Median and 99th of 100."""
    spent = []
    for n in range(times):
        begun = time.perf_counter()
        await call(n)
        spent.append((time.perf_counter() - begun) * 1e6)
    cut = quantiles(spent, n=100)
    return cut[49], cut[98]


async def measure(server: PostgresServer) -> dict[str, tuple[float, float]]:
    """Microseconds by what was done."""
    database = Database(server.dsn(await server.create_database(), "tidewire_app"), application="bench", max_size=4)
    await database.open()
    tenant, clock, limits = uuid7(), SystemClock(), Limits()
    members = await fill(database, tenant)
    keys = TokenKeys.from_json(generate_keys())
    access = ApiAccess(database)
    directory = AccessDirectory(access, clock, limits)
    admission = Admission(Gate(keys, clock), Keyring(access, clock, limits), directory)
    principals = [Principal(one, tenant, "", uuid7()) for one in members]
    token = "Bearer " + issue(keys, principals[0], clock.now(), 900, "tidewire-api")

    async def cold(n: int) -> None:
        entry = await directory.find(principals[n])
        decide(entry.rights, "run:start", PLACE)

    async def admitted(_: int) -> None:
        caller = await admission.admit(token)
        decide(caller.rights, "run:start", PLACE)

    rights = (await directory.find(principals[0])).rights
    await cold(1)
    many = [Grant(uuid7(), "user", "u", Effect.ALLOW, "run:start", "workflow", f"ops/f-{n}") for n in range(GRANTS)]
    heavy = Rights("viewer", role_permissions("viewer"), many)

    async def decided(_: int) -> None:
        decide(rights, "run:start", PLACE)

    async def worked_out(_: int) -> None:
        decide(Rights("viewer", heavy.permissions, many), "run:start", PLACE)

    async def with_all(_: int) -> None:
        decide(heavy, "run:start", PLACE)

    found = {
        "cached: decision": await microseconds(20_000, decided),
        "cached: decision with 10,000 grants of one subject": await microseconds(20_000, with_all),
        "cached: token, rights and decision": await microseconds(20_000, admitted),
        "cold: read, worked out and decided": await microseconds(900, lambda n: cold(n + 50)),
        "worked out of 10,000 grants of one subject": await microseconds(100, worked_out),
    }
    await database.close()
    return found


def main() -> None:
    """Prints the table; fails when a limit is missed."""
    with running_postgres() as server:
        found = asyncio.run(measure(server))
    for name, (median, late) in found.items():
        print(f"{name:55} median {median:9.2f} us   p99 {late:9.2f} us")
    cached, cold = found["cached: token, rights and decision"], found["cold: read, worked out and decided"]
    if cached[0] > CACHED_LIMIT or cold[0] > COLD_LIMIT:
        raise SystemExit("A decision takes longer than it may.")


if __name__ == "__main__":
    main()
