"""The API's metric port: definitions, and the points that the streams room keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from models.domain.clock import Clock
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from serve import records as r
from storage import metric_definitions, metric_points
from storage.postgres import Database

# How the metrics that every tenant has are shown; what they count is in models/domain/metrics.py.
_BUILT_IN: Mapping[str, Mapping[str, Any]] = {
    "events": {
        "type": "",
        "dimensions": [{"name": "type", "pointer": ""}, {"name": "source", "pointer": ""}],
        "description": "Events that came in or were emitted",
    },
    "runs": {
        "type": "",
        "value": "/durationMs",
        "dimensions": [{"name": "workflow", "pointer": ""}, {"name": "status", "pointer": "/status"}],
        "description": "Runs that ended; the value is their duration in milliseconds",
    },
}


class ApiMetrics:
    """Metric definitions and series of a tenant."""

    def __init__(self, database: Database, clock: Clock, limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits

    async def define(self, tenant_id: UUID, name: str, definition: Mapping[str, Any]) -> bool:
        async with self._database.unit_of_work([tenant_id]) as conn:
            return await metric_definitions.define(
                conn, TenantScope(tenant_id), name, definition, self._limits.max_metrics_per_tenant, self._clock.now()
            )

    async def definitions(self, tenant_id: UUID) -> Sequence[r.MetricDefinition]:
        async with self._database.read([tenant_id]) as conn:
            own = await metric_definitions.of_tenants(conn, [tenant_id])
        found = [r.MetricDefinition(name, shown, None) for name, shown in _BUILT_IN.items()]
        found += [r.MetricDefinition(one.name, one.definition, one.created_at) for one in own]
        return sorted(found, key=lambda one: one.name)

    async def series(self, tenant_id: UUID, query: r.SeriesQuery) -> Sequence[r.Series]:
        async with self._database.read([tenant_id]) as conn:
            found = await metric_points.read_series(
                conn, TenantScope(tenant_id), query.metric, query.start, query.end, query.step, query.by, self._limits
            )
        return [r.Series(one.dimensions, one.points) for one in found]
