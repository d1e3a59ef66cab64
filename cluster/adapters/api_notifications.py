"""The inbox of one user in one tenant, over PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cluster.adapters.mapping import as_ as _as
from cluster.adapters.mapping import page as _page
from models.domain.errors import NotFound
from models.domain.identity import TenantScope
from serve import records as r
from storage import notifications
from storage.postgres import Database


class ApiNotifications:
    """The inbox of one user in one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, tenant_id: UUID, user_id: UUID, unread: bool, after: tuple[str, ...] | None, limit: int
    ) -> tuple[r.Page[r.Notification], int]:
        scope, before = TenantScope(tenant_id), UUID(after[0]) if after else None
        async with self._database.read([tenant_id]) as conn:
            found = await notifications.find(conn, scope, user_id, unread, before, limit + 1)
            count = await notifications.count_unread(conn, scope, user_id)
        return _page([_as(r.Notification, one) for one in found], limit, lambda one: (str(one.id),)), count

    async def read(self, tenant_id: UUID, user_id: UUID, notification_id: UUID, now: datetime) -> int:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await notifications.exists(conn, scope, user_id, notification_id):
                raise NotFound("There is no such notification.")
            return await notifications.read(conn, scope, user_id, notification_id, now)

    async def read_all(self, tenant_id: UUID, user_id: UUID, now: datetime) -> int:
        async with self._database.unit_of_work([tenant_id]) as conn:
            return await notifications.read_all(conn, TenantScope(tenant_id), user_id, now)
