"""Requests with an Idempotency-Key: one change, and the same answer for every copy of the request.

The key is claimed for a while before the route runs. Every transaction that the route commits marks the claim in the
same transaction (storage/idempotency.py), and fails when somebody else has it by now: so a replica that dies leaves
either no change and a claim that runs out, or a marked change. Then the route is run again, or the caller is told that
the change was made and its answer is lost; never is it made twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from starlette.responses import Response

from models.domain.clock import Clock
from models.domain.errors import AnswerGone, IdempotencyMismatch, InProgress, TidewireError
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Sealer
from serve.context import log_failure
from serve.gateway.counters import GatewayCounters
from serve.gateway.ports import Claim, IdempotencyRepository, StoredAnswer

# What belongs to the answer; the rest is of the moment.
_KEPT = ("content-type", "location", "etag", "cache-control", "link", "retry-after")
_REPLAYED = "idempotent-replayed"

_claim: ContextVar[Claim | None] = ContextVar("tidewire_claim", default=None)


def current_claim() -> Claim | None:
    """The claim of the request that this task serves, for what commits its changes."""
    return _claim.get()


class Idempotency:
    """Runs routes under keys."""

    def __init__(
        self, keys: IdempotencyRepository, sealer: Sealer, clock: Clock, limits: Limits, counters: GatewayCounters
    ) -> None:
        self._keys, self._sealer, self._clock, self._counters = keys, sealer, clock, counters
        self._remembered = limits.idempotency_seconds
        self._lease = limits.idempotency_lease_seconds
        self._most = limits.max_remembered_answer_bytes

    async def run(
        self,
        principal: Principal,
        route: str,
        key: str,
        body: bytes,
        work: Callable[[], Awaitable[Response]],
        failed: Callable[[TidewireError], Response],
    ) -> Response:
        """The answer of `work`, or the one that was given before. `failed` tells an error of ours as an answer."""
        claim = Claim(
            principal.tenant_id, principal.user_id, route, key, hashlib.sha256(body).digest(),
            uuid7(self._clock.now()),
        )  # fmt: skip
        met = await self._keys.claim(claim, self._clock.now(), self._lease, self._remembered)
        if met.mine:
            self._counters.keyed("claimed")
            return await self._first(claim, work, failed)
        if not met.same:
            self._counters.keyed("mismatch")
            raise IdempotencyMismatch
        if met.answer is not None:
            self._counters.keyed("replayed")
            return self._replay(claim, met.answer)
        # Who made the change may be about to answer, as long as its lease lasts.
        lost = met.changed and met.seconds <= 0
        self._counters.keyed("lost" if lost else "in_progress")
        if lost:
            raise AnswerGone
        raise InProgress(retry_after=max(1.0, min(met.seconds, 5.0)))

    async def _first(
        self, claim: Claim, work: Callable[[], Awaitable[Response]], failed: Callable[[TidewireError], Response]
    ) -> Response:
        token = _claim.set(claim)
        try:
            response = await work()
        except TidewireError as error:
            _claim.reset(token)
            if not await self._released(claim):
                # Something was changed before it failed: that is what happened, and what copies are told.
                await self._keep(claim, failed(error))
            raise
        except BaseException:
            _claim.reset(token)
            await self._released(claim)
            raise
        _claim.reset(token)
        if response.status_code >= 400 and await self._released(claim):
            return response
        await self._keep(claim, response)
        return response

    async def _released(self, claim: Claim) -> bool:
        try:
            return await self._keys.release(claim)
        except TidewireError as error:
            log_failure("the return of an idempotency key", error)
            return True

    async def _keep(self, claim: Claim, response: Response) -> None:
        body = getattr(response, "body", None)
        if not isinstance(body, bytes) or len(body) > self._most:
            await self._released(claim)
            return
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        sealed = self._sealer.seal(body, _context(claim))
        try:
            await self._keys.answer(claim, StoredAnswer(response.status_code, headers, sealed))
        except TidewireError as error:
            # The change stands; copies will be told that its answer is lost.
            log_failure("the answer of an idempotency key", error)

    def _replay(self, claim: Claim, stored: StoredAnswer) -> Response:
        body = self._sealer.open(stored.body, _context(claim))
        return Response(body, stored.status, {**stored.headers, _REPLAYED: "true"})


def _context(claim: Claim) -> str:
    return f"idempotency:{claim.tenant_id}:{claim.user_id}:{claim.route}:{claim.key}"
