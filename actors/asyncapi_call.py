"""`call: asyncapi`: publishes and consumes messages where the document has an HTTP server or a Kafka broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from math import inf
from typing import Any, Protocol

from actors.call_host import Call
from actors.consumption import Consumption
from actors.jq_sandbox import JqSandbox
from actors.step_runner import StepError
from models.domain.asyncapi import Place, find_place
from models.domain.dsl.problems import Problem, problem
from models.domain.limits import Limits

# The answer must be back before the caller gives up.
_WAITED = 0.8
Batch = tuple[list[dict[str, Any]], Any]
"""Messages and the position after them."""


class Messages(Protocol):
    """A protocol that messages travel by."""

    async def publish(self, call: Call, place: Place, payload: Any, headers: dict[str, Any]) -> None:
        """Returns when the message was taken. Unavailable: it was not sent; AnswerLost: it may have been."""

    def consume(self, call: Call, place: Place, position: Any) -> AsyncGenerator[Batch]:
        """Messages {payload, headers, correlationId?} as they come, and the position (JSON) after them. Without a
        position it begins now, and gives one before it waits for messages, where there are positions at all."""


class AsyncApiCall:
    """A Performer. `protocols` is by the name that place.protocol has."""

    def __init__(self, protocols: dict[str, Messages], jq: JqSandbox, limits: Limits) -> None:
        self._protocols, self._jq, self._limits = protocols, jq, limits

    async def perform(self, call: Call) -> Any:
        """The message that was published, or {messages, position, ends} of those that were consumed."""
        wanted = call.request
        document = await call.document(wanted["document"])
        try:
            place = find_place(document, wanted)
        except Problem as error:
            raise StepError(error.error) from None
        protocol = self._protocols.get(place.protocol)
        if protocol is None:
            told = f"Messages are not sent over {place.protocol} here; choose a server that speaks http or kafka."
            raise StepError(problem("configuration", told))
        message = wanted.get("message")
        if message is not None:
            headers = message.get("headers") or {}
            await protocol.publish(call, place, message.get("payload"), headers)
            return {"payload": message.get("payload"), "headers": headers}
        return await self._consumed(call, protocol, place)

    async def _consumed(self, call: Call, protocol: Messages, place: Place) -> dict[str, Any]:
        """Waits for messages, and gives them as soon as there are some."""
        subscription = call.request["subscription"]
        consumption = Consumption(subscription, self._jq, self._limits)
        position = subscription.get("position")
        ends_at = datetime.fromisoformat(subscription["endsAt"]) if "endsAt" in subscription else None
        until = call.host.clock.monotonic() + call.seconds_left * _WAITED
        async with aclosing(protocol.consume(call, place, position)) as coming:
            while not consumption.has_enough:
                found = await self._next(coming, min(until, _moment(call, ends_at)) - call.host.clock.monotonic())
                if found is None:
                    break
                messages, after = found
                for message in messages:
                    if not consumption.has_enough:
                        await consumption.take(message)
                is_first, position = position is None and after is not None, after
                if is_first or consumption.messages:
                    break
        ends = consumption.has_enough or _moment(call, ends_at) <= call.host.clock.monotonic()
        return {"messages": consumption.messages, "position": position, "ends": ends}

    async def _next(self, coming: AsyncGenerator[Batch], seconds: float) -> Batch | None:
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                return await anext(coming)
        except (TimeoutError, StopAsyncIteration):
            return None


def _moment(call: Call, at: datetime | None) -> float:
    """A moment of the calendar on the clock that only goes on."""
    if at is None:
        return inf
    clock = call.host.clock
    return clock.monotonic() + (at - clock.now()).total_seconds()
