"""MetricRepository: definitions, and what is refused. That series equal a recount is tested with the streams."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cluster.adapters.api_metrics import ApiMetrics
from models.domain.errors import InvalidInput, LimitExceeded, NotFound
from models.domain.limits import Limits
from models.domain.metrics import BUILT_IN
from serve import records as r
from tests.storage_kit import NOW, Api, new_tenant

DELAY: dict[str, Any] = {
    "type": "com.example.late", "value": "/delay", "unique": None, "description": "",
    "dimensions": [{"name": "airport", "pointer": "/origin"}],
}  # fmt: skip


@pytest.fixture
def metrics(api: Api) -> ApiMetrics:
    return ApiMetrics(api.app, api.clock, replace(Limits(), max_metrics_per_tenant=3))


def query(metric: str, *by: str) -> r.SeriesQuery:
    return r.SeriesQuery(metric, NOW, NOW + timedelta(hours=1), 60, by)


async def since(api: Api, tenant: r.NewAccount, name: str) -> int:
    async with api.engine.read() as conn:
        found: int = await conn.fetchval(
            "SELECT since::text::bigint FROM metric_definitions WHERE tenant_id = $1 AND name = $2",
            tenant.tenant_id, name,
        )  # fmt: skip
    return found


async def test_definitions_with_the_built_in_ones(metrics: ApiMetrics, api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    assert await metrics.define(tenant.tenant_id, "delay", DELAY)
    found = {one.name: one for one in await metrics.definitions(tenant.tenant_id)}
    assert list(found) == ["delay", "events", "runs"]
    assert found["delay"] == r.MetricDefinition("delay", DELAY, NOW)
    assert [one.name for one in await metrics.definitions(other.tenant_id)] == ["events", "runs"]
    for name, metric in BUILT_IN.items():
        assert tuple(dimension["name"] for dimension in found[name].definition["dimensions"]) == metric.dimensions


async def test_a_changed_definition_counts_from_now_on(metrics: ApiMetrics, api: Api, tenant: r.NewAccount) -> None:
    await metrics.define(tenant.tenant_id, "delay", DELAY)
    first = await since(api, tenant, "delay")
    assert not await metrics.define(tenant.tenant_id, "delay", DELAY)
    assert await since(api, tenant, "delay") == first
    assert not await metrics.define(tenant.tenant_id, "delay", {**DELAY, "value": None})
    assert await since(api, tenant, "delay") > first


async def test_no_more_than_the_limit(metrics: ApiMetrics, tenant: r.NewAccount) -> None:
    tries = (metrics.define(tenant.tenant_id, f"m{n}", DELAY) for n in range(6))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert answers.count(True) == 3
    assert sum(isinstance(answer, LimitExceeded) for answer in answers) == 3
    (taken, *_) = [one.name for one in await metrics.definitions(tenant.tenant_id) if one.created_at]
    assert not await metrics.define(tenant.tenant_id, taken, {**DELAY, "value": None})


async def test_series_of_what_is_not_there(metrics: ApiMetrics, api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    await metrics.define(tenant.tenant_id, "delay", DELAY)
    assert await metrics.series(tenant.tenant_id, query("delay", "airport")) == []
    assert await metrics.series(tenant.tenant_id, query("runs", "workflow", "status")) == []
    with pytest.raises(InvalidInput):
        await metrics.series(tenant.tenant_id, query("delay", "runway"))
    with pytest.raises(NotFound):
        await metrics.series(tenant.tenant_id, query("speed"))
    with pytest.raises(NotFound):
        await metrics.series(other.tenant_id, query("delay"))
