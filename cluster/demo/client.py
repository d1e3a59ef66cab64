"""A carrier's client of the API: what any outside program could do with a token."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx

from models.domain.errors import TidewireError, Unavailable

_PERIOD = 600.0
_BATCH = "application/cloudevents-batch+json"


class DemoRefused(TidewireError):
    """The API refused what the demo sent."""


class CarrierClient:
    """Signs in by ticket, keeps its session fresh; Unavailable when the API cannot be reached or is not ready."""

    def __init__(self, http: httpx.AsyncClient, new_ticket: Callable[[], Awaitable[str]]) -> None:
        self._http = http
        self._new_ticket = new_ticket
        self._token = ""
        self._until = 0.0

    async def put(self, path: str, body: Any, media: str = "application/json") -> Any:
        """PUT of JSON, or of a text of the media type."""
        if isinstance(body, str):
            return await self.send("PUT", path, content=body.encode(), headers={"content-type": media})
        return await self.send("PUT", path, json=body)

    async def post_events(self, events: Sequence[Mapping[str, Any]]) -> Any:
        """Hands in CloudEvents; durable when it returns, and counted once however often."""
        return await self.send("POST", "/v1/events", json=list(events), headers={"content-type": _BATCH})

    async def send(self, method: str, path: str, **more: Any) -> Any:
        """The answer as JSON; signs in again once when the session has ended."""
        headers = more.pop("headers", {})
        for attempt in (1, 2):
            token = await self._access_token()
            answer = await self._request(method, path, headers={**headers, "authorization": f"Bearer {token}"}, **more)
            if answer.status_code != 401 or attempt == 2:
                break
            self._until = 0.0
        return _read(answer)

    async def _access_token(self) -> str:
        if time.monotonic() >= self._until:
            answer = await self._request("POST", "/v1/auth/ticket", json={"ticket": await self._new_ticket()})
            self._token = _read(answer)["access_token"]
            self._until = time.monotonic() + _PERIOD
            self._http.cookies.clear()
        return self._token

    async def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Unavailable(f"The API cannot be reached: {type(error).__name__}.") from None


def _read(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    if answer.status_code in (429, 500, 502, 503, 504):
        raise Unavailable(f"The API answered {answer.status_code}.")
    raise DemoRefused(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:600]}")
