"""Secrets of workflows over PostgreSQL, for the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from models.domain.errors import NotFound
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from serve import records as r
from storage import secrets
from storage.postgres import Database


class ApiSecrets:
    """Secrets of workflows."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._most = database, limits.max_secrets_per_tenant

    async def put(self, tenant_id: UUID, name: str, sealed: bytes, now: datetime) -> bool:
        async with self._database.unit_of_work([tenant_id]) as conn:
            return await secrets.put(conn, TenantScope(tenant_id), name, sealed, now, self._most)

    async def list(self, tenant_id: UUID) -> Sequence[r.Secret]:
        async with self._database.read([tenant_id]) as conn:
            found = await secrets.find(conn, TenantScope(tenant_id))
        return [r.Secret(one.name, one.created_at, one.updated_at) for one in found]

    async def delete(self, tenant_id: UUID, name: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await secrets.delete(conn, TenantScope(tenant_id), name):
                raise NotFound(f"There is no secret {name}.")
