"""Messages over HTTP: published by a request each, consumed by asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

import orjson

from actors.call_host import Call
from actors.event_stream import event_data
from actors.step_runner import StepError
from models.domain.asyncapi import Place
from models.domain.dsl.problems import problem
from models.domain.ports import HttpRequest, HttpResponse

_PAUSE_SECONDS = 0.5
_CORRELATION = ("correlationid", "correlation-id", "x-correlation-id")


class HttpMessages:
    """An answer has one message, or many: a JSON list, lines of JSON, or an event stream. 204 has none."""

    async def publish(self, call: Call, place: Place, payload: Any, headers: dict[str, Any]) -> None:
        """Any 2xx is taken for taken."""
        out = {"content-type": "application/json", **{name.lower(): str(value) for name, value in headers.items()}}
        method = (place.method or "POST").upper()
        body = None if payload is None else orjson.dumps(payload)
        request = HttpRequest(method, place.url, out, body, call.seconds_left, False, call.idempotency_key)
        _check(place, await call.send(request, call.request.get("authentication")))

    async def consume(
        self, call: Call, place: Place, position: Any
    ) -> AsyncGenerator[tuple[list[dict[str, Any]], Any]]:
        """Asks for the next messages when all of the last answer were taken. There is no position: what the server
        gave is taken."""
        accepted = {"accept": "application/json, application/x-ndjson, text/event-stream"}
        while True:
            request = HttpRequest("GET", place.url, accepted, None, call.seconds_left, True, None)
            response = await call.send(request, call.request.get("authentication"))
            _check(place, response)
            found = list(_messages(response))
            yield found, None
            if not found:
                await asyncio.sleep(_PAUSE_SECONDS)


def _check(place: Place, response: HttpResponse) -> None:
    if not 200 <= response.status < 300:
        told = f"{place.url.partition('?')[0]} answered {response.status}."
        raise StepError(problem("communication", told, status=response.status))


def _messages(response: HttpResponse) -> Iterator[dict[str, Any]]:
    if not response.body:
        return
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    text = response.body.decode(errors="replace")
    if kind == "text/event-stream":
        payloads = [_parsed(event) for event in event_data(text)]
    elif kind in ("application/x-ndjson", "application/jsonl"):
        payloads = [_parsed(line) for line in text.splitlines() if line.strip()]
    else:
        found = _parsed(text)
        payloads = found if isinstance(found, list) else [found]
    for payload in payloads:
        yield with_correlation({"payload": payload, "headers": dict(response.headers)})


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def with_correlation(message: dict[str, Any]) -> dict[str, Any]:
    """The message with the correlation id that its headers have, if any."""
    headers: Mapping[str, Any] = message["headers"]
    for name, value in headers.items():
        if name.lower() in _CORRELATION:
            return {**message, "correlationId": str(value)}
    return message
