"""Talks to OpenID providers: what they tell about themselves, their keys, and the exchange of a code for tokens."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from models.domain.clock import Clock
from models.domain.errors import InvalidInput, Unavailable
from models.domain.federation import SignInRefused
from models.domain.limits import Limits
from models.domain.oidc import Discovered, OidcSettings, discovery_url, read_discovery
from models.domain.ports import HttpRequest, OutboundHttp
from serve.federation.oidc_tokens import UnknownKey, read_keys, verify_signature

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider gave for a code."""

    id_token: Any = field(repr=False)
    access_token: Any = field(repr=False)


@dataclass(slots=True)
class _Known:
    """What a provider told, and when (seconds of the clock)."""

    found: Discovered
    at: float
    keys: list[dict[str, Any]] = field(default_factory=list)
    keys_at: float = float("-inf")


class OidcClient:
    """Remembers what providers tell for `limits.sso_cache_seconds`; redirects are not followed."""

    def __init__(self, outbound: OutboundHttp, clock: Clock, limits: Limits) -> None:
        self._outbound, self._clock, self._limits = outbound, clock, limits
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def discover(self, issuer: str, fresh: bool = False) -> Discovered:
        """The provider's own description; InvalidInput when it cannot be used, Unavailable when it is away."""
        return (await self._about(issuer, fresh)).found

    async def _about(self, issuer: str, fresh: bool = False) -> _Known:
        known, now = self._known.get(issuer), self._clock.monotonic()
        if known is not None and not fresh and now - known.at < self._limits.sso_cache_seconds:
            return known
        document = await self._document("GET", discovery_url(issuer))
        known = _Known(read_discovery(document, issuer), now)
        self._known[issuer] = known
        self._known.move_to_end(issuer)
        if len(self._known) > self._limits.max_cached_providers:
            self._known.popitem(last=False)
        return known

    async def keys(self, issuer: str, fresh: bool = False) -> Sequence[Mapping[str, Any]]:
        """The keys that its tokens are signed with. `fresh` looks again, but not more often than each
        `limits.sso_key_pause_seconds`: tokens with invented key ids cannot make us ask without end."""
        known, now = await self._about(issuer), self._clock.monotonic()
        most = self._limits.sso_key_pause_seconds if fresh else self._limits.sso_cache_seconds
        if now - known.keys_at >= most:
            known.keys = read_keys(await self._document("GET", known.found.jwks_uri))
            known.keys_at = now
        return known.keys

    async def exchange(
        self, settings: OidcSettings, secret: str | None, code: str, verifier: str, redirect_uri: str
    ) -> Tokens:
        """The tokens for a code; SignInRefused when the provider gives none."""
        found = await self.discover(settings.issuer)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
                "code_verifier": verifier}  # fmt: skip
        headers: dict[str, str] = {}
        if secret is None or found.posts_secret:
            form |= {"client_id": settings.client_id} | ({} if secret is None else {"client_secret": secret})
        else:
            headers["authorization"] = _basic(settings.client_id, secret)
        answer = await self._document("POST", found.token_endpoint, headers, form)
        return Tokens(answer.get("id_token"), answer.get("access_token"))

    async def verified(self, issuer: str, token: Any) -> tuple[Mapping[str, Any], str]:
        """Claims and algorithm of a token whose signature holds; keys that are not known are looked for once."""
        try:
            return verify_signature(token, await self.keys(issuer))
        except UnknownKey:
            pass
        try:
            return verify_signature(token, await self.keys(issuer, fresh=True))
        except UnknownKey:
            raise SignInRefused("The identity provider's token is signed with a key it does not publish.") from None

    async def userinfo(self, issuer: str, access_token: Any, subject: str) -> Mapping[str, Any]:
        """More claims about the subject; empty when the provider has no such endpoint."""
        found = await self.discover(issuer)
        if found.userinfo_endpoint is None or not isinstance(access_token, str) or not access_token.isascii():
            return {}
        headers = {"authorization": f"Bearer {access_token}"}
        claims = await self._document("GET", found.userinfo_endpoint, headers)
        if claims.get("sub") != subject:
            raise SignInRefused("The identity provider told about another person than the one it signed in.")
        return claims

    async def _document(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        body = urlencode(form).encode() if form is not None else None
        sent = {"accept": "application/json", **(headers or {}), **({"content-type": _FORM} if form else {})}
        answer = await self._outbound.send(
            HttpRequest(method, url, sent, body, self._limits.sso_request_seconds, False, None)
        )
        if answer.status >= 500:
            raise Unavailable(f"The identity provider answered {answer.status}; try again shortly.")
        if answer.status != 200:
            raise SignInRefused(f"The identity provider answered {answer.status}{_reason(answer.body)}.")
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            raise InvalidInput(f"{url[:200]} does not answer with JSON.") from None
        if not isinstance(document, dict):
            raise InvalidInput(f"{url[:200]} does not answer with a JSON object.")
        return document


def _reason(body: bytes) -> str:
    """The code of an OAuth error: it tells an admin what to mend, and holds no secret."""
    try:
        error = orjson.loads(body).get("error")
    except (orjson.JSONDecodeError, AttributeError):
        return ""
    return f" ({error})" if isinstance(error, str) and error.isascii() and len(error) <= 60 else ""


def _basic(client_id: str, secret: str) -> str:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
