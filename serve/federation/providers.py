"""Identity providers as admins write, test and see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from models.domain.clock import Clock
from models.domain.errors import Fault, InvalidInput, LimitExceeded, TidewireError
from models.domain.federation import checked_endpoint
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, OutboundHttp
from serve.federation import saml
from serve.federation.oidc_client import OidcClient
from serve.federation.settings import oidc_settings, place_of, redirect_uri
from serve.federation_records import Provider
from serve.schemas import sso as s


class ProviderBook:
    """Reads what admins send, looks at what it leads to, and shows it."""

    def __init__(
        self, outbound: OutboundHttp, oidc: OidcClient, clock: Clock, limits: Limits, public_url: str
    ) -> None:
        self._outbound, self._oidc, self._clock, self._limits = outbound, oidc, clock, limits
        self.public_url = public_url.rstrip("/")

    def oidc(self, given: s.OidcProvider) -> dict[str, Any]:
        """What is stored of an OpenID provider."""
        _checked(given.issuer, "issuer", "/oidc/issuer")
        return given.model_dump(exclude={"client_secret"})

    async def saml(self, given: s.SamlProvider, before: Mapping[str, Any] | None) -> dict[str, Any]:
        """What is stored of a SAML provider: from its metadata, from the parts given, or as it was before."""
        kept = given.model_dump(include={"idp_initiated", "email_attribute", "groups_attribute"})
        parts = await self._parts(given, before)
        _checked(parts["sso_url"], "sso_url", "/saml/sso_url")
        return {**kept, **parts}

    async def _parts(self, given: s.SamlProvider, before: Mapping[str, Any] | None) -> dict[str, Any]:
        if given.metadata is not None or given.metadata_url is not None:
            raw = given.metadata.encode() if given.metadata is not None else await self._fetched(given.metadata_url)
            entity_id, sso_url, certificates = saml.read_metadata(raw)
            return {"entity_id": entity_id, "sso_url": sso_url, "certificates": list(certificates)}
        if given.entity_id and given.sso_url and given.certificates:
            checked = [saml.checked_certificate(one) for one in given.certificates]
            return {"entity_id": given.entity_id, "sso_url": given.sso_url, "certificates": checked}
        if before is not None:
            return {name: before[name] for name in ("entity_id", "sso_url", "certificates")}
        raise InvalidInput(
            "The provider is not described.",
            [Fault("/saml", "send metadata, metadata_url, or entity_id with sso_url and certificates")],
        )

    async def _fetched(self, url: str | None) -> bytes:
        _checked(url, "metadata_url", "/saml/metadata_url")
        assert url is not None
        answer = await self._outbound.send(
            HttpRequest("GET", url, {}, None, self._limits.sso_request_seconds, False, None)
        )
        if answer.status != 200:
            raise InvalidInput(
                f"The metadata's address answered {answer.status}.", [Fault("/saml/metadata_url", "expected 200")]
            )
        if len(answer.body) > self._limits.max_sso_metadata_bytes:
            raise LimitExceeded("max_sso_metadata_bytes", self._limits.max_sso_metadata_bytes)
        return answer.body

    def shown(self, one: Provider) -> dict[str, Any]:
        """As admins see it: without its secret."""
        common = {
            "id": one.id, "name": one.name, "kind": one.kind, "enabled": one.enabled, "rules": one.rules,
            "start_url": start_url(one.id), "last_error": one.last_error, "last_error_at": one.last_error_at,
            "last_used_at": one.last_used_at, "created_at": one.created_at, "updated_at": one.updated_at,
        }  # fmt: skip
        if one.kind == "oidc":
            here = {"has_secret": one.secret_sealed is not None, "redirect_uri": redirect_uri(self.public_url, one.id)}
            return {**common, "oidc": {**one.settings, **here}, "saml": None}
        place = place_of(self.public_url, one.id)
        here = {
            "certificates": [_certificate(pem) for pem in one.settings["certificates"]],
            "own_entity_id": place.entity_id, "acs_url": place.acs_url, "metadata_url": place.entity_id,
        }  # fmt: skip
        return {**common, "oidc": None, "saml": {**one.settings, **here}}

    async def test(self, one: Provider) -> list[dict[str, Any]]:
        """What could keep people from signing in, looked at one after the other."""
        checks = await self._test_oidc(one) if one.kind == "oidc" else self._test_saml(one)
        return [*checks, _check("Switched on", one.enabled, "" if one.enabled else "The provider is switched off.")]

    async def _test_oidc(self, one: Provider) -> list[dict[str, Any]]:
        settings, checks = oidc_settings(one.settings), []
        try:
            found = await self._oidc.discover(settings.issuer, fresh=True)
            checks.append(_check("Discovery", True, f"{found.issuer} describes itself."))
            keys = await self._oidc.keys(settings.issuer, fresh=True)
            checks.append(_check("Keys", bool(keys), f"{len(keys)} keys to verify signatures with."))
        except TidewireError as error:
            checks.append(_check("Keys" if checks else "Discovery", False, _told(error)))
            return checks
        told = "Answers say where they come from." if found.sends_issuer else (
            "Answers do not say where they come from (RFC 9207); the address of its own that answers come to stands in."
        )
        return [*checks, _check("Mix-up defence", True, told)]

    def _test_saml(self, one: Provider) -> list[dict[str, Any]]:
        now, checks = self._clock.now(), []
        for pem in one.settings["certificates"]:
            about = _certificate(pem)
            ok = now < about["not_after"]
            told = f"{about['subject']} {'is valid until' if ok else 'has expired; take new metadata, since'} "
            checks.append(_check("Certificate", ok, f"{told}{about['not_after']:%Y-%m-%d}."))
        return checks


def start_url(provider_id: UUID) -> str:
    """Where a browser begins to sign in."""
    return f"/v1/auth/sso/{provider_id}/start"


def _checked(url: Any, what: str, pointer: str) -> None:
    try:
        checked_endpoint(url, what)
    except InvalidInput as error:
        raise InvalidInput(error.detail, [Fault(pointer, "expected an https address")]) from None


def _certificate(pem: str) -> dict[str, Any]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return {
        "subject": certificate.subject.rfc4514_string()[:300], "not_after": certificate.not_valid_after_utc,
        "sha256": certificate.fingerprint(SHA256()).hex(),
    }  # fmt: skip


def _check(name: str, ok: bool, detail: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail}


def _told(error: TidewireError) -> str:
    faults = error.faults if isinstance(error, InvalidInput) else ()
    more = [f"{fault.detail}." for fault in faults if fault.detail not in error.detail]
    return " ".join([error.detail, *more])[:1_000]
