"""The gateway's ports in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from models.domain.clock import Clock, ManualClock
from models.domain.errors import InProgress, Unavailable
from models.domain.plans import DEFAULT_PLAN, PLANS, Plan
from models.domain.rate_limits import Ask, Slice, take
from serve.gateway import ports as g
from serve.gateway.idempotency import current_claim


class FakeRates:
    """Shared buckets; `away` makes every call fail, `calls` counts them."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.paid: dict[str, float] = {}
        self.calls = 0
        self.away = False

    async def take(self, asks: Sequence[Ask]) -> Sequence[Slice]:
        await asyncio.sleep(0)
        self.calls += 1
        if self.away:
            raise Unavailable
        found = []
        for ask in asks:
            self.paid[ask.key], one = take(self.paid.get(ask.key, 0.0), self.clock.monotonic() * 1e6, ask)
            found.append(one)
        return found


class FakePlans:
    def __init__(self) -> None:
        self.plans: dict[UUID, Plan] = {}

    async def plan(self, tenant_id: UUID) -> Plan:
        return self.plans.get(tenant_id, PLANS[DEFAULT_PLAN])


@dataclass
class _Key:
    claim: g.Claim
    until: datetime
    made_at: datetime
    changed: bool = False
    answer: g.StoredAnswer | None = None


@dataclass
class FakeIdempotency:
    """As storage keeps it; `mark` is what a transaction of the change does."""

    keys: dict[tuple[UUID, UUID, str, str], _Key] = field(default_factory=dict)

    async def claim(self, claim: g.Claim, now: datetime, lease: float, remembered: float) -> g.Claimed:
        place = _place(claim)
        known = self.keys.get(place)
        old = known is not None and known.made_at < now - timedelta(seconds=remembered)
        dead = known is not None and not known.changed and known.answer is None and known.until < now
        if known is None or old or (dead and known.claim.hash == claim.hash):
            self.keys[place] = _Key(claim, now + timedelta(seconds=lease), now)
            return g.Claimed(mine=True)
        return g.Claimed(
            False, known.claim.hash == claim.hash, known.answer, known.changed, (known.until - now).total_seconds()
        )

    def mark(self) -> None:
        claim = current_claim()
        if claim is not None:
            known = self.keys.get(_place(claim))
            if known is None or known.claim.token != claim.token:
                raise InProgress
            known.changed = True

    async def answer(self, claim: g.Claim, answer: g.StoredAnswer) -> None:
        known = self.keys.get(_place(claim))
        if known is not None and known.claim.token == claim.token:
            known.answer = answer

    async def release(self, claim: g.Claim) -> bool:
        known = self.keys.get(_place(claim))
        if known is None or known.claim.token != claim.token or known.changed:
            return False
        del self.keys[_place(claim)]
        return True


@dataclass
class FakeUsage:
    rows: dict[tuple[UUID, date, str], g.Traffic] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)
    counts: int = 0

    async def add_traffic(self, traffic: Sequence[g.Traffic]) -> None:
        for one in traffic:
            place = (one.tenant_id, one.day, one.route_class)
            had = self.rows.get(place, replace(one, requests=0, units=0, refused=0))
            self.rows[place] = replace(
                had, requests=had.requests + one.requests, units=had.units + one.units,
                refused=had.refused + one.refused,
            )

    async def traffic(self, tenant_id: UUID, since: date) -> Sequence[g.Traffic]:
        return [row for row in self.rows.values() if row.tenant_id == tenant_id and row.day >= since]

    async def days(self, tenant_id: UUID, since: datetime, until: datetime) -> Sequence[g.DayCount]:
        return [g.DayCount(since.date(), self.stored.get("runs", 0), self.stored.get("events", 0))]

    async def count(self, tenant_id: UUID, quota: str, since: datetime) -> int:
        self.counts += 1
        return self.stored.get(quota, 0)


class FakeChanges:
    """`heard` is what other replicas tell; `told` what this one told."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[UUID, Sequence[str]] | None] = asyncio.Queue()
        self.told: list[tuple[UUID, tuple[str, ...]]] = []
        self.heard.put_nowait(None)

    def tell(self, tenant_id: UUID, kinds: Sequence[str]) -> None:
        self.told.append((tenant_id, tuple(kinds)))

    async def follow(self) -> AsyncIterator[tuple[UUID, Sequence[str]] | None]:
        while True:
            yield await self.heard.get()


def make_gateway() -> g.GatewayPorts:
    """Fakes for every port of the gateway."""
    return g.GatewayPorts(FakeRates(), FakePlans(), FakeIdempotency(), FakeUsage(), FakeChanges())


def _place(claim: g.Claim) -> tuple[UUID, UUID, str, str]:
    return claim.tenant_id, claim.user_id, claim.route, claim.key
