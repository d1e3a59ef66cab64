"""Triggers: what starts runs of a workflow by itself, taken from its latest version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.identity import TenantScope
from models.domain.runs import WorkflowRef
from models.domain.triggers import next_time
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("triggers")


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """Starts a run of this version for each event that the spec matches."""

    workflow: WorkflowRef
    spec: Any


async def replace(
    conn: WriteConn, scope: TenantScope, ref: WorkflowRef, specs: Mapping[str, Any], enabled: bool, now: datetime
) -> None:
    """These triggers and no others; schedules of a disabled workflow wait."""
    place = (scope.tenant_id, ref.namespace, ref.name)
    await conn.execute(_SQL["remove"], *place)
    await conn.execute(_SQL["forget_gathered"], *place)
    for kind, spec in specs.items():
        await conn.execute(_SQL["add"], *place, kind, spec, _first(kind, spec, now) if enabled else None)


async def set_running(
    conn: WriteConn, scope: TenantScope, namespace: str, name: str, running: bool, now: datetime
) -> None:
    """Stops the schedules of a workflow, or starts them anew from now."""
    place = (scope.tenant_id, namespace, name)
    for row in await conn.fetch(_SQL["of_workflow"], *place):
        next_at = _first(row["kind"], row["spec"], now) if running else None
        await conn.execute(_SQL["set_next"], *place, row["kind"], next_at)


async def on_events(conn: ReadConn, tenants: Sequence[UUID]) -> dict[UUID, list[EventTrigger]]:
    """The event triggers of the enabled workflows of these tenants."""
    found: dict[UUID, list[EventTrigger]] = {tenant: [] for tenant in tenants}
    for row in await conn.fetch(_SQL["on_events"], list(tenants)):
        ref = WorkflowRef(row["namespace"], row["name"], row["latest_version"])
        found[row["tenant_id"]].append(EventTrigger(ref, row["spec"]))
    return found


def _first(kind: str, spec: Any, now: datetime) -> datetime | None:
    return None if kind == "on" else next_time(kind, spec, None, now)
