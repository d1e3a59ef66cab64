"""Metrics that tenants defined; the built-in ones are in models/domain/metrics.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.errors import LimitExceeded
from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("metric_definitions")


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric as its tenant put it; it counts the events of transactions after `since`."""

    tenant_id: UUID
    name: str
    definition: Mapping[str, Any]
    since: int
    created_at: datetime


async def define(
    conn: WriteConn, scope: TenantScope, name: str, definition: Mapping[str, Any], at_most: int, now: datetime
) -> bool:
    """True when new, False when replaced; LimitExceeded when the tenant has `at_most` others."""
    await conn.fetchval(_SQL["lock_tenant"], scope.tenant_id)
    if await conn.fetchval(_SQL["count_others"], scope.tenant_id, name) >= at_most:
        raise LimitExceeded("max_metrics_per_tenant", at_most)
    return bool(await conn.fetchval(_SQL["put"], scope.tenant_id, name, definition, now))


async def of_tenants(conn: ReadConn, tenants: Sequence[UUID]) -> Sequence[MetricDefinition]:
    """By tenant and name."""
    return [MetricDefinition(**row) for row in await conn.fetch(_SQL["of_tenants"], list(tenants))]
