"""The API's view of who may do what, over PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from cluster.adapters.mapping import as_ as _as
from models.domain.identity import SubjectKind, TenantScope
from serve import access_ports as ports
from storage import access
from storage.postgres import Database


class ApiAccess:
    """See AccessRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, tenant_id: UUID, subject: SubjectKind, subject_id: UUID) -> ports.Standing | None:
        async with self._database.read([tenant_id]) as conn:
            found = await access.standing(conn, TenantScope(tenant_id), subject, subject_id)
        return _as(ports.Standing, found) if found else None

    async def key(self, key_hash: bytes) -> ports.KnownKey | None:
        async with self._database.read() as conn:
            await access.present(conn, key_hash)
            found = await access.key(conn, key_hash)
        return _as(ports.KnownKey, found) if found else None

    async def changes(self, since: datetime) -> ports.AccessChanges:
        async with self._database.read() as conn:
            tenants = await access.changed_tenants(conn, since)
            return ports.AccessChanges(tenants, await access.disabled_users(conn, since))

    async def note_use(self, keys: Mapping[UUID, tuple[UUID, datetime]]) -> None:
        async with self._database.unit_of_work({tenant for tenant, _ in keys.values()}) as conn:
            await access.note_use(conn, keys)

    async def workflow_of_run(self, tenant_id: UUID, run_id: UUID) -> str | None:
        async with self._database.read([tenant_id]) as conn:
            return await access.workflow_of_run(conn, TenantScope(tenant_id), run_id)

    async def workflow_of_task(self, tenant_id: UUID, task_id: UUID) -> str | None:
        async with self._database.read([tenant_id]) as conn:
            return await access.workflow_of_task(conn, TenantScope(tenant_id), task_id)
