"""Binds the ports about waiting to storage."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from models.domain.errors import NotFound
from models.domain.flow_control import held_by
from models.domain.identity import TenantScope
from serve import flow_ports as f
from serve import records as r
from storage import flow_control, usage, workflows
from storage.postgres import Database

_MOST_AHEAD = 10_000
_MOST_COUNTED = 100_000


class ApiFlow:
    """See FlowRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting_for(self, tenant_id: UUID, run_id: UUID, now: datetime) -> f.WaitingFor | None:
        async with self._database.read([tenant_id]) as conn:
            found = await flow_control.waiting_for(conn, TenantScope(tenant_id), run_id, _MOST_AHEAD)
        if found is None:
            return None
        limit = held_by(found.control, found.running, found.held_until, now)
        return f.WaitingFor(found.key, found.position, limit, found.since, found.due_at)

    async def flow(
        self, tenant_id: UUID, namespace: str, name: str, after: tuple[str, ...] | None, limit: int
    ) -> f.Flow:
        scope = TenantScope(tenant_id)
        async with self._database.read([tenant_id]) as conn:
            if await workflows.get(conn, scope, namespace, name) is None:
                raise NotFound(f"There is no workflow {namespace}/{name}.")
            control = await flow_control.control_of(conn, scope, namespace, name)
            found = await flow_control.keys(conn, scope, namespace, name, after[0] if after else None, limit + 1)
        items = [f.FlowKey(*(getattr(key, one.name) for one in fields(f.FlowKey))) for key in found[:limit]]
        return f.Flow(control, r.Page(items, (items[-1].key,) if len(found) > limit else None))

    async def usage(self, tenant_id: UUID) -> f.QueueUsage:
        async with self._database.read([tenant_id]) as conn:
            found = await usage.queue(conn, TenantScope(tenant_id), _MOST_COUNTED)
        return f.QueueUsage(*(getattr(found, one.name) for one in fields(f.QueueUsage)))
