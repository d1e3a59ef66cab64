"""OAuth 2 and OpenID Connect tokens by tenant and authentication, each got by one caller while the others wait."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson

from actors.step_runner import StepError
from models.domain import oauth2
from models.domain.clock import Clock
from models.domain.dsl.problems import Problem, problem
from models.domain.errors import AnswerLost, Unavailable
from models.domain.limits import Limits
from models.domain.oauth2 import Token
from models.domain.ports import HttpRequest, HttpResponse, OutboundHttp


@dataclass(slots=True)
class _Place:
    """One authentication of a tenant."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: Token | None = None


class TokenCache:
    """Tokens are used until shortly before they expire. None outlives the process, and none is written down."""

    def __init__(self, outbound: OutboundHttp, clock: Clock, limits: Limits) -> None:
        self._outbound, self._clock, self._limits = outbound, clock, limits
        self._places: OrderedDict[tuple[UUID, bytes], _Place] = OrderedDict()

    async def token(
        self, tenant_id: UUID, kind: str, policy: Mapping[str, Any], refused: str | None = None
    ) -> str:
        """A token for a policy of the kind oauth2 or oidc, its secrets resolved. `refused` is a token that the target
        did not accept: it is not given again.

        StepError when the authority refuses, Unavailable when it cannot be asked.
        """
        place = self._place(tenant_id, kind, policy)
        async with place.lock:
            token = place.token
            if token is not None and token.value != refused and self._clock.monotonic() < token.use_until:
                return token.value
            again = token.refresh if token is not None else None
            place.token = None
            place.token = await self._get(kind, policy, again)
            return place.token.value

    async def _get(self, kind: str, policy: Mapping[str, Any], refresh: str | None) -> Token:
        try:
            uri = await self._discovered(policy) if kind == "oidc" else oauth2.token_uri(policy)
            if refresh is not None:
                try:
                    return await self._ask(policy, uri, refresh)
                except Problem:
                    pass  # The refresh token is used up: begin anew.
            return await self._ask(policy, uri, None)
        except Problem as error:
            raise StepError(error.error) from None

    async def _discovered(self, policy: Mapping[str, Any]) -> str:
        """The token endpoint of an OpenID provider, read anew for each token: those are far apart."""
        where = oauth2.discovery_uri(policy)
        response = await self._send(
            HttpRequest("GET", where, {}, None, self._limits.max_http_connect_seconds, True, None)
        )
        if response.status != 200:
            told = f"The OpenID configuration {where} cannot be read: the answer was {response.status}."
            raise StepError(problem("communication", told, status=response.status))
        try:
            configuration = orjson.loads(response.body)
        except orjson.JSONDecodeError:
            configuration = None
        return oauth2.discovered_token_uri(configuration)

    async def _ask(self, policy: Mapping[str, Any], uri: str, refresh: str | None) -> Token:
        asked = oauth2.build(policy, uri, self._clock.now().timestamp(), uuid4().hex, refresh)
        seconds = self._limits.max_http_connect_seconds
        response = await self._send(HttpRequest("POST", asked.uri, asked.headers, asked.body, seconds, False, None))
        return oauth2.read(policy, response.status, response.body, self._clock.monotonic())

    async def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            return await self._outbound.send(request)
        except (AnswerLost, TimeoutError) as error:
            # The call itself has not left, so its outcome is known.
            detail = getattr(error, "detail", "The authority did not answer in time.")
            raise Unavailable(detail) from None

    def _place(self, tenant_id: UUID, kind: str, policy: Mapping[str, Any]) -> _Place:
        text = kind.encode() + orjson.dumps(policy, option=orjson.OPT_SORT_KEYS)
        key = (tenant_id, hashlib.sha256(text).digest())
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place()
            if len(self._places) > self._limits.max_tokens_per_session_host:
                self._places.popitem(last=False)
        self._places.move_to_end(key)
        return place
