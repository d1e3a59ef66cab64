"""Bodies of the routes about what a tenant uses."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from serve.schemas.common import Reply, Time

_EXAMPLE: dict[str, Any] = {
    "plan": "small",
    "rates": [{"scope": "tenant", "limit": 6000, "window": 60, "remaining": 5990}],
    "quotas": [{"name": "runs", "limit": 50000, "used": 1200, "left": 48800, "resets_at": "2026-02-01T00:00:00Z"}],
    "days": [{
        "day": "2026-01-14", "runs": 1200, "events": 8000,
        "routes": [{"route_class": "read", "requests": 900, "units": 900, "refused": 0}],
    }],
}  # fmt: skip


class RateUsage(Reply):
    """A rate limit, in units of cost: `limit` in `window` seconds, and how many are there now."""

    scope: Annotated[str, Field(description="tenant, user, api_key or route", examples=["tenant"])]
    limit: int
    window: int
    remaining: int


class QuotaUsage(Reply):
    """A quota of the plan, counted from what is stored; `limit` null: without end."""

    name: Annotated[str, Field(description="runs, events or event_bytes", examples=["runs"])]
    limit: int | None
    used: int
    left: int | None
    resets_at: Annotated[Time | None, Field(description="When a new month begins; null for what is stored now.")]


class RouteUsage(Reply):
    """Requests of one class of routes: read, write, infer, graphql, webhook."""

    route_class: str
    requests: int
    units: int
    refused: int


class UsageDay(Reply):
    """One day (UTC)."""

    day: date
    runs: int
    events: int
    routes: list[RouteUsage]


class Usage(Reply):
    """What a tenant may use, what it used, and what is left."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    plan: str
    rates: list[RateUsage]
    quotas: list[QuotaUsage]
    days: list[UsageDay]
