"""The way of one request through the gateway: limits, remembered answers, keys, deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import Scope, Send

from models.domain.errors import TidewireError, TookTooLong
from serve.body import LimitedRequest
from serve.errors import problem_of
from serve.gateway.buckets import Meter
from serve.requests import checked_key

if TYPE_CHECKING:
    from models.domain.limits import Limits
    from serve.gateway.gateway import Gateway
    from serve.gateway.policy import Policy

Work = Callable[[], Awaitable[Response]]


class Asked:
    """The headers that the gateway reads, found in one look."""

    __slots__ = ("authorization", "if_none_match", "key")

    def __init__(self, scope: Scope) -> None:
        self.authorization = self.if_none_match = ""
        self.key: str | None = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                self.authorization = value.decode("latin-1")
            elif name == b"if-none-match":
                self.if_none_match = value.decode("latin-1")
            elif name == b"idempotency-key":
                self.key = value.decode("latin-1")


class Passage:
    """What one route asks of the gateway."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def read(self, gateway: Gateway, meter: Meter, asked: Asked, request: LimitedRequest, work: Work,
                   send: Send) -> None:
        """Sends a remembered answer, or the one that `work` makes, which is remembered."""
        scope, cache = request.scope, gateway.cache
        place = (meter.identity, scope["path"], scope["query_string"])
        answer = cache.find(place)
        if answer is None:
            gateway.counters.misses.inc()
            if asked.if_none_match:
                # The route shall make the answer, which is remembered; whether the caller has it is told here.
                scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"if-none-match"]
            marks = cache.marks(meter.tenant_id, self.policy.shows or ())
            response = await work()
            answer = cache.keep(place, response, marks)
            if answer is None:
                await response(scope, request.receive, send)
                return
        else:
            gateway.counters.hits.inc()
        if await answer.send(asked.if_none_match, send):
            gateway.counters.not_modified.inc()

    async def change(self, gateway: Gateway, meter: Meter, asked: Asked, request: LimitedRequest,
                     work: Work) -> Response:
        """The answer of `work`, made once for all requests with the same key; what it changed is told."""
        try:
            if asked.key is None or not self.policy.keyed or meter.principal is None:
                return await work()
            key = checked_key(asked.key)
            scope = request.scope
            body = b"\0".join((scope["query_string"], _content_type(scope), await request.body()))
            route = f"{scope['method']} {scope['path']}"

            def failed(error: TidewireError) -> Response:
                return problem_of(request, error)

            return await gateway.keys.run(meter.principal, route, key, body, work, failed)
        finally:
            if self.policy.changes != ():
                gateway.changed(meter.tenant_id, self.policy.changes)

    def within(self, limits: Limits, work: Work) -> Work:
        """`work` with a deadline; TookTooLong names the limit."""
        name = self.policy.deadline
        seconds: float = getattr(limits, name)

        async def bounded() -> Response:
            try:
                async with asyncio.timeout(seconds) as deadline:
                    return await work()
            except TimeoutError:
                if deadline.expired():
                    raise TookTooLong(name, seconds) from None
                raise

        return bounded


def _content_type(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bytes(value)
    return b""
