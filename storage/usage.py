"""What a tenant has waiting, what share of the work of its shard it gets, what it used and what it may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.domain.errors import NotFound
from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
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


@dataclass(frozen=True, slots=True)
class TrafficRow:
    """What a tenant asked for in one class of routes on one day (UTC)."""

    tenant_id: UUID
    day: date
    route_class: str
    requests: int
    units: int
    refused: int


@dataclass(frozen=True, slots=True)
class Day:
    """What was accepted on one day (UTC)."""

    day: date
    runs: int
    events: int


async def add_traffic(conn: WriteConn, rows: Sequence[TrafficRow]) -> None:
    """Adds to what is stored; the unit of work must name the tenants."""
    columns = ("tenant_id", "day", "route_class", "requests", "units", "refused")
    await conn.execute(_SQL["add_traffic"], *([getattr(row, name) for row in rows] for name in columns))


async def traffic(conn: ReadConn, scope: TenantScope, since: date) -> Sequence[TrafficRow]:
    """By day and class."""
    return [TrafficRow(scope.tenant_id, **row) for row in await conn.fetch(_SQL["traffic"], scope.tenant_id, since)]


async def days(conn: ReadConn, scope: TenantScope, since: datetime, until: datetime) -> Sequence[Day]:
    """Each day from `since` on, counted from what is stored."""
    return [Day(**row) for row in await conn.fetch(_SQL["days"], scope.tenant_id, since, until)]


async def count(conn: ReadConn, scope: TenantScope, quota: str, since: datetime) -> int:
    """Runs or events since then, or the bytes of all stored events."""
    return int(await conn.fetchval(_SQL[f"count_{quota}"], scope.tenant_id, since))


async def plan(conn: ReadConn, scope: TenantScope) -> tuple[str, Mapping[str, Any]]:
    """Name of the plan, and what was changed of it for the tenant; NotFound."""
    row = await conn.fetchrow(_SQL["plan"], scope.tenant_id)
    if row is None:
        raise NotFound
    return row["plan"], row["plan_changes"] or {}


async def set_plan(conn: WriteConn, tenant: str, name: str, changes: Mapping[str, Any] | None) -> None:
    """Gives the tenant of that name another plan, and tells the replicas; NotFound. Engine role."""
    row = await conn.fetchrow(_SQL["set_plan"], tenant, name, dict(changes) if changes else None)
    if row is None:
        raise NotFound(f"There is no tenant {tenant}.")
    told = {"channel": f"changes:{row['id']}", "data": {"kinds": ["plan"]}}
    await conn.execute(_SQL["tell_plan"], row["id"], row["shard"], told)
