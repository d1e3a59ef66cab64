"""`call: asyncapi`: publishes and consumes messages where the document has an HTTP server or a Kafka broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

from actors.call_host import Call
from actors.consumption import Consumption
from actors.jq_sandbox import JqSandbox
from actors.step_runner import StepError
from models.domain.asyncapi import Place, find_place
from models.domain.dsl.problems import Problem, problem
from models.domain.limits import Limits


class Messages(Protocol):
    """A protocol that messages travel by."""

    async def publish(self, call: Call, place: Place, payload: Any, headers: dict[str, Any]) -> None:
        """Returns when the message was taken. Unavailable: it was not sent; AnswerLost: it may have been."""

    def consume(self, call: Call, place: Place) -> AsyncGenerator[dict[str, Any]]:
        """Messages {payload, headers, correlationId?} as they come; ends when there are no more for ever."""


class AsyncApiCall:
    """A Performer. `protocols` is by the name that place.protocol has."""

    def __init__(self, protocols: dict[str, Messages], jq: JqSandbox, limits: Limits) -> None:
        self._protocols, self._jq, self._limits = protocols, jq, limits

    async def perform(self, call: Call) -> Any:
        """The message that was published, or a list of those that were consumed."""
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

    async def _consumed(self, call: Call, protocol: Messages, place: Place) -> list[dict[str, Any]]:
        consumption = Consumption(call.request["subscription"], self._jq, self._limits)
        try:
            async with asyncio.timeout(consumption.seconds), aclosing(protocol.consume(call, place)) as coming:
                async for message in coming:
                    await consumption.take(message)
                    if consumption.has_enough:
                        break
        except TimeoutError:
            if consumption.seconds is None:
                raise
        return consumption.messages
