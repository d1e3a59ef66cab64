"""Grants: rules of a tenant beside its roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.authorization import Effect, Grant
from models.domain.errors import Conflict, Fault, InvalidInput, LimitExceeded
from models.domain.identity import ROLES, TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("grants")


@dataclass(frozen=True, slots=True)
class MadeGrant:
    """A rule, and who made it when."""

    grant: Grant
    created_at: datetime
    created_by: UUID


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """None: whatever it is."""

    subject_kind: str | None = None
    subject: str | None = None
    resource: str | None = None
    instance: str | None = None


async def add(conn: WriteConn, scope: TenantScope, made: MadeGrant, most: int) -> None:
    """InvalidInput when there is no such subject, Conflict when the very same rule is there, LimitExceeded."""
    g = made.grant
    is_builtin = g.subject_kind == "role" and g.subject in ROLES
    if not is_builtin and not await conn.fetchval(_SQL["subject_exists"], scope.tenant_id, g.subject_kind, g.subject):
        raise InvalidInput(
            "There is no such subject.", [Fault("/subject", f"no {g.subject_kind} of this tenant is {g.subject}")]
        )
    done = await conn.execute(
        _SQL["add"], scope.tenant_id, g.id, g.subject_kind, g.subject, g.effect.value, g.permission, g.resource,
        g.instance, made.created_at, made.created_by,
    )  # fmt: skip
    if done.endswith(" 0"):
        raise Conflict("There is such a grant already.")
    if await conn.fetchval(_SQL["count"], scope.tenant_id) > most:
        raise LimitExceeded("max_grants_per_tenant", most)


async def find(
    conn: ReadConn, scope: TenantScope, where: GrantFilter, after: UUID | None, limit: int
) -> Sequence[MadeGrant]:
    """Oldest first."""
    rows = await conn.fetch(
        _SQL["list"], scope.tenant_id, where.subject_kind, where.subject, where.resource, where.instance, after, limit
    )
    return [_made(row) for row in rows]


async def get(conn: ReadConn, scope: TenantScope, grant_id: UUID) -> MadeGrant | None:
    """The rule, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, grant_id)
    return _made(row) if row else None


def _made(row: Mapping[str, Any]) -> MadeGrant:
    values = dict(row)
    created_at, created_by = values.pop("created_at"), values.pop("created_by")
    return MadeGrant(Grant(**{**values, "effect": Effect(values["effect"])}), created_at, created_by)


async def delete(conn: WriteConn, scope: TenantScope, grant_id: UUID) -> bool:
    """Whether there was one."""
    return (await conn.execute(_SQL["delete"], scope.tenant_id, grant_id)).endswith(" 1")


async def delete_of(conn: WriteConn, scope: TenantScope, subject_kind: str, subject: str) -> None:
    """All rules for a subject that leaves."""
    await conn.execute(_SQL["delete_of"], scope.tenant_id, subject_kind, subject)
