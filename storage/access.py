"""What decisions are made of: roles, grants and keys as they are now, and which of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.authorization import Effect, Grant, role_permissions
from models.domain.identity import ROLES, SubjectKind, TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("access")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a subject has, at the tenant's `version` of it."""

    role: str
    permissions: frozenset[str]
    grants: Sequence[Grant]
    version: int
    mfa_required: bool = False


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A living API key. `scopes` None: all that its subject may."""

    id: UUID
    tenant_id: UUID
    subject: SubjectKind
    subject_id: UUID
    scopes: frozenset[str] | None
    expires_at: datetime | None


async def standing(conn: ReadConn, scope: TenantScope, subject: SubjectKind, subject_id: UUID) -> Standing | None:
    """None for one that is not in the tenant or is disabled. A client is looked up as its service account."""
    kind = "user" if subject is SubjectKind.USER else "service_account"
    row = await conn.fetchrow(_SQL[f"{kind}_standing"], scope.tenant_id, subject_id)
    return _standing(row["role"], row) if row else None


async def standings(conn: ReadConn, members: Sequence[tuple[UUID, UUID]]) -> list[Standing | None]:
    """As `standing`, for many members (tenant, user) at once, in the order asked."""
    rows = await conn.fetch(_SQL["user_standings"], [tenant for tenant, _ in members], [user for _, user in members])
    found = {row["n"]: _standing(row["role"], row) for row in rows}
    return [found.get(n) for n in range(1, len(members) + 1)]


async def role_standing(conn: ReadConn, scope: TenantScope, role: str) -> Standing | None:
    """What whoever has the role has by it; None when there is no such role."""
    row = await conn.fetchrow(_SQL["role_standing"], scope.tenant_id, role)
    if row is None or (row["permissions"] is None and role not in ROLES):
        return None
    return _standing(role, row)


def _standing(role: str, row: Mapping[str, Any]) -> Standing:
    made = row["permissions"]
    permissions = role_permissions(role, None if made is None else frozenset(made))
    needs_factor = row.get("mfa_required", False)
    return Standing(role, permissions, [_grant(one) for one in row["grants"]], row["version"], needs_factor)


def _grant(row: Sequence[Any]) -> Grant:
    key, subject_kind, subject, effect, permission, resource, instance = row
    return Grant(UUID(key), subject_kind, subject, Effect(effect), permission, resource, instance)


async def changed_tenants(conn: ReadConn, since: datetime) -> Mapping[UUID, int]:
    """The versions of tenants whose roles, grants or members changed in transactions that began after `since`."""
    return {row["id"]: row["access_version"] for row in await conn.fetch(_SQL["changed_tenants"], since)}


async def disabled_users(conn: ReadConn, since: datetime) -> Sequence[UUID]:
    """Users who were disabled after `since`."""
    return [row["id"] for row in await conn.fetch(_SQL["disabled_users"], since)]


async def present(conn: ReadConn, key_hash: bytes) -> None:
    """Lets this transaction see the key or invitation with this hash, whatever its tenant."""
    await conn.fetchval(_SQL["present"], key_hash.hex())


async def key(conn: ReadConn, key_hash: bytes) -> KnownKey | None:
    """The living key that was presented."""
    row = await conn.fetchrow(_SQL["key"], key_hash)
    if row is None:
        return None
    scopes = row["scopes"]
    return KnownKey(
        row["id"], row["tenant_id"], SubjectKind(row["subject_kind"]), row["subject_id"],
        None if scopes is None else frozenset(scopes), row["expires_at"],
    )  # fmt: skip


async def note_use(conn: WriteConn, keys: Mapping[UUID, tuple[UUID, datetime]]) -> None:
    """The unit of work must name the tenants."""
    await conn.execute(
        _SQL["note_use"], [tenant for tenant, _ in keys.values()], list(keys), [at for _, at in keys.values()]
    )


async def workflow_of_run(conn: ReadConn, scope: TenantScope, run_id: UUID) -> str | None:
    """`namespace/name`, or None."""
    found: str | None = await conn.fetchval(_SQL["workflow_of_run"], scope.tenant_id, run_id)
    return found


async def workflow_of_task(conn: ReadConn, scope: TenantScope, task_id: UUID) -> str | None:
    """`namespace/name`, or None."""
    found: str | None = await conn.fetchval(_SQL["workflow_of_task"], scope.tenant_id, task_id)
    return found
