"""Fair share over a real PostgreSQL: a quiet tenant's run is among the first, whatever another has waiting."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from models.domain.identity import TenantScope
from models.domain.ids import shard_of, uuid7
from serve import records as r
from storage import usage
from tests.integration.actors.kit import World, document, world
from tests.servers.postgres import PostgresServer
from tests.storage_kit import new_account

QUICK = {"quick": {"set": {"done": True}}}
MANY = 20_000


async def tenant_of_shard(w: World, shard: int) -> r.NewAccount:
    """A tenant with a workflow, all of whose runs are in this shard."""
    while True:
        account, session = new_account()
        if shard_of(account.tenant_id) == shard:
            break
    await w.api.identity.register(account, session)
    await w.put(account, document(QUICK))
    return account


async def queue(w: World, account: r.NewAccount, count: int, since: str = "1 minute") -> list[UUID]:
    """Accepted runs that nobody was told of, as after a crash."""
    ids = [uuid7() for _ in range(count)]
    async with w.database.unit_of_work() as conn:
        await conn.execute(
            "INSERT INTO runs (tenant_id, id, shard, namespace, name, version, cause, input, created_at) "
            "SELECT $1, i, $2, 'ops', 'flow', '1.0.0', '{}', '{}', now() - $4::text::interval "
            "FROM unnest($3::uuid[]) AS i",
            account.tenant_id, account.shard, ids, since,
        )  # fmt: skip
    return ids


async def started(w: World) -> list[dict[str, Any]]:
    return await w.rows("SELECT tenant_id, run_id FROM journal WHERE type = 'run.started' ORDER BY at, run_id")


async def test_a_quiet_tenant_starts_among_the_first_though_another_has_20_000_waiting(
    postgres: PostgresServer,
) -> None:
    async with world(postgres) as w:
        # The quiet one is the last in every order: by tenant, by run, by age.
        both = [await tenant_of_shard(w, 7) for _ in range(2)]
        loud, quiet = sorted(both, key=lambda account: account.tenant_id)
        await queue(w, loud, MANY)
        [run] = await queue(w, quiet, 1, since="30 seconds")
        async with w.api.app.read([quiet.tenant_id]) as conn:
            seen = await usage.queue(conn, TenantScope(quiet.tenant_id), 1_000)
        assert (seen.waiting, seen.held, seen.running, seen.tenants_waiting) == (1, 0, 0, 2)
        async with w.api.app.read([loud.tenant_id]) as conn:
            counted = await usage.queue(conn, TenantScope(loud.tenant_id), 5_000)
            stranger = await usage.queue(conn, TenantScope(quiet.tenant_id), 5_000)
        assert (counted.waiting, stranger.waiting, stranger.tenants_waiting) == (5_000, 0, 0)
        shard = w.shard()
        await w.until_row("SELECT ended_at IS NOT NULL FROM runs WHERE id = $1", run)
        order = [one["run_id"] for one in await started(w)]
        # It is in the first load, and of that the second whose turn it is.
        assert order.index(run) < 2 * shard._ports.limits.max_runs_per_load
        assert len(order) < MANY


async def test_every_one_of_many_tenants_is_found_beside_a_loud_one(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        loud = await tenant_of_shard(w, 9)
        await queue(w, loud, 6_000)
        runs = [run for _ in range(12) for run in await queue(w, await tenant_of_shard(w, 9), 1)]
        w.shard()
        await w.until_row("SELECT count(*) = 12 FROM runs WHERE id = ANY($1) AND ended_at IS NOT NULL", runs)
        order = [one["run_id"] for one in await started(w)]
        assert max(map(order.index, runs)) < 1_000
