"""The inbox of a user in a tenant; what is read is told to the user's other pages by push."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.domain.identity import TenantScope
from models.domain.push import inbox_channel
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("notifications")


@dataclass(frozen=True, slots=True)
class Notification:
    """One that arrived."""

    id: UUID
    severity: str
    title: str
    body: str
    link: str | None
    run_id: UUID | None
    created_at: datetime
    read_at: datetime | None


async def find(
    conn: ReadConn, scope: TenantScope, user_id: UUID, unread: bool, before: UUID | None, limit: int
) -> Sequence[Notification]:
    """Newest first, those with a smaller id than `before`."""
    rows = await conn.fetch(_SQL["list"], scope.tenant_id, user_id, unread, before, limit)
    return [Notification(**row) for row in rows]


async def count_unread(conn: ReadConn, scope: TenantScope, user_id: UUID) -> int:
    """How many the user has not read."""
    count: int = await conn.fetchval(_SQL["unread"], scope.tenant_id, user_id)
    return count


async def exists(conn: ReadConn, scope: TenantScope, user_id: UUID, notification_id: UUID) -> bool:
    """Whether it is in this inbox."""
    return bool(await conn.fetchval(_SQL["exists"], scope.tenant_id, user_id, notification_id))


async def read(conn: WriteConn, scope: TenantScope, user_id: UUID, notification_id: UUID, now: datetime) -> int:
    """Marks one as read, once; how many are unread then."""
    done = await conn.execute(_SQL["read"], scope.tenant_id, user_id, notification_id, now)
    unread = await count_unread(conn, scope, user_id)
    if _changed(done):
        await _tell(conn, scope, user_id, str(notification_id), unread)
    return unread


async def read_all(conn: WriteConn, scope: TenantScope, user_id: UUID, now: datetime) -> int:
    """How many became read."""
    changed = _changed(await conn.execute(_SQL["read_all"], scope.tenant_id, user_id, now))
    if changed:
        await _tell(conn, scope, user_id, "all", await count_unread(conn, scope, user_id))
    return changed


async def _tell(conn: WriteConn, scope: TenantScope, user_id: UUID, which: str, unread: int) -> None:
    message = {"channel": inbox_channel(scope.tenant_id, user_id), "data": {"read": which, "unread": unread}}
    await conn.execute(_SQL["push"], scope.tenant_id, message)


def _changed(done: str) -> int:
    return int(done.rpartition(" ")[2])
