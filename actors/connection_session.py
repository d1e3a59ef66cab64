"""The session with one HTTP API: its secret, its quota and its circuit breaker, kept for one connection of a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from actors.http_step import basic
from actors.ports import ConnectionStore, StoredConnection
from models.domain import breaker as breaking
from models.domain import quota as counting
from models.domain.breaker import Breaker, BreakerRule
from models.domain.clock import Clock
from models.domain.egress import parse_target
from models.domain.errors import (
    CircuitOpen,
    Fault,
    InvalidInput,
    LimitExceeded,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse, OutboundHttp, Sealer
from models.domain.quota import QuotaRule, QuotaUse

_FRESH_SECONDS = 2.0
# So many reservations are written for each window at most; the rest of the calls need no write.
_WRITES_PER_WINDOW = 20


class ConnectionSession:
    """Sends for one connection. Calls are counted before they leave, in what survives a crash of the host."""

    def __init__(
        self,
        tenant_id: UUID,
        name: str,
        store: ConnectionStore,
        sealer: Sealer,
        outbound: OutboundHttp,
        clock: Clock,
        limits: Limits,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._tenant_id, self._name = tenant_id, name
        self._store, self._sealer, self._outbound = store, sealer, outbound
        self._clock, self._limits, self._sleep = clock, limits, sleep
        self._lock = asyncio.Lock()
        self._stored: StoredConnection | None = None
        self._read_at = float("-inf")
        self._headers: Mapping[str, str] = {}
        self._breaker = Breaker()
        self._use = QuotaUse()
        # Calls that are counted already and not made yet, and the bucket in which they must be made.
        self._reserved = 0
        self._reserved_bucket = 0
        # When calls ended that ended later than they are counted.
        self._late: list[float] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        """NotFound, CircuitOpen, TooManyRequests, or as OutboundHttp.send. Redirects are not followed: they could carry
        the secret elsewhere."""
        bucket = await self._admit()
        stored = self._stored
        assert stored is not None
        url = joined(stored.base_url, request.url)
        headers = {**request.headers, **self._headers}
        try:
            response = await self._outbound.send(replace(request, url=url, headers=headers, follow_redirects=False))
        except (Unavailable, TimeoutError):
            await self._settle(bucket, is_failure=True)
            raise
        except LimitExceeded:
            await self._settle(bucket, is_failure=False)
            raise
        await self._settle(bucket, is_failure=response.status >= 500)
        return response

    # ---------------------------------------------------------------- before the call

    async def _admit(self) -> int:
        """Waits its turn; the bucket in which the call is counted."""
        waited = 0.0
        while True:
            async with self._lock:
                await self._refresh()
                seconds = await self._try()
            if seconds is None:
                return self._reserved_bucket
            if waited + seconds > self._limits.max_quota_wait_seconds:
                raise TooManyRequests(f"The quota of the connection {self._name} is used up.", round(seconds, 3))
            waited += seconds
            await self._sleep(seconds)

    async def _refresh(self) -> None:
        """Looks for changed settings now and then; what was counted here meanwhile is not forgotten."""
        if self._stored is not None and self._clock.monotonic() - self._read_at < _FRESH_SECONDS:
            return
        await self._read()

    async def _read(self) -> None:
        found = await self._store.get(self._tenant_id, self._name)
        self._read_at = self._clock.monotonic()
        if found is None:
            self._stored = None
            raise NotFound(f"There is no connection {self._name}.")
        known = self._stored
        if known is None or known.updated_at != found.updated_at:
            self._headers = self._authorization(found)
        if known is None or known.updated_at != found.updated_at or known.state_at != found.state_at:
            state = found.state or {}
            self._breaker = breaking.from_json(state.get("breaker"))
            rule = _quota_rule(found)
            self._use = counting.from_json(rule, state.get("quota")) if rule else QuotaUse()
        if known is None or known.settings != found.settings:
            self._reserved = 0
        # What was reserved here before is part of what others have written since.
        self._stored = found

    async def _try(self) -> float | None:
        """None when a call may go out now, else how long to wait."""
        stored, now = self._stored, self._now()
        assert stored is not None
        breaker, left = breaking.permit(_breaker_rule(stored), self._breaker, now)
        if left > 0:
            raise CircuitOpen(
                f"The circuit breaker of the connection {self._name} is open after {breaker.failures} failures; "
                f"it tries again in {left:.0f} s."
            )
        rule = _quota_rule(stored)
        use, reserved = self._use, self._reserved
        if rule is not None and (reserved < 1 or counting.bucket_of(rule, now) != self._reserved_bucket):
            use = counting.give_back(use, self._reserved_bucket, reserved)
            for at in self._late:
                use = counting.take(rule, use, 1, at)
            reserved = min(counting.spare(rule, use, now), max(1, rule.requests // _WRITES_PER_WINDOW))
            if reserved < 1:
                return max(counting.wait_for_one(rule, use, now), 0.001)
            use = counting.take(rule, use, reserved, now)
        is_reserving = use != self._use
        if (breaker != self._breaker or is_reserving) and not await self._save(breaker, use):
            await self._read()
            return 0.0
        if is_reserving:
            self._late.clear()
        self._reserved = reserved - 1
        self._reserved_bucket = counting.bucket_of(rule, now) if rule is not None else 0
        return None

    # ---------------------------------------------------------------- after the call

    async def _settle(self, bucket: int, *, is_failure: bool) -> None:
        """Counts the call where it ended, too: it may have reached its target as late as that."""
        async with self._lock:
            stored, now = self._stored, self._now()
            if stored is None:
                return
            rule = _quota_rule(stored)
            if rule is not None and counting.bucket_of(rule, now) != bucket:
                self._late.append(now)
            before = self._breaker
            after = breaking.failed(_breaker_rule(stored), before, now) if is_failure else breaking.succeeded(before)
            if after == before:
                return
            if before.phase is after.phase:
                self._breaker = after
                return
            try:
                if not await self._save(after, self._use):
                    await self._read()
            except (Unavailable, NotFound):
                self._breaker = after

    async def _save(self, breaker: Breaker, use: QuotaUse) -> bool:
        """False when another host has written; then nothing is as it was believed."""
        stored = self._stored
        assert stored is not None
        now, rule = self._clock.now(), _quota_rule(stored)
        state: dict[str, Any] = {"breaker": breaking.to_json(breaker)}
        if rule is not None:
            state["quota"] = counting.to_json(rule, use, self._now())
        if not await self._store.save_state(self._tenant_id, self._name, state, stored.state_at, now):
            return False
        self._stored = replace(stored, state=state, state_at=now)
        self._breaker, self._use = breaker, use
        return True

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _authorization(self, stored: StoredConnection) -> dict[str, str]:
        """The headers that carry the secret; it is in the clear nowhere else."""
        auth = stored.settings.get("auth")
        if auth is None or stored.secret_sealed is None:
            return {}
        context = f"connection:{self._tenant_id}:{self._name}"
        secret = orjson.loads(self._sealer.open(stored.secret_sealed, context))
        match auth["kind"]:
            case "bearer":
                return {"authorization": f"Bearer {secret['token']}"}
            case "basic":
                return basic(auth["username"], secret["password"])
            case _:
                return {auth["name"].lower(): secret["value"]}


def joined(base: str, address: str) -> str:
    """The address under the base; InvalidInput when it points to another place, where the secret must not go."""
    if "://" not in address:
        return f"{base.rstrip('/')}/{address.lstrip('/')}" if address.strip("/") else base
    if parse_target(address) != parse_target(base):
        raise InvalidInput(
            "The address does not belong to the connection.",
            [Fault("/uri", f"expected a path, or an address that begins with {base}")],
        )
    return address


def _quota_rule(stored: StoredConnection) -> QuotaRule | None:
    quota = stored.settings.get("quota")
    return QuotaRule(int(quota["requests"]), float(quota["per_seconds"])) if quota else None


def _breaker_rule(stored: StoredConnection) -> BreakerRule:
    found = stored.settings.get("breaker") or {}
    return BreakerRule(int(found.get("failures", 5)), float(found.get("reset_seconds", 30)))
