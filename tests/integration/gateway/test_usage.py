"""Plans, quotas and what was used, over PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cluster.adapters.api_gateway import ApiPlans, ApiUsage
from models.domain.clock import ManualClock
from models.domain.errors import LimitExceeded, NotFound
from models.domain.events import format_time
from models.domain.limits import Limits
from models.domain.plans import DEFAULT_PLAN, PLANS, month_of
from serve import records as r
from serve.gateway.meters import PlanBook
from serve.gateway.ports import Traffic
from serve.gateway.quotas import Quotas
from storage import usage
from tests.storage_kit import NOW, Api, new_event, new_run, new_tenant, new_version


async def test_a_tenant_has_the_default_plan_until_the_operator_gives_it_another(
    api: Api, tenant: r.NewAccount
) -> None:
    plans = ApiPlans(api.app)
    assert await plans.plan(tenant.tenant_id) == PLANS[DEFAULT_PLAN]
    async with api.engine.unit_of_work() as conn:
        await usage.set_plan(conn, tenant.tenant_name, "small", {"runs": 7, "user": 120, "routes": {"list_runs": 60}})
    plan = await plans.plan(tenant.tenant_id)
    assert (plan.name, plan.runs, plan.events, plan.user.limit) == ("small", 7, 500_000, 120)
    assert plan.routes["list_runs"].limit == 60
    with pytest.raises(NotFound):
        async with api.engine.unit_of_work() as conn:
            await usage.set_plan(conn, "nobody", "small", None)


async def test_quotas_are_counted_from_what_is_stored(api: Api, tenant: r.NewAccount) -> None:
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    async with api.engine.unit_of_work() as conn:
        await usage.set_plan(conn, tenant.tenant_name, "small", {"runs": 5, "events": 3, "event_bytes": 2_000})
    clock = ManualClock(NOW)
    quotas = [Quotas(ApiUsage(api.app), PlanBook(ApiPlans(api.app), clock, Limits()), clock, 2) for _ in range(2)]
    for n in range(5):
        await quotas[n % 2].require(tenant.tenant_id, "runs")
        await api.runs.accept([new_run(tenant.tenant_id)])
    for one in quotas:
        with pytest.raises(LimitExceeded, match="5 are used") as told:
            await one.require(tenant.tenant_id, "runs")
        assert told.value.name == "small.runs"
    await quotas[0].require(tenant.tenant_id, "events", 2)
    await api.events.ingest([
        r.IngestEvents(tenant.tenant_id, [new_event(name, time=format_time(NOW)) for name in "ab"], NOW)
    ])
    with pytest.raises(LimitExceeded):
        await quotas[1].require(tenant.tenant_id, "events", 2)
    await quotas[1].require(tenant.tenant_id, "events", 1)
    with pytest.raises(LimitExceeded, match="bytes of stored events"):
        await quotas[1].require(tenant.tenant_id, "event_bytes", 2_000)
    clock.advance(32 * 86_400)
    await quotas[0].require(tenant.tenant_id, "runs")


async def test_days_and_traffic_are_those_of_the_tenant(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    store, today = ApiUsage(api.app), NOW.date()
    rows = [Traffic(tenant.tenant_id, today, "read", 3, 3, 1), Traffic(other.tenant_id, today, "write", 1, 5, 0)]
    await store.add_traffic(rows)
    await store.add_traffic(rows)
    assert await store.traffic(tenant.tenant_id, today) == [Traffic(tenant.tenant_id, today, "read", 6, 6, 2)]
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    await api.runs.accept([new_run(tenant.tenant_id), new_run(tenant.tenant_id)])
    midnight = NOW.replace(hour=0)
    days = await store.days(tenant.tenant_id, midnight - timedelta(days=1), NOW)
    assert [(day.day, day.runs, day.events) for day in days] == [
        (today - timedelta(days=1), 0, 0), (today, 2, 0)
    ]
    assert await store.count(tenant.tenant_id, "runs", month_of(NOW)[0]) == 2
    assert await store.count(other.tenant_id, "runs", month_of(NOW)[0]) == 0
