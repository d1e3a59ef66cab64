"""Who may not stay: ended sessions, disabled users, changed roles, in one look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from cluster.adapters.push import PushSessions
from models.domain.clock import SystemClock
from models.domain.identity import Principal
from serve.push.ports import Standing
from storage import identity, sessions
from storage.postgres import Database
from tests.servers.postgres import PostgresServer

NOW = SystemClock().now()


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[Database]:
    opened = Database(postgres.dsn(await postgres.create_database(), "tidewire_app"), application="test")
    await opened.open()
    yield opened
    await opened.close()


async def someone(database: Database) -> Principal:
    principal = Principal(uuid4(), uuid4(), "owner", uuid4())
    tenant, user = principal.tenant_id, principal.user_id
    async with database.unit_of_work([tenant], user=user) as conn:
        await identity.add_tenant(conn, tenant, f"t-{tenant.hex[:12]}", "Tenant", 0)
        await identity.add_user(conn, user, f"{user.hex}@example.com", "hash")
        await identity.add_member(conn, tenant, user, "owner")
        session = sessions.NewSession(principal.session_id, user, tenant, "", "127.0.0.1", uuid4().bytes, NOW)
        await sessions.open_session(conn, session, NOW)
    return principal


async def test_standings(database: Database) -> None:
    well, over, disabled = [await someone(database) for _ in range(3)]
    changed = replace(well, role="viewer")
    foreign = replace(well, tenant_id=over.tenant_id)
    unknown = replace(well, session_id=uuid4())
    borrowed = replace(well, session_id=disabled.session_id)
    async with database.unit_of_work() as conn:
        await sessions.revoke(conn, over.session_id, NOW)
        await conn.execute("UPDATE users SET disabled_at = now() WHERE id = $1", disabled.user_id)
    moved = await someone(database)
    check = PushSessions(database)
    versions = {p: granted.version for p, granted in (await check.rights([well, moved])).items()}
    async with database.unit_of_work([moved.tenant_id]) as conn:
        await conn.execute(
            "INSERT INTO grants VALUES ($1, $2, 'user', $3, 'deny', 'run:read', 'workflow', 'ops/*', now(), $2)",
            moved.tenant_id, uuid4(), str(moved.user_id),
        )  # fmt: skip
    asked = [well, over, disabled, changed, foreign, unknown, borrowed, moved]
    found = await check.standing({p: versions.get(p, versions[well]) for p in asked})
    assert found == {
        over: Standing.OVER,
        disabled: Standing.OVER,
        changed: Standing.CHANGED,
        foreign: Standing.OVER,
        unknown: Standing.OVER,
        borrowed: Standing.OVER,
        moved: Standing.MOVED,
    }
    rights = await check.rights([moved, disabled, foreign])
    assert list(rights) == [moved]
    assert rights[moved].rights.grants[0].instance == "ops/*"
    assert rights[moved].version == versions[moved] + 1


async def test_nobody_is_asked_about(database: Database) -> None:
    assert await PushSessions(database).standing({}) == {}
