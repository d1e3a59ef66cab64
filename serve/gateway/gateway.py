"""The gateway of one replica: what a request passes between the check of its caller and its route."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.types import Scope

from models.domain.clock import Clock
from models.domain.errors import TooManyRequests, Unavailable
from models.domain.limits import Limits
from models.domain.plans import Plan
from models.domain.ports import Sealer
from serve.auth.admission import Caller
from serve.context import log_failure
from serve.gateway.buckets import Bucket, Meter, state_header
from serve.gateway.cache import EVERYTHING, ResponseCache
from serve.gateway.counters import GatewayCounters
from serve.gateway.idempotency import Idempotency
from serve.gateway.limiter import RateLimiter
from serve.gateway.load import Load
from serve.gateway.meters import Meters, PlanBook
from serve.gateway.policy import Policy
from serve.gateway.ports import GatewayPorts
from serve.gateway.quotas import Quotas
from serve.gateway.traffic import TrafficBook

# Where headers for the answer wait until the outermost layer adds them.
HEADERS = "tidewire.headers"
# The meter of the caller, for routes that tell what is left.
METER = "tidewire.meter"
# What anybody changed about a tenant's plan.
PLAN = "plan"
_RETRY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What the gateway is told beside its ports. `replicas`: how many of this API share the limits."""

    clock: Clock
    limits: Limits
    sealer: Sealer
    counters: GatewayCounters
    replicas: int = 1


class Gateway:
    """Not for several threads. `start` it in the loop that serves."""

    def __init__(self, ports: GatewayPorts, config: GatewayConfig) -> None:
        clock, limits = config.clock, config.limits
        self.counters = config.counters
        self.load = Load(limits, self.counters)
        self.limiter = RateLimiter(ports.rates, clock, limits, config.replicas, self.counters)
        self.traffic = TrafficBook(ports.usage, clock)
        self.plans = PlanBook(ports.plans, clock, limits)
        self.meters = Meters(self.plans, self.traffic, clock, limits)
        self.cache = ResponseCache(clock, limits, self.counters)
        self.keys = Idempotency(ports.idempotency, config.sealer, clock, limits, self.counters)
        self.quotas = Quotas(ports.usage, self.plans, clock, config.replicas)
        self.usage = ports.usage
        self._changes = ports.changes
        self._pause = limits.traffic_seconds
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins what goes on beside requests."""
        self.limiter.start()
        self.load.start()
        self._tasks = [self._begin(self._follow(), "changes"), self._begin(self._write(), "traffic")]

    async def close(self) -> None:
        """Ends it, and writes what was counted."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.load.close()
        await self.limiter.close()
        await self.meters.close()
        with suppress(Unavailable, OSError, TimeoutError):
            await self.traffic.write()

    async def enter(self, scope: Scope, caller: Caller, policy: Policy) -> Meter:
        """Charges the caller what the route costs; TooManyRequests when a limit is used up."""
        meter = self.meters.find(caller)
        if meter is None:
            meter = await self.meters.open(caller)
        cost = policy.cost or 0
        buckets = meter.buckets_for(policy.operation) if meter.routes else meter.buckets
        row = meter.row(policy.route_class)
        if not self.limiter.spend(buckets, cost):
            await self._obtain(scope, meter, buckets, cost, row)
        row[0] += 1
        row[1] += cost
        scope[METER], scope[HEADERS] = meter, policy.headers
        self._tell(scope, meter, buckets)
        return meter

    async def charge(self, scope: Scope, cost: int, route_class: str = "graphql") -> None:
        """Charges the caller of a request more than its route costs by itself, as for what a query touches;
        TooManyRequests when it is not there, and then nothing was taken."""
        meter: Meter = scope[METER]
        try:
            await self._pay(meter, cost, route_class)
        finally:
            self._tell(scope, meter, meter.buckets)

    async def charge_tenant(self, tenant_id: UUID, cost: int, route_class: str = "webhook") -> None:
        """Charges a tenant for what comes from outside without a user, as webhooks."""
        await self._pay(await self.meters.of_tenant(tenant_id), cost, route_class)

    async def _pay(self, meter: Meter, cost: int, route_class: str) -> None:
        row = meter.row(route_class)
        try:
            if not self.limiter.spend(meter.buckets, cost):
                await self.limiter.obtain(meter.buckets, cost)
        except TooManyRequests:
            row[2] += 1
            raise
        row[0] += 1
        row[1] += cost

    def changed(self, tenant_id: UUID, kinds: tuple[str, ...] | None) -> None:
        """A route has changed things of these kinds (None: of any): forgets what shows them, here now and in the
        other replicas soon."""
        told = (EVERYTHING,) if kinds is None else kinds
        if told:
            self.cache.purge(tenant_id, told)
            self._changes.tell(tenant_id, told)

    async def plan(self, tenant_id: UUID) -> Plan:
        """The plan of a tenant."""
        return await self.plans.plan(tenant_id)

    async def _obtain(self, scope: Scope, meter: Meter, buckets: tuple[Bucket, ...], cost: int, row: list[int]) -> None:
        try:
            await self.limiter.obtain(buckets, cost)
        except TooManyRequests:
            row[0] += 1
            row[2] += 1
            scope[HEADERS] = ()
            self._tell(scope, meter, buckets)
            raise

    def _tell(self, scope: Scope, meter: Meter, buckets: tuple[Bucket, ...]) -> None:
        told = [pair for pair in scope[HEADERS] if not pair[0].startswith(b"ratelimit")] if scope[HEADERS] else []
        scope[HEADERS] = [(b"ratelimit-policy", meter.policy), (b"ratelimit", state_header(buckets)), *told]

    async def _follow(self) -> None:
        while True:
            try:
                async for change in self._changes.follow():
                    self._hear(change)
            except (Unavailable, OSError, TimeoutError) as error:
                if self.cache.hears:
                    log_failure("the changes of other replicas", error)
            except Exception as error:
                log_failure("the changes of other replicas", error)
            self.cache.hears = False
            self.cache.clear()
            await asyncio.sleep(_RETRY_SECONDS)

    def _hear(self, change: tuple[UUID, Any] | None) -> None:
        if change is None:
            self.cache.clear()
            self.cache.hears = True
            return
        tenant_id, kinds = change
        self.cache.purge(tenant_id, kinds)
        if PLAN in kinds or EVERYTHING in kinds:
            self.meters.forget(tenant_id)

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.traffic.write()
            except Exception as error:
                log_failure("the count of what tenants ask", error)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return asyncio.create_task(work, name=f"gateway {name}")
