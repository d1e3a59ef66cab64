"""Who spends from which buckets: a meter for each caller, by the plan of the tenant."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextvars import Context
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Unavailable
from models.domain.identity import Credential
from models.domain.limits import Limits
from models.domain.plans import DEFAULT_PLAN, PLANS, Plan
from models.domain.rate_limits import Rate
from serve.auth.admission import Caller
from serve.context import log_failure
from serve.gateway.buckets import Bucket, Meter
from serve.gateway.cache import identity_of
from serve.gateway.ports import PlanRepository
from serve.gateway.traffic import TrafficBook


class PlanBook:
    """Plans of tenants, read again every `plan_seconds`; while they cannot be read, what was known stays."""

    def __init__(self, plans: PlanRepository, clock: Clock, limits: Limits) -> None:
        self._plans, self._clock = plans, clock
        self._seconds, self._most = limits.plan_seconds, limits.max_metered_callers
        self._known: OrderedDict[UUID, tuple[Plan, float]] = OrderedDict()

    async def plan(self, tenant_id: UUID) -> Plan:
        """The plan of the tenant; the default one when it cannot be read and never was."""
        known = self._known.get(tenant_id)
        now = self._clock.monotonic()
        if known is not None and now < known[1]:
            return known[0]
        try:
            plan = await self._plans.plan(tenant_id)
        except Unavailable as error:
            log_failure("the plan of a tenant", error)
            plan = known[0] if known else PLANS[DEFAULT_PLAN]
        self._known[tenant_id] = (plan, now + self._seconds)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return plan

    def forget(self, tenant_id: UUID) -> None:
        """Reads the plan anew when it is needed next."""
        self._known.pop(tenant_id, None)


class Meters:
    """Finds the meter of a caller in well under a microsecond. Not for several threads."""

    def __init__(self, book: PlanBook, traffic: TrafficBook, clock: Clock, limits: Limits) -> None:
        self._book, self._traffic, self._clock = book, traffic, clock
        self._seconds, self._most = limits.plan_seconds, limits.max_metered_callers
        # By the identity of the object: the admission gives out one a token, and another when its rights change.
        self._meters: OrderedDict[int, tuple[Caller, Meter, float]] = OrderedDict()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._reading: set[asyncio.Task[Meter]] = set()

    def find(self, caller: Caller) -> Meter | None:
        """The meter, when it is known; one that has aged is made anew beside the request."""
        found = self._meters.get(id(caller))
        if found is None or found[0] is not caller:
            return None
        _, meter, until = found
        if self._clock.monotonic() >= until:
            self._meters[id(caller)] = (caller, meter, until + self._seconds)
            task = asyncio.get_running_loop().create_task(self.open(caller), context=Context())
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        return meter

    async def open(self, caller: Caller) -> Meter:
        """Makes the meter."""
        principal = caller.principal
        plan = await self._book.plan(principal.tenant_id)
        tenant, now = principal.tenant_id.hex, self._clock.monotonic()
        buckets = [self._bucket(f"{tenant}", "tenant", plan.tenant)]
        if principal.credential is Credential.API_KEY:
            buckets.append(self._bucket(f"{tenant}:key:{principal.session_id.hex}", "api_key", plan.api_key))
        else:
            buckets.append(self._bucket(f"{tenant}:user:{principal.user_id.hex}", "user", plan.user))
        routes = {
            operation: self._bucket(f"{tenant}:route:{operation}", "route", rate)
            for operation, rate in plan.routes.items()
        }
        meter = Meter(
            principal.tenant_id, principal, identity_of(caller), plan, tuple(buckets), routes,
            self._traffic.of(principal.tenant_id),
        )
        self._meters[id(caller)] = (caller, meter, now + self._seconds)
        if len(self._meters) > self._most:
            self._meters.popitem(last=False)
        return meter

    async def of_tenant(self, tenant_id: UUID) -> Meter:
        """What a tenant spends from when no user of it asks, as for webhooks."""
        plan = await self._book.plan(tenant_id)
        bucket = self._bucket(tenant_id.hex, "tenant", plan.tenant)
        return Meter(tenant_id, None, b"", plan, (bucket,), {}, self._traffic.of(tenant_id))

    def forget(self, tenant_id: UUID) -> None:
        """Makes the meters of a tenant anew, with its plan as it is then."""
        self._book.forget(tenant_id)
        gone = [
            place for place, (_, meter, _) in self._meters.items() if meter.tenant_id == tenant_id
        ]
        for place in gone:
            del self._meters[place]

    async def close(self) -> None:
        """Ends what reads plans."""
        for task in list(self._reading):
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    def _bucket(self, key: str, scope: str, rate: Rate) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[key] = Bucket(key, scope, rate, self._clock.monotonic())
            if len(self._buckets) > 4 * self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket
