"""What a tenant uses of what it may use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from models.domain.plans import QUOTAS, Plan, month_of
from serve.deps import ApiDeps
from serve.gateway.gateway import METER
from serve.gateway.policy import heavy
from serve.gateway.ports import DayCount, Traffic
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.responses import json_response
from serve.schemas import usage as s

router = APIRouter(tags=["usage"], route_class=GuardedRoute)

_MOST_DAYS = 62


@router.get("/v1/usage", response_model=s.Usage)
@needs("run:read")
@heavy
async def get_usage(
    request: Request,
    days: Annotated[int, Query(ge=1, le=_MOST_DAYS, description="So many days, today included.")] = 31,
) -> Response:
    """The plan, its limits and quotas with what is left, and what was used on each day.

    Runs, events and bytes are counted from what is stored; requests are added up by each replica within seconds.
    """
    deps, tenant = deps_of(request), principal_of(request).tenant_id
    now = deps.ports.clock.now()
    plan = await deps.gateway.plan(tenant)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=days - 1)
    counted = await deps.gateway.usage.days(tenant, since, now)
    traffic = await deps.gateway.usage.traffic(tenant, since.date())
    buckets = request.scope[METER].buckets
    return json_response({
        "plan": plan.name,
        "rates": [
            {"scope": b.scope, "limit": b.rate.limit, "window": b.rate.window, "remaining": b.remaining}
            for b in buckets
        ],
        "quotas": await _quotas(deps, tenant, plan, now),
        "days": _days(counted, traffic),
    })


async def _quotas(deps: ApiDeps, tenant: UUID, plan: Plan, now: datetime) -> list[dict[str, Any]]:
    month, until = month_of(now)
    found = []
    for name in QUOTAS:
        limit, used = plan.quota(name), await deps.gateway.usage.count(tenant, name, month)
        found.append({
            "name": name, "limit": limit, "used": used, "left": None if limit is None else max(limit - used, 0),
            "resets_at": None if name == "event_bytes" else until,
        })
    return found


def _days(counted: Sequence[DayCount], traffic: Sequence[Traffic]) -> list[dict[str, Any]]:
    days: dict[Any, dict[str, Any]] = {
        one.day: {"day": one.day, "runs": one.runs, "events": one.events, "routes": []} for one in counted
    }
    for row in traffic:
        day = days.setdefault(row.day, {"day": row.day, "runs": 0, "events": 0, "routes": []})
        day["routes"].append({
            "route_class": row.route_class, "requests": row.requests, "units": row.units, "refused": row.refused,
        })
    return [days[day] for day in sorted(days)]
