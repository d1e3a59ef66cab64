"""What the gateway needs from storage; cluster/adapters/api_gateway.py provides it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from models.domain.plans import Plan
from models.domain.rate_limits import Ask, Slice


class RateStore(Protocol):
    """Buckets that all replicas share."""

    async def take(self, asks: Sequence[Ask]) -> Sequence[Slice]:
        """A slice for each ask, in order; Unavailable when it does not answer."""


class PlanRepository(Protocol):
    """What tenants may use."""

    async def plan(self, tenant_id: UUID) -> Plan:
        """The plan with the changes made for the tenant."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given; `body` is sealed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A request with an Idempotency-Key. `hash` is of its body; `token` is new for each try."""

    tenant_id: UUID
    user_id: UUID
    route: str
    key: str
    hash: bytes
    token: UUID


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim met.

    `mine`: nobody has begun with this key, or who did is gone and changed nothing. Otherwise `same` tells whether the
    body was the same, `answer` is what was answered, and `changed` that the change was made and its answer is lost;
    none of the two: somebody is at it for `seconds` more.
    """

    mine: bool
    same: bool = True
    answer: StoredAnswer | None = None
    changed: bool = False
    seconds: float = 0.0


class IdempotencyRepository(Protocol):
    """Keys of requests that change something."""

    async def claim(self, claim: Claim, now: datetime, lease: float, remembered: float) -> Claimed:
        """Takes the key for `lease` seconds, or tells who has it. Keys are remembered for so many seconds."""

    async def answer(self, claim: Claim, answer: StoredAnswer) -> None:
        """Keeps the answer; nothing when the claim was lost."""

    async def release(self, claim: Claim) -> bool:
        """Gives the key back unless the change was made; whether it was given back."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one tenant asked for in one class of routes on one day (UTC)."""

    tenant_id: UUID
    day: date
    route_class: str
    requests: int
    units: int
    refused: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """What was accepted on one day (UTC), counted from what is stored."""

    day: date
    runs: int
    events: int


class UsageRepository(Protocol):
    """What tenants used."""

    async def add_traffic(self, traffic: Sequence[Traffic]) -> None:
        """Adds to what is stored."""

    async def traffic(self, tenant_id: UUID, since: date) -> Sequence[Traffic]:
        """By day and class, oldest first."""

    async def days(self, tenant_id: UUID, since: datetime, until: datetime) -> Sequence[DayCount]:
        """Days with runs or events, oldest first."""

    async def count(self, tenant_id: UUID, quota: str, since: datetime) -> int:
        """How much of one of models.domain.plans.QUOTAS is stored, exactly."""


class ChangeFeed(Protocol):
    """Changes that any process made to what reads may be cached of."""

    def tell(self, tenant_id: UUID, kinds: Sequence[str]) -> None:
        """Tells the other replicas soon; never waits and never fails."""

    def follow(self) -> AsyncIterator[tuple[UUID, Sequence[str]] | None]:
        """Changes as they come; None when it (again) begins to listen, as some may have been missed. Unavailable when
        it can listen no more."""


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """What the composition root hands to the gateway."""

    rates: RateStore
    plans: PlanRepository
    idempotency: IdempotencyRepository
    usage: UsageRepository
    changes: ChangeFeed


