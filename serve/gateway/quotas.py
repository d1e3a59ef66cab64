"""Quotas of plans: runs and events of a month, bytes of stored events; counted exactly from what is stored.

Counting for each request would be slow, so a replica counts, then lets a part of what is left pass and counts again:
the nearer the end, the smaller the part. Tenants whose plan has no quotas cost nothing.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import LimitExceeded
from models.domain.plans import month_of
from serve.gateway.meters import PlanBook
from serve.gateway.ports import UsageRepository

_SAID = {"runs": "runs a month", "events": "events a month", "event_bytes": "bytes of stored events"}
# Counts by others are not seen for at most this long.
_SECONDS = 60.0


class Quotas:
    """Of one replica."""

    def __init__(self, usage: UsageRepository, plans: PlanBook, clock: Clock, replicas: int) -> None:
        self._usage, self._plans, self._clock = usage, plans, clock
        self._replicas = max(1, replicas)
        # What may pass until the next count, and until when.
        self._passes: dict[tuple[UUID, str], tuple[int, float, datetime]] = {}

    async def require(self, tenant_id: UUID, quota: str, amount: int = 1) -> None:
        """LimitExceeded when `amount` more would go beyond the tenant's quota."""
        plan = await self._plans.plan(tenant_id)
        limit = plan.quota(quota)
        if limit is None:
            return
        month, until = month_of(self._clock.now())
        place, now = (tenant_id, quota), self._clock.monotonic()
        passes, expires, of = self._passes.get(place, (0, 0.0, month))
        if passes >= amount and now < expires and of == month:
            self._passes[place] = (passes - amount, expires, of)
            return
        stored = await self._usage.count(tenant_id, quota, month)
        left = limit - stored
        if left < amount:
            raise LimitExceeded(
                f"{plan.name}.{quota}", limit,
                f"The plan {plan.name} has {limit:,} {_SAID[quota]}; {stored:,} are used."
                + (f" The next month begins at {until:%Y-%m-%dT%H:%M:%SZ}." if quota != "event_bytes" else ""),
            )
        allowed = max(left // (2 * self._replicas) - amount, 0)
        if len(self._passes) > 10_000:
            self._passes.clear()
        self._passes[place] = (allowed, now + _SECONDS, month)
