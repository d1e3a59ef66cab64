"""The audit log in PostgreSQL: written with the change, only ever added to, apart for each tenant, without secrets."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
import rfc8785

from models.domain.audit import Actor, ActorKind, Chain, Origin, Trail, following
from models.domain.errors import NotFound
from serve import records as r
from storage import audit, audit_writer
from tests.servers.postgres import PostgresServer
from tests.storage_kit import NOW, Api, new_account, new_session, new_tenant


def trail_of(tenant: r.NewAccount | None, action: str = "put_connection") -> Trail:
    """As the guard makes it."""
    trail = Trail(action, NOW, Origin("203.0.113.5", "pytest", "req-1", "sid"), asyncio.current_task(),
                  permission="connection:write", resource_type="connection")  # fmt: skip
    if tenant is not None:
        trail.tenant, trail.actor = tenant.tenant_id, Actor(ActorKind.USER, str(tenant.user_id))
    return trail


async def entries(api: Api, tenant_id: UUID) -> list[dict[str, Any]]:
    """All of a tenant, oldest first; the chain holds."""
    chain = Chain()
    async with api.app.read([tenant_id]) as conn:
        rows = await audit.after(conn, tenant_id, 0, 10_000, 10_000)
        head = await audit.head(conn, tenant_id)
    found = [orjson.loads(row.entry) for row in rows]
    assert [chain.follow(entry, row.hash) for entry, row in zip(found, rows, strict=True)] == [None] * len(rows)
    assert (head.seq, head.hash) == (chain.seq, chain.hash)
    return found


async def put(api: Api, tenant: r.NewAccount, url: str, sealed: bytes = b"sealed") -> None:
    await api.connections.put(tenant.tenant_id, "crm", url, {}, sealed, NOW)


async def test_an_entry_tells_the_row_before_and_after(api: Api) -> None:
    tenant = await new_tenant(api)
    with following(trail_of(tenant)):
        await put(api, tenant, "https://a.example")
    with following(trail_of(tenant)):
        await put(api, tenant, "https://b.example")
    with following(trail_of(tenant, "delete_connection")):
        await api.connections.delete(tenant.tenant_id, "crm")
    first, second, third = await entries(api, tenant.tenant_id)
    assert first["before"] is None
    assert first["after"]["connections"][0]["base_url"] == "https://a.example"
    assert second["before"] == {"connections": [{"name": "crm", "base_url": "https://a.example"}]}
    assert second["after"]["connections"][0]["base_url"] == "https://b.example"
    assert third["before"]["connections"][0]["base_url"] == "https://b.example"
    assert third["after"] is None
    assert first["actor"] == {"kind": "user", "id": str(tenant.user_id), "name": tenant.email}
    assert first["from"] == {"address": "203.0.113.5", "user_agent": "pytest", "request_id": "req-1", "session": "sid"}


async def test_a_change_that_is_rolled_back_leaves_no_entry(api: Api) -> None:
    tenant = await new_tenant(api)
    with following(trail_of(tenant)), pytest.raises(NotFound):
        await api.connections.delete(tenant.tenant_id, "nothing")
    assert await entries(api, tenant.tenant_id) == []


async def test_no_entry_means_no_change(api: Api) -> None:
    """When the entry cannot be written, neither is the change."""
    tenant = await new_tenant(api)
    trail = trail_of(tenant)
    trail.after = {"bad": float("nan")}
    with following(trail), pytest.raises(rfc8785.FloatDomainError):
        await put(api, tenant, "https://a.example")
    assert await api.connections.list(tenant.tenant_id) == []


async def test_secrets_are_never_told(api: Api) -> None:
    tenant = await new_tenant(api)
    with following(trail_of(tenant)):
        await put(api, tenant, "https://a.example", b"canary-one")
    with following(trail_of(tenant)):
        await put(api, tenant, "https://a.example", b"canary-two")
    account, session = new_account()
    with following(trail_of(None, "register")):
        await api.identity.register(account, session)
    told = await entries(api, tenant.tenant_id) + await entries(api, account.tenant_id)
    text = orjson.dumps(told).decode()
    for secret in (b"canary-one", b"canary-two", session.refresh_hash):
        assert secret.hex() not in text
    assert "argon" not in text
    # That the secret was replaced is told all the same.
    assert told[1]["after"] == {"connections": [told[1]["after"]["connections"][0]]}


async def test_long_values_are_told_by_their_digest(api: Api) -> None:
    tenant = await new_tenant(api)
    with following(trail_of(tenant)):
        await api.connections.put(tenant.tenant_id, "crm", "https://a.example", {"note": "x" * 5000}, None, NOW)
    (entry,) = await entries(api, tenant.tenant_id)
    assert entry["after"]["connections"][0]["settings"].keys() == {"sha256", "characters"}


async def test_at_sign_in_the_session_tells_who_and_where(api: Api) -> None:
    tenant = await new_tenant(api)
    with following(trail_of(None, "login")):
        await api.identity.open_session(new_session(tenant.user_id, tenant.tenant_id))
    (entry,) = await entries(api, tenant.tenant_id)
    assert entry["actor"]["name"] == tenant.email
    assert entry["action"] == "login"


async def test_what_concerns_a_user_only_is_told_to_the_tenants_of_the_user(api: Api) -> None:
    tenant = await new_tenant(api)
    with following(trail_of(None, "reset_password")):
        async with api.app.unit_of_work() as conn:
            await conn.execute("UPDATE users SET password_hash = 'argon-new' WHERE id = $1", tenant.user_id)
    (entry,) = await entries(api, tenant.tenant_id)
    assert entry["actor"]["id"] == str(tenant.user_id)
    assert "argon-new" not in orjson.dumps(entry).decode()


async def test_what_another_task_does_meanwhile_is_not_of_the_trail(api: Api) -> None:
    tenant = await new_tenant(api)
    trail = trail_of(tenant)
    with following(trail):
        await asyncio.create_task(put(api, tenant, "https://a.example"))
    assert trail.written == 0
    assert await entries(api, tenant.tenant_id) == []


async def test_entries_of_many_writers_at_once_are_one_chain(api: Api) -> None:
    tenant, other = await new_tenant(api), await new_tenant(api)

    async def write(place: r.NewAccount, number: int) -> None:
        with following(trail_of(place)):
            await api.connections.put(place.tenant_id, f"c{number}", "https://a.example", {}, None, NOW)

    await asyncio.gather(*(write(place, number) for number in range(20) for place in (tenant, other)))
    assert [entry["seq"] for entry in await entries(api, tenant.tenant_id)] == list(range(1, 21))
    assert len(await entries(api, other.tenant_id)) == 20


async def test_writers_of_one_tenant_do_not_hold_up_another(api: Api) -> None:
    tenant, other = await new_tenant(api), await new_tenant(api)
    async with api.app.unit_of_work([tenant.tenant_id]) as conn:
        await audit_writer.append(conn, trail_of(tenant), tenant.tenant_id, [])
        with following(trail_of(other)):
            async with asyncio.timeout(5):
                await put(api, other, "https://a.example")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET entry = '{}' WHERE tenant_id = $1",
        "DELETE FROM audit_log WHERE tenant_id = $1",
        "INSERT INTO audit_log (tenant_id, seq, entry) VALUES ($1, 9, '{}')",
        "INSERT INTO audit_log (tenant_id, seq, entry) "
        "SELECT tenant_id, seq + 1, entry FROM audit_log WHERE tenant_id = $1",
    ],
)
async def test_the_log_is_only_ever_added_to(
    api: Api, postgres: PostgresServer, database_name: str, statement: str
) -> None:
    tenant = await new_tenant(api)
    with following(trail_of(tenant)):
        await put(api, tenant, "https://a.example")
    with pytest.raises(asyncpg.PostgresError):
        async with api.app.unit_of_work([tenant.tenant_id]) as conn:
            await conn.execute(statement, tenant.tenant_id)
    owner = await asyncpg.connect(postgres.dsn(database_name, "postgres"))
    try:
        with pytest.raises(asyncpg.PostgresError, match="audit log"):
            await owner.execute(statement, tenant.tenant_id)
        with pytest.raises(asyncpg.RaiseError):
            await owner.execute("TRUNCATE audit_log")
    finally:
        await owner.close()
    assert len(await entries(api, tenant.tenant_id)) == 1


async def test_every_table_is_captured_or_named_as_one_that_is_not(api: Api) -> None:
    """A new table is captured by itself; this tells when somebody has added one after the triggers were made."""
    async with api.app.read() as conn:
        rows = await conn.fetch(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' "
            "AND NOT c.relispartition AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid "
            "AND t.tgname = 'audit_capture')"
        )
        captured = await conn.fetch(
            "SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'audit_capture'"
        )
    assert {"users", "sessions", "memberships", "roles", "grants", "api_keys", "connections", "secrets", "workflows",
            "tenants"} <= {row["name"] for row in captured}  # fmt: skip
    assert {"audit_log", "audit_heads", "runs", "events"} <= {row["relname"] for row in rows}
