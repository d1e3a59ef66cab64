"""Roles that a tenant made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.domain.errors import Conflict, Fault, InvalidInput, LimitExceeded
from models.domain.identity import ROLES, TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("roles")


@dataclass(frozen=True, slots=True)
class Role:
    """A role; its permissions are names or `kind:*`."""

    name: str
    description: str
    permissions: Sequence[str]
    created_at: datetime
    updated_at: datetime


async def add(
    conn: WriteConn, scope: TenantScope, name: str, description: str, permissions: Sequence[str], now: datetime,
    most: int,
) -> Role:  # fmt: skip
    """Conflict when the name is taken; LimitExceeded when there would be more than `most`."""
    row = await conn.fetchrow(_SQL["add"], scope.tenant_id, name, description, list(permissions), now)
    if row is None:
        raise Conflict(f"There is a role {name} already.")
    if await conn.fetchval(_SQL["count"], scope.tenant_id) > most:
        raise LimitExceeded("max_roles_per_tenant", most)
    return Role(**row)


async def find(conn: ReadConn, scope: TenantScope) -> Sequence[Role]:
    """All of the tenant, by name."""
    return [Role(**row) for row in await conn.fetch(_SQL["list"], scope.tenant_id)]


async def get(conn: ReadConn, scope: TenantScope, name: str) -> Role | None:
    """The role, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, name)
    return Role(**row) if row else None


async def update(
    conn: WriteConn, scope: TenantScope, name: str, description: str, permissions: Sequence[str], now: datetime
) -> Role | None:
    """The role as it is now; None when there is none."""
    row = await conn.fetchrow(_SQL["update"], scope.tenant_id, name, description, list(permissions), now)
    return Role(**row) if row else None


async def keep(conn: WriteConn, scope: TenantScope, name: str) -> None:
    """Keeps the role there until the transaction ends, which gives it to somebody; InvalidInput when there is none."""
    if name not in ROLES and await conn.fetchval(_SQL["keep"], scope.tenant_id, name) is None:
        raise InvalidInput("There is no such role.", [Fault("/role", f"{name} is not a role, see GET /v1/roles")])


async def delete(conn: WriteConn, scope: TenantScope, name: str) -> bool:
    """Whether there was one; its grants go with it. Conflict while somebody has it or is invited to it."""
    if await conn.fetchval(_SQL["lock"], scope.tenant_id, name) is None:
        return False
    uses = await conn.fetchval(_SQL["uses"], scope.tenant_id, name)
    if uses:
        raise Conflict(f"{uses} members, service accounts or invitations have this role; give them another one first.")
    await conn.execute(_SQL["delete_grants"], scope.tenant_id, name)
    await conn.execute(_SQL["delete"], scope.tenant_id, name)
    return True
