"""Members of a tenant: who they are, what role they have, and how they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.domain.errors import Conflict
from models.domain.identity import TenantScope
from storage import api_keys, grants, roles
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("members")


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a tenant."""

    user_id: UUID
    email: str
    name: str
    role: str
    disabled: bool
    joined_at: datetime


async def find(
    conn: ReadConn, scope: TenantScope, query: str | None, role: str | None, after: UUID | None, limit: int
) -> Sequence[Member]:
    """By id, which is by the age of the account; `query` is a part of address or name."""
    rows = await conn.fetch(_SQL["list"], scope.tenant_id, query, role, after, limit)
    return [Member(**row) for row in rows]


async def get(conn: ReadConn, scope: TenantScope, user_id: UUID) -> Member | None:
    """The member, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, user_id)
    return Member(**row) if row else None


async def set_role(conn: WriteConn, scope: TenantScope, user_id: UUID, role: str, expected: str) -> None:
    """Conflict when the role is not `expected` any more, or when no owner would be left."""
    await roles.keep(conn, scope, role)
    if await conn.fetchval(_SQL["lock"], scope.tenant_id, user_id) != expected:
        raise Conflict("The member was changed by somebody else; look again.")
    await conn.execute(_SQL["set_role"], scope.tenant_id, user_id, role)


async def remove(conn: WriteConn, scope: TenantScope, user_id: UUID, expected: str, now: datetime) -> None:
    """With sessions, API keys, grants and invitations in this tenant. Conflict as in `set_role`."""
    if await conn.fetchval(_SQL["lock"], scope.tenant_id, user_id) != expected:
        raise Conflict("The member was changed by somebody else; look again.")
    await conn.execute(_SQL["remove"], scope.tenant_id, user_id)
    await grants.delete_of(conn, scope, "user", str(user_id))
    await api_keys.revoke_of(conn, scope, "user", user_id, now)
    await conn.execute(_SQL["revoke_invitations"], scope.tenant_id, user_id, now)
    await conn.execute(_SQL["end_sessions"], scope.tenant_id, user_id, now)
