"""JSON-RPC 2.0 over HTTP, where an answer is JSON or a stream of events: what MCP and A2A speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from actors.call_host import Call
from actors.event_stream import event_data
from actors.step_runner import StepError
from models.domain.dsl.problems import problem
from models.domain.ports import HttpRequest, HttpResponse

_ACCEPTED = "application/json, text/event-stream"


@dataclass(slots=True)
class JsonRpc:
    """One server. `headers` go with every message."""

    call: Call
    uri: str
    authentication: Any
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, number: int, method: str, parameters: Any) -> tuple[list[Any], Mapping[str, str]]:
        """The results of a request (several when they come as a stream) and the headers of the answer.

        StepError: communication when the server refuses, runtime when the answer is an error.
        """
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
        if parameters is not None:
            message["params"] = parameters
        # What only begins a session has no key: it is not the call itself.
        key = self.call.idempotency_key if number else None
        response = await self._send(message, key)
        results = [_result(method, answer) for answer in _answers(response) if answer.get("id") == number]
        if not results:
            raise StepError(problem("communication", f"{method} was not answered.", status=502))
        return results, response.headers

    async def tell(self, method: str) -> None:
        """A notification, which has no answer."""
        await self._send({"jsonrpc": "2.0", "method": method}, None)

    async def close(self) -> None:
        """Ends the session on the server, if it wants to know."""
        await self._exchange("DELETE", None, None)

    async def _send(self, message: Mapping[str, Any], key: str | None) -> HttpResponse:
        response = await self._exchange("POST", orjson.dumps(message), key)
        if not 200 <= response.status < 300:
            shown = response.body[:300].decode(errors="ignore")
            told = f"{self.uri.partition('?')[0]} answered {response.status}.{f' {shown}' if shown else ''}"
            raise StepError(problem("communication", told, status=response.status))
        return response

    async def _exchange(self, method: str, body: bytes | None, key: str | None) -> HttpResponse:
        headers = {"content-type": "application/json", "accept": _ACCEPTED, **self.headers}
        request = HttpRequest(method, self.uri, headers, body, self.call.seconds_left, False, key)
        return await self.call.send(request, self.authentication)


def _answers(response: HttpResponse) -> list[dict[str, Any]]:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    texts: list[str | bytes] = [response.body]
    if kind == "text/event-stream":
        texts = list(event_data(response.body.decode(errors="replace")))
    found: list[Any] = []
    for text in texts:
        try:
            answer = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise StepError(problem("communication", "The answer is no JSON.", status=502)) from None
        found += answer if isinstance(answer, list) else [answer]
    return [answer for answer in found if isinstance(answer, dict)]


def _result(method: str, answer: Mapping[str, Any]) -> Any:
    error = answer.get("error")
    if error is not None:
        told = error.get("message") if isinstance(error, dict) else error
        code = f" ({error['code']})" if isinstance(error, dict) and "code" in error else ""
        raise StepError(problem("runtime", f"{method} failed{code}: {str(told)[:500]}"))
    return answer.get("result")
