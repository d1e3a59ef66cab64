"""Sign-in through a tenant's identity provider: begun in one browser, answered once, ended by a ticket for it alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

import orjson

from models.domain.clock import Clock
from models.domain.errors import Forbidden, InvalidInput, NotFound, TidewireError, Unauthenticated
from models.domain.federation import SIGNED_ON, Admission, Asserted, SignInRefused, Standing, admit, safe_return
from models.domain.limits import Limits
from models.domain.oidc import Pending, authorization_url, check_id_token, check_response_issuer, email_of, groups_of
from models.domain.ports import Sealer
from models.domain.saml import asserted as saml_asserted
from models.domain.saml import check_assertion
from serve.federation import saml
from serve.federation.oidc_client import OidcClient
from serve.federation.settings import (
    oidc_settings,
    place_of,
    redirect_uri,
    rules_of,
    saml_settings,
    secret_context,
)
from serve.federation_ports import FederationPorts
from serve.federation_records import Entry, NewRequest, Provider, StoredRequest, Ticket

TICKET_PREFIX = "twf_"
_REQUEST = "sign-on request"
_HINT = "sign-on hint"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and the value of the cookie that binds the sign-in to it."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Landed:
    """A sign-in that was carried out: the ticket for the page, and where the page was to go."""

    ticket: str = field(repr=False)
    browser: str | None = field(repr=False)
    return_to: str


@dataclass(frozen=True, slots=True)
class _Way:
    """How an answer came: for which browser, and what is to be remembered of it."""

    browser_hash: bytes
    return_to: str
    browser: str | None = None
    assertion: tuple[bytes, datetime] | None = None
    hint: str | None = None


class SignOn:
    """Sign-ins through OpenID Connect and SAML."""

    def __init__(
        self, ports: FederationPorts, oidc: OidcClient, sealer: Sealer, clock: Clock, limits: Limits, public_url: str
    ) -> None:
        self._ports, self._oidc, self._sealer = ports, oidc, sealer
        self._clock, self._limits, self._url = clock, limits, public_url.rstrip("/")

    async def start(self, provider_id: UUID, return_to: str | None, browser: str | None) -> Begun:
        """Begins a sign-in; NotFound for a provider that is not there or switched off."""
        provider = await self._provider(provider_id)
        state, now = secrets.token_urlsafe(24), self._clock.now()
        browser = browser if browser and _is_ours(browser) else secrets.token_urlsafe(32)
        about = {
            "nonce": secrets.token_urlsafe(24), "verifier": secrets.token_urlsafe(48),
            "request_id": "_" + secrets.token_hex(20), "return_to": safe_return(return_to),
        }  # fmt: skip
        url = await self._question(provider, state, about)
        sealed = self._sealer.seal(orjson.dumps(about), _context(_REQUEST, provider_id, _hashed(state)))
        until = now + timedelta(seconds=self._limits.sso_sign_in_seconds)
        await self._ports.sign_ons.begin(
            NewRequest(_hashed(state), provider.tenant_id, provider_id, _hashed(browser), sealed, now, until)
        )
        return Begun(url, browser)

    async def _question(self, provider: Provider, state: str, about: Mapping[str, str]) -> str:
        now = self._clock.now()
        if provider.kind == "saml":
            place = place_of(self._url, provider.id)
            return saml.request_url(saml_settings(provider.settings), place, about["request_id"], state, now)
        settings = oidc_settings(provider.settings)
        found = await self._oidc.discover(settings.issuer)
        asked = Pending(about["nonce"], about["verifier"], now)
        return authorization_url(found, settings, redirect_uri(self._url, provider.id), state, asked)

    async def oidc_answer(self, provider_id: UUID, answer: Mapping[str, str], browser: str | None) -> Landed:
        """What the provider sent the browser back with."""
        provider, now = await self._provider(provider_id, "oidc"), self._clock.now()
        request, about = await self._answered(provider, answer.get("state", ""))
        if browser is None or not hmac.compare_digest(_hashed(browser), request.browser_hash):
            raise SignInRefused("This sign-in was begun in another browser. Begin it anew, here.", "browser")
        try:
            asserted, id_token = await self._oidc_asserted(provider, answer, request, about)
            way = _Way(request.browser_hash, about["return_to"], hint=id_token)
            landed = await self._enter(provider, asserted, way)
        except TidewireError as error:
            await self._ports.providers.note_failure(provider.tenant_id, provider.id, error.detail[:500], now)
            raise
        return landed

    async def _oidc_asserted(
        self, provider: Provider, answer: Mapping[str, str], request: StoredRequest, about: Mapping[str, str]
    ) -> tuple[Asserted, str]:
        settings = oidc_settings(provider.settings)
        found = await self._oidc.discover(settings.issuer)
        check_response_issuer(answer.get("iss"), found)
        code = answer.get("code")
        if "error" in answer or not code:
            raise SignInRefused(f"The identity provider refused: {_code(answer.get('error', 'no code'))}.")
        uri, secret = redirect_uri(self._url, provider.id), self._secret(provider)
        tokens = await self._oidc.exchange(settings, secret, code, about["verifier"], uri)
        claims, algorithm = await self._oidc.verified(settings.issuer, tokens.id_token)
        asked = Pending(about["nonce"], about["verifier"], request.begun_at)
        subject = check_id_token(claims, algorithm, settings, asked, tokens.access_token, self._clock.now())
        if settings.email_claim not in claims:
            claims = {**await self._oidc.userinfo(settings.issuer, tokens.access_token, subject), **claims}
        asserted = Asserted(settings.issuer, subject, email_of(claims, settings), groups_of(claims, settings))
        return asserted, str(tokens.id_token)

    async def saml_answer(self, provider_id: UUID, response: str, relay_state: str) -> Landed:
        """What the provider had the browser post. The browser is looked at when it uses the ticket: it does not send
        its cookie along with what another site posts."""
        provider, now = await self._provider(provider_id, "saml"), self._clock.now()
        try:
            return await self._saml_landed(provider, response, relay_state)
        except TidewireError as error:
            await self._ports.providers.note_failure(provider.tenant_id, provider.id, error.detail[:500], now)
            raise

    async def _saml_landed(self, provider: Provider, response: str, relay_state: str) -> Landed:
        settings, place, now = saml_settings(provider.settings), place_of(self._url, provider.id), self._clock.now()
        answer = saml.read_response(response, self._limits.max_saml_bytes, settings, place)
        request_id, browser, return_to = None, None, "/"
        if answer.in_response_to is None and settings.idp_initiated:
            browser = secrets.token_urlsafe(32)
            browser_hash = _hashed(browser)
        else:
            request, about = await self._answered(provider, relay_state)
            request_id, return_to, browser_hash = about["request_id"], about["return_to"], request.browser_hash
        if answer.in_response_to != request_id:
            raise SignInRefused("The SAML answer was refused: it does not answer our request.")
        until = check_assertion(answer.assertion, settings, place, request_id, now)
        used = (_hashed(answer.assertion.id), until)
        asserted = saml_asserted(answer.assertion, settings)
        return await self._enter(provider, asserted, _Way(browser_hash, return_to, browser, used))

    async def _enter(self, provider: Provider, asserted: Asserted, way: _Way) -> Landed:
        ticket, now = TICKET_PREFIX + secrets.token_urlsafe(32), self._clock.now()
        until = now + timedelta(seconds=self._limits.sso_ticket_seconds)
        hint = self._sealer.seal(way.hint.encode(), f"{_HINT}:{provider.id}") if way.hint is not None else None
        made = Ticket(_hashed(ticket), way.browser_hash, until, (SIGNED_ON,), hint)
        entry = Entry(provider.tenant_id, provider.id, asserted, made, now, way.assertion)
        await self._ports.sign_ons.enter(entry, partial(_admit, provider))
        return Landed(ticket, way.browser, way.return_to)

    async def use_ticket(self, ticket: str, browser: str | None) -> tuple[UUID, UUID, tuple[str, ...]]:
        """User, tenant and marks; Unauthenticated unless this browser began the sign-in and uses it the first time."""
        used = None
        if browser is not None:
            used = await self._ports.sign_ons.use_ticket(_hashed(ticket), _hashed(browser), self._clock.now())
        if used is None:
            raise Unauthenticated("This sign-in has expired, or was begun in another browser. Begin it anew.")
        return used

    async def opened(self, ticket: str, session_id: UUID) -> None:
        """The session that the ticket opened, for its sign-out."""
        await self._ports.sign_ons.opened(_hashed(ticket), session_id)

    async def sign_out(self, tenant_id: UUID, session_id: UUID) -> str | None:
        """Where the browser goes to sign out of the provider as well (OpenID Connect RP-initiated logout)."""
        found = await self._ports.sign_ons.sign_out(tenant_id, session_id)
        provider = await self._ports.providers.public_provider(found.provider_id) if found is not None else None
        if found is None or provider is None or provider.kind != "oidc":
            return None
        settings = oidc_settings(provider.settings)
        try:
            end = (await self._oidc.discover(settings.issuer)).end_session_endpoint
        except TidewireError:
            return None
        query = {"client_id": settings.client_id, "post_logout_redirect_uri": f"{self._url}/"}
        if found.hint_sealed is not None:
            query["id_token_hint"] = self._sealer.open(found.hint_sealed, f"{_HINT}:{provider.id}").decode()
        return None if end is None else f"{end}{'&' if '?' in end else '?'}{urlencode(query)}"

    async def check_password_allowed(self, tenant_id: UUID, user_id: UUID) -> None:
        """Forbidden for members who come in through the provider of the tenant only."""
        if await self._ports.sign_ons.is_enforced(tenant_id, user_id):
            raise Forbidden("Your company signs in through its identity provider: use single sign-on.")

    async def _provider(self, provider_id: UUID, kind: str | None = None) -> Provider:
        provider = await self._ports.providers.public_provider(provider_id)
        if provider is None or kind not in (None, provider.kind):
            raise NotFound("There is no such identity provider, or it is switched off.")
        return provider

    async def _answered(self, provider: Provider, state: str) -> tuple[StoredRequest, Mapping[str, str]]:
        hashed = _hashed(state[:200])
        request = await self._ports.sign_ons.answered(hashed, self._clock.now())
        if request is None or request.provider_id != provider.id:
            raise SignInRefused("This sign-in is unknown, was answered before, or took too long.", "expired")
        about = orjson.loads(self._sealer.open(request.sealed, _context(_REQUEST, provider.id, hashed)))
        return request, about

    def _secret(self, provider: Provider) -> str | None:
        if provider.secret_sealed is None:
            return None
        context = secret_context(provider.tenant_id, provider.id)
        try:
            return self._sealer.open(provider.secret_sealed, context).decode()
        except InvalidInput:
            raise SignInRefused("The client secret of the identity provider cannot be read; enter it anew.") from None


def _admit(provider: Provider, asserted: Asserted, standing: Standing, domains: list[str]) -> Admission:
    return admit(asserted, standing, domains, rules_of(provider.rules))


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _context(what: str, provider_id: UUID, digest: bytes) -> str:
    return f"{what}:{provider_id}:{digest.hex()}"


def _is_ours(browser: str) -> bool:
    return len(browser) == 43 and browser.isascii()


def _code(text: str) -> str:
    return text if text.isascii() and text.isprintable() and len(text) <= 60 else "with an error"
