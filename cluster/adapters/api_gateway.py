"""Binds the ports of the gateway to storage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from models.domain.identity import TenantScope
from models.domain.plans import Plan, plan_of
from serve.gateway import ports as g
from serve.gateway.idempotency import current_claim
from storage import idempotency, usage
from storage.postgres import Database, WriteConn


class ApiPlans:
    """See PlanRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plan(self, tenant_id: UUID) -> Plan:
        async with self._database.read([tenant_id]) as conn:
            return plan_of(*await usage.plan(conn, TenantScope(tenant_id)))


class ApiIdempotency:
    """See IdempotencyRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, claim: g.Claim, now: datetime, lease: float, remembered: float) -> g.Claimed:
        async with self._database.unit_of_work([claim.tenant_id]) as conn:
            found = await idempotency.claim(
                conn, _place(claim), claim.hash, now, timedelta(seconds=lease), timedelta(seconds=remembered)
            )
        if found is None:
            return g.Claimed(mine=True)
        answer = None
        if found.status is not None:
            answer = g.StoredAnswer(found.status, found.headers or {}, found.body or b"")
        return g.Claimed(False, found.same, answer, found.changed, (found.lease_until - now).total_seconds())

    async def answer(self, claim: g.Claim, answer: g.StoredAnswer) -> None:
        async with self._database.unit_of_work([claim.tenant_id]) as conn:
            await idempotency.answer(conn, _place(claim), answer.status, answer.headers, answer.body)

    async def release(self, claim: g.Claim) -> bool:
        async with self._database.unit_of_work([claim.tenant_id]) as conn:
            return await idempotency.release(conn, _place(claim))


class ApiUsage:
    """See UsageRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_traffic(self, traffic: Sequence[g.Traffic]) -> None:
        rows = [
            usage.TrafficRow(t.tenant_id, t.day, t.route_class, t.requests, t.units, t.refused) for t in traffic
        ]
        async with self._database.unit_of_work({row.tenant_id for row in rows}) as conn:
            await usage.add_traffic(conn, rows)

    async def traffic(self, tenant_id: UUID, since: date) -> Sequence[g.Traffic]:
        async with self._database.read([tenant_id]) as conn:
            found = await usage.traffic(conn, TenantScope(tenant_id), since)
        return [g.Traffic(tenant_id, t.day, t.route_class, t.requests, t.units, t.refused) for t in found]

    async def days(self, tenant_id: UUID, since: datetime, until: datetime) -> Sequence[g.DayCount]:
        async with self._database.read([tenant_id]) as conn:
            found = await usage.days(conn, TenantScope(tenant_id), since, until)
        return [g.DayCount(one.day, one.runs, one.events) for one in found]

    async def count(self, tenant_id: UUID, quota: str, since: datetime) -> int:
        async with self._database.read([tenant_id]) as conn:
            return await usage.count(conn, TenantScope(tenant_id), quota, since)


async def mark_claim(conn: WriteConn) -> None:
    """The last write of each transaction of the API: a request with a key says that its change is made."""
    claim = current_claim()
    if claim is not None:
        await idempotency.mark(conn, _place(claim))


def _place(claim: g.Claim) -> idempotency.Place:
    return idempotency.Place(claim.tenant_id, claim.user_id, claim.route, claim.key, claim.token)
