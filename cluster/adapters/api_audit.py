"""The audit log over PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import orjson

from cluster.adapters.mapping import as_ as _as
from cluster.adapters.mapping import page as _page
from cluster.adapters.mapping import there as _there
from models.domain.audit import Head, Trail, following
from models.domain.errors import InvalidInput, NotFound
from models.domain.identity import TenantScope
from serve import audit_ports as a
from serve import records as r
from storage import audit, audit_streams, audit_writer
from storage.postgres import Database


class ApiAudit:
    """See serve/audit_ports.py."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, trail: Trail) -> None:
        if trail.tenant is None:
            return
        with following(None):
            async with self._database.unit_of_work([trail.tenant]) as conn:
                await audit_writer.append(conn, trail, trail.tenant, [])

    async def tenants_of(self, email: str) -> Sequence[tuple[UUID, UUID]]:
        async with self._database.read() as conn:
            return await audit.tenants_of(conn, email)

    async def list(
        self, tenant_id: UUID, where: a.AuditFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[a.AuditEntry]:
        before = _number(after[0]) if after else None
        async with self._database.read([tenant_id]) as conn:
            found = await audit.find(conn, TenantScope(tenant_id), _as(audit.AuditFilter, where), before, limit + 1)
        return _page([_entry(row) for row in found], limit, lambda one: (str(one.entry["seq"]),))

    async def head(self, tenant_id: UUID) -> Head:
        async with self._database.read([tenant_id]) as conn:
            return await audit.head(conn, tenant_id)

    async def following(self, tenant_id: UUID, seq: int, until: int, limit: int) -> Sequence[a.AuditEntry]:
        async with self._database.read([tenant_id]) as conn:
            return [_entry(row) for row in await audit.after(conn, tenant_id, seq, until, limit)]

    async def stream(self, tenant_id: UUID) -> a.AuditStream | None:
        async with self._database.read([tenant_id]) as conn:
            found = await audit_streams.get(conn, tenant_id)
        return _as(a.AuditStream, found) if found else None

    async def put_stream(self, stream: a.NewAuditStream) -> a.AuditStream:
        async with self._database.unit_of_work([stream.tenant_id]) as conn:
            await audit_streams.put(
                conn, stream.tenant_id, stream.url, stream.secret_sealed, stream.enabled, stream.now
            )
            found = await audit_streams.get(conn, stream.tenant_id)
        return _as(a.AuditStream, _there(found, "There is no audit stream."))

    async def delete_stream(self, tenant_id: UUID) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await audit_streams.delete(conn, tenant_id):
                raise NotFound("Entries of this tenant are not sent anywhere.")


def _entry(row: audit.AuditRow) -> a.AuditEntry:
    return a.AuditEntry(orjson.loads(row.entry), row.entry, row.hash)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise InvalidInput("The cursor is not one of ours.")
    return int(text)
