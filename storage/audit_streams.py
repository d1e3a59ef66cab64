"""Where tenants want their audit entries sent, and how far each receiver has got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from models.domain.errors import Fault, InvalidInput
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("audit_streams")


@dataclass(frozen=True, slots=True)
class AuditStream:
    """`sent_seq`: the receiver has all up to this one."""

    tenant_id: UUID
    url: str
    secret_sealed: bytes = field(repr=False)
    enabled: bool
    sent_seq: int
    failures: int
    last_error: str
    next_at: datetime
    updated_at: datetime


async def put(
    conn: WriteConn, tenant_id: UUID, url: str, secret_sealed: bytes | None, enabled: bool, now: datetime
) -> None:
    """A new stream begins with the next entry. Without a secret the one that is there stays."""
    try:
        await conn.execute(_SQL["put"], tenant_id, url, secret_sealed, enabled, now)
    except asyncpg.NotNullViolationError:
        raise InvalidInput("A new stream needs a secret.", [Fault("/secret", "is missing")]) from None


async def get(conn: ReadConn, tenant_id: UUID) -> AuditStream | None:
    """The stream of the tenant."""
    row = await conn.fetchrow(_SQL["get"], tenant_id)
    return AuditStream(**row) if row else None


async def delete(conn: WriteConn, tenant_id: UUID) -> bool:
    """Whether there was one."""
    return await conn.execute(_SQL["delete"], tenant_id) == "DELETE 1"


async def due(conn: ReadConn, now: datetime, limit: int) -> Sequence[AuditStream]:
    """Streams with entries to send whose time has come; for the engine."""
    return [AuditStream(**row) for row in await conn.fetch(_SQL["due"], now, limit)]


async def sent(conn: WriteConn, tenant_id: UUID, seq: int) -> None:
    """The receiver has all up to this one."""
    await conn.execute(_SQL["sent"], tenant_id, seq)


async def failed(conn: WriteConn, tenant_id: UUID, error: str, next_at: datetime) -> None:
    """The receiver did not take it; not before `next_at` again."""
    await conn.execute(_SQL["failed"], tenant_id, error[:500], next_at)
