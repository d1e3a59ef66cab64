"""What a tenant has waiting, and what share of the work of its shard it gets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.domain.identity import TenantScope
from storage.postgres import ReadConn
from storage.queries import load

_SQL = load("usage")


@dataclass(frozen=True, slots=True)
class QueueUsage:
    """Accepted runs that have not started (`held` of them by flow control), open ones that have, and how many tenants
    of the same shard have something waiting, this one included."""

    waiting: int
    held: int
    running: int
    oldest_at: datetime | None
    tenants_waiting: int


async def queue(conn: ReadConn, scope: TenantScope, most: int) -> QueueUsage:
    """Counts up to `most` open runs."""
    row = await conn.fetchrow(_SQL["queue"], scope.tenant_id, most)
    return QueueUsage(**row) if row else QueueUsage(0, 0, 0, None, 0)
