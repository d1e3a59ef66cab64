"""Groups of a tenant as its provisioning client made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.domain.errors import Conflict, Fault, InvalidInput
from models.domain.federation import Rules
from models.domain.identity import TenantScope
from models.domain.ids import uuid7
from models.domain.scim_resources import ScimGroup, StoredGroup, VersionMoved
from storage.postgres import ReadConn, WriteConn
from storage.queries import load
from storage.scim import follow_roles

_SQL = load("scim")


async def groups(
    conn: ReadConn, scope: TenantScope, name: str | None, external_id: str | None, offset: int, limit: int
) -> tuple[int, Sequence[StoredGroup]]:
    """How many fit, and some of them."""
    total = await conn.fetchval(_SQL["count_groups"], scope.tenant_id, name, external_id)
    rows = await conn.fetch(_SQL["groups"], scope.tenant_id, name, external_id, offset, limit)
    return total, [_group(row) for row in rows]


async def group(conn: ReadConn, scope: TenantScope, one: UUID) -> StoredGroup | None:
    """The group, or None."""
    row = await conn.fetchrow(_SQL["group"], scope.tenant_id, one)
    return _group(row) if row else None


def _group(row: Mapping[str, Any]) -> StoredGroup:
    return StoredGroup(**{**row, "members": [(UUID(one), name) for one, name in row["members"]]})


async def add_group(conn: WriteConn, scope: TenantScope, given: ScimGroup, rules: Rules, now: datetime) -> UUID:
    """The id of the new resource."""
    new_id = uuid7(now)
    try:
        await conn.execute(
            _SQL["add_group"], scope.tenant_id, new_id, given.display_name, given.external_id, now
        )
    except asyncpg.UniqueViolationError:
        raise Conflict("There is a group of this name already.") from None
    await _set_members(conn, scope, new_id, given.members)
    await follow_roles(conn, scope, given.members, rules)
    return new_id


async def put_group(
    conn: WriteConn, scope: TenantScope, one: UUID, given: ScimGroup, version: int | None, rules: Rules, now: datetime
) -> bool:
    """False when there is none; Conflict when it is at another version, or the name is taken."""
    before = await _locked(conn, scope, one, version)
    if before is None:
        return False
    try:
        await conn.execute(_SQL["put_group"], scope.tenant_id, one, given.display_name, given.external_id, now)
    except asyncpg.UniqueViolationError:
        raise Conflict("Another group has this name.") from None
    await _set_members(conn, scope, one, given.members)
    # All of them: the name may have changed, by which the rules know the group.
    await follow_roles(conn, scope, list(before | set(given.members)), rules)
    return True


async def _locked(conn: WriteConn, scope: TenantScope, one: UUID, version: int | None) -> set[UUID] | None:
    row = await conn.fetchrow(_SQL["lock_group"], scope.tenant_id, one)
    if row is None:
        return None
    if version is not None and version != row["version"]:
        raise VersionMoved
    return await _members(conn, scope, one)


async def _members(conn: ReadConn, scope: TenantScope, one: UUID) -> set[UUID]:
    return {row["member_id"] for row in await conn.fetch(_SQL["member_ids"], scope.tenant_id, one)}


async def _set_members(conn: WriteConn, scope: TenantScope, one: UUID, wanted: Sequence[UUID]) -> None:
    before = await _members(conn, scope, one)
    await conn.execute(_SQL["remove_members"], scope.tenant_id, one, list(before - set(wanted)))
    try:
        await conn.execute(_SQL["add_members"], scope.tenant_id, one, [m for m in wanted if m not in before])
    except asyncpg.ForeignKeyViolationError:
        raise InvalidInput("A member is not a user of this tenant.", [Fault("/members", "unknown user")]) from None


async def delete_group(
    conn: WriteConn, scope: TenantScope, one: UUID, version: int | None, rules: Rules
) -> bool:
    """False when there is none. Its members lose the role that it gave them."""
    before = await _locked(conn, scope, one, version)
    if before is None:
        return False
    await conn.execute(_SQL["delete_group"], scope.tenant_id, one)
    await follow_roles(conn, scope, list(before), rules)
    return True
