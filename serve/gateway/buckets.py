"""What a replica knows of one bucket, and the buckets that one caller spends from."""

from __future__ import annotations

import math
from uuid import UUID

from models.domain.identity import Principal
from models.domain.plans import Plan
from models.domain.rate_limits import Ask, Rate, Slice

# A replica that is asked little still holds a few requests' worth, within its slice.
_FEW = 8
# What is asked for should last for so many seconds.
_AHEAD = 0.1
_SAID = {"tenant": "organisation", "user": "user", "api_key": "API key", "route": "operation"}


class Bucket:
    """The slice of one shared bucket. `tokens` are held, `left` was in the shared bucket when it was last asked."""

    __slots__ = (
        "asked", "key", "least", "left", "low", "own_paid_until", "rate", "refused_cost", "refused_until", "scope",
        "seen", "since", "spent", "tokens", "wait", "waiting",
    )  # fmt: skip

    def __init__(self, key: str, scope: str, rate: Rate, now: float) -> None:
        self.key, self.scope, self.rate = key, scope, rate
        self.tokens = self.low = self.waiting = self.least = self.spent = self.seen = 0
        self.left = rate.capacity
        self.asked = False
        self.since = now
        self.own_paid_until = 0.0
        self.refused_cost, self.refused_until, self.wait = 0, 0.0, 0.0

    @property
    def said(self) -> str:
        """What the bucket is of, in words."""
        return _SAID[self.scope]

    @property
    def remaining(self) -> int:
        """Units that are there, as far as this replica knows."""
        return max(self.left, 0) + self.tokens

    def ask(self, now: float, replicas: int) -> Ask:
        """What to ask for now: what waits, and a slice for the next moment."""
        most = self.rate.slice_for(replicas)
        speed = self.spent / max(now - self.since, 0.001)
        if now - self.since > 1.0:
            self.since, self.spent, self.seen = now, 0, 0
        ahead = min(most, max(int(speed * _AHEAD), _FEW * max(self.least, 1)))
        self.low = ahead // 2
        wanted = max(self.waiting + ahead - self.tokens, 0)
        least = max(self.least - self.tokens, 1 if wanted else 0)
        self.waiting = self.least = 0
        self.asked = True
        return Ask(self.key, self.rate, least, max(wanted, least))

    def give_back(self) -> Ask:
        """Everything that is held."""
        back, self.tokens = self.tokens, 0
        return Ask(self.key, self.rate, 0, 0, back)

    def take_in(self, ask: Ask, found: Slice, now: float, longest: float) -> None:
        """What came of an ask."""
        self.asked = False
        self.tokens += found.granted
        self.left = found.left
        if ask.least and not found.granted:
            self.refused_cost, self.wait = ask.least + self.tokens, found.wait
            self.refused_until = now + min(found.wait, longest)

    def is_idle(self) -> bool:
        """Whether nothing was spent since the last time this was asked."""
        idle = self.spent == self.seen
        self.seen = self.spent
        return idle


class Meter:
    """The buckets that one caller spends from, and what belongs to each answer of theirs.

    `identity` tells the caller's view from every other one's; `traffic` are the tenant's counts by class.
    """

    __slots__ = ("buckets", "identity", "plan", "policy", "principal", "routes", "tenant_id", "traffic")

    def __init__(
        self,
        tenant_id: UUID,
        principal: Principal | None,
        identity: bytes,
        plan: Plan,
        buckets: tuple[Bucket, ...],
        routes: dict[str, Bucket],
        traffic: dict[str, list[int]],
    ) -> None:
        self.tenant_id = tenant_id
        self.principal, self.identity, self.plan = principal, identity, plan
        self.buckets, self.routes, self.traffic = buckets, routes, traffic
        self.policy = policy_header(buckets)

    def row(self, route_class: str) -> list[int]:
        """Requests, units and refusals of the tenant in this class, not yet written."""
        found = self.traffic.get(route_class)
        if found is None:
            found = self.traffic[route_class] = [0, 0, 0]
        return found

    def buckets_for(self, operation: str) -> tuple[Bucket, ...]:
        """Those of the caller, and that of the operation where the plan has one."""
        bucket = self.routes.get(operation) if self.routes else None
        return self.buckets if bucket is None else (*self.buckets, bucket)


def policy_header(buckets: tuple[Bucket, ...]) -> bytes:
    """The value of RateLimit-Policy."""
    return ", ".join(
        f'"{bucket.scope}";q={bucket.rate.capacity};qu="units";w={bucket.rate.window}' for bucket in buckets
    ).encode()


def state_header(buckets: tuple[Bucket, ...]) -> bytes:
    """The value of RateLimit: units that are left, and seconds until all are there again."""
    parts = []
    for bucket in buckets:
        rate, left = bucket.rate, bucket.remaining
        missing = rate.capacity - left
        seconds = math.ceil(missing * rate.interval / 1e6) if missing > 0 else 0
        parts.append(f'"{bucket.scope}";r={left};t={seconds}')
    return ", ".join(parts).encode()
