"""Reads the audit log of a tenant, and where it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.domain.audit import NOTHING_BEFORE, Head, time_text
from models.domain.identity import TenantScope
from storage.postgres import ReadConn
from storage.queries import load

_SQL = load("audit")


@dataclass(frozen=True, slots=True)
class AuditRow:
    """`entry` is canonical JSON, `hash` its SHA-256 in hexadecimal."""

    seq: int
    entry: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None for whatever; `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def find(
    conn: ReadConn, scope: TenantScope, where: AuditFilter, before: int | None, limit: int
) -> Sequence[AuditRow]:
    """Newest first."""
    times = [time_text(at) if at is not None else None for at in (where.since, where.until)]
    rows = await conn.fetch(
        _SQL["find"], scope.tenant_id, before, where.actor, where.action, where.resource_type, where.resource_id,
        where.outcome, *times, limit,
    )  # fmt: skip
    return [AuditRow(**row) for row in rows]


async def after(conn: ReadConn, tenant_id: UUID, seq: int, until: int, limit: int) -> Sequence[AuditRow]:
    """Entries after `seq` up to `until`, oldest first."""
    return [AuditRow(**row) for row in await conn.fetch(_SQL["after"], tenant_id, seq, until, limit)]


async def head(conn: ReadConn, tenant_id: UUID) -> Head:
    """The end of the chain; number 0 for one that has not begun."""
    row = await conn.fetchrow(_SQL["last"], tenant_id)
    return Head(row["seq"], row["hash"]) if row else Head(0, NOTHING_BEFORE)


async def tenants(conn: ReadConn, named: str | None = None) -> Sequence[tuple[UUID, str]]:
    """Id and name of those with a chain, or of the one that is named so."""
    return [(row["id"], row["name"]) for row in await conn.fetch(_SQL["tenants"], named)]


async def tenants_of(conn: ReadConn, email: str) -> Sequence[tuple[UUID, UUID]]:
    """Tenant and user for each membership of the account with this address."""
    user: UUID | None = await conn.fetchval(_SQL["user_of"], email)
    if user is None:
        return []
    await conn.fetchval(_SQL["enter_as"], str(user))
    return [(row["tenant_id"], user) for row in await conn.fetch(_SQL["tenants_of_user"], user, 20)]
