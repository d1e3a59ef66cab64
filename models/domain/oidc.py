"""OpenID Connect as a relying party: the address that a sign-in begins at, and the checks of what comes back.

Pure: no request is sent and no signature looked at here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from models.domain.errors import Fault, InvalidInput
from models.domain.federation import SignInRefused, checked_endpoint

CLOCK_LEEWAY_SECONDS = 60
_DIGESTS = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
# Asymmetric ones only: with a shared secret, or none, anybody who knows the client could sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """An OpenID provider as a tenant's admin describes it.

    `trust_unverified_email`: for providers that never send `email_verified`; one that says false is refused all the
    same. `groups_claim` names the claim with the groups.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    email_claim: str = "email"
    groups_claim: str = "groups"
    trust_unverified_email: bool = False


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a provider tells about itself, checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    sends_issuer: bool
    posts_secret: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that was begun: what its answer has to fit to."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    begun_at: datetime


def discovery_url(issuer: str) -> str:
    """Where the provider describes itself."""
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def read_discovery(document: Any, issuer: str) -> Discovered:
    """InvalidInput lists all that is wrong; the issuer must be the one asked, to the letter."""
    if not isinstance(document, dict):
        raise InvalidInput("The discovery document is not a JSON object.")
    faults: list[Fault] = []
    if document.get("issuer") != issuer:
        faults.append(Fault("/issuer", f"the provider calls itself {document.get('issuer')!r}, not {issuer!r}"))
    found = {name: _endpoint(document, name, True, faults) for name in _REQUIRED}
    more = {name: _endpoint(document, name, False, faults) for name in ("userinfo_endpoint", "end_session_endpoint")}
    _check_abilities(document, faults)
    if faults:
        raise InvalidInput("The provider's discovery document cannot be used.", faults)
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Discovered(
        issuer, found["authorization_endpoint"] or "", found["token_endpoint"] or "", found["jwks_uri"] or "",
        more["userinfo_endpoint"], more["end_session_endpoint"],
        document.get("authorization_response_iss_parameter_supported") is True,
        "client_secret_basic" not in methods and "client_secret_post" in methods,
    )  # fmt: skip


_REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def _endpoint(document: Mapping[str, Any], name: str, is_needed: bool, faults: list[Fault]) -> str | None:
    url = document.get(name)
    if url is None and not is_needed:
        return None
    try:
        return checked_endpoint(url, name)
    except InvalidInput as error:
        faults.append(Fault(f"/{name}", error.detail))
        return None


def _check_abilities(document: Mapping[str, Any], faults: list[Fault]) -> None:
    for name, needed, why in (
        ("response_types_supported", {"code"}, "the authorization code flow"),
        ("code_challenge_methods_supported", {"S256"}, "PKCE with S256"),
        ("id_token_signing_alg_values_supported", set(ALGORITHMS), "a signature with a key pair"),
    ):
        offered = document.get(name)
        if offered is not None and not (isinstance(offered, list) and needed & {str(one) for one in offered}):
            faults.append(Fault(f"/{name}", f"does not offer {why}"))


def challenge_of(verifier: str) -> str:
    """The PKCE challenge (S256; there is no other)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def authorization_url(found: Discovered, settings: OidcSettings, redirect_uri: str, state: str, asked: Pending) -> str:
    """Where the browser goes first."""
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(dict.fromkeys(("openid", *settings.scopes))),
        "state": state,
        "nonce": asked.nonce,
        "code_challenge": challenge_of(asked.verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(found.authorization_endpoint).query else "?"
    return found.authorization_endpoint + joint + urlencode(query)


def check_response_issuer(given: str | None, found: Discovered) -> None:
    """RFC 9207: an answer that came from another provider than the one asked is a mix-up."""
    if given is None and not found.sends_issuer:
        return
    if given is None or not hmac.compare_digest(given.encode(), found.issuer.encode()):
        raise SignInRefused("The answer came from another identity provider than the one that was asked.")


def check_id_token(
    claims: Mapping[str, Any], algorithm: str, settings: OidcSettings, asked: Pending, access_token: Any, now: datetime
) -> str:
    """The subject of an id_token whose signature holds; SignInRefused says what is wrong with it."""
    if claims.get("iss") != settings.issuer:
        raise _refused("iss")
    _check_audience(claims, settings.client_id)
    _check_times(claims, asked.begun_at, now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), asked.nonce.encode()):
        raise _refused("nonce")
    if "at_hash" in claims and not _hash_fits(claims["at_hash"], access_token, algorithm):
        raise _refused("at_hash")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or "\0" in subject:
        raise _refused("sub")
    return subject


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience, party = claims.get("aud"), claims.get("azp")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
        raise _refused("aud")
    if client_id not in audiences:
        raise _refused("aud")
    if (party is not None or len(audiences) > 1) and party != client_id:
        raise _refused("azp")


def _check_times(claims: Mapping[str, Any], begun_at: datetime, now: datetime) -> None:
    at, leeway = now.timestamp(), CLOCK_LEEWAY_SECONDS
    if at >= _time(claims, "exp") + leeway:
        raise _refused("exp")
    # One that is older than the question cannot be its answer.
    if not begun_at.timestamp() - leeway <= _time(claims, "iat") <= at + leeway:
        raise _refused("iat")
    if "nbf" in claims and _time(claims, "nbf") > at + leeway:
        raise _refused("nbf")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise _refused(name)
    return value


def _hash_fits(at_hash: Any, access_token: Any, algorithm: str) -> bool:
    if not isinstance(at_hash, str) or not isinstance(access_token, str):
        return False
    digest = _DIGESTS.get(algorithm[-3:], hashlib.sha512)(access_token.encode()).digest()
    return hmac.compare_digest(at_hash.encode(), _base64url(digest[: len(digest) // 2]).encode())


def email_of(claims: Mapping[str, Any], settings: OidcSettings) -> str:
    """The address in the claims of the id_token or of userinfo, when the provider vouches for it."""
    email, verified = claims.get(settings.email_claim), claims.get("email_verified")
    if not isinstance(email, str) or not 3 <= len(email) <= 254 or "@" not in email or "\0" in email:
        raise SignInRefused(f"The identity provider sent no e-mail address (claim {settings.email_claim}).")
    if verified not in (True, "true") and not (verified is None and settings.trust_unverified_email):
        raise SignInRefused("The identity provider has not verified this e-mail address.")
    return email.strip()


def groups_of(claims: Mapping[str, Any], settings: OidcSettings) -> list[str]:
    """The groups, empty when it tells none."""
    found = claims.get(settings.groups_claim)
    listed = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, str)][:1_000]


def _refused(claim: str) -> SignInRefused:
    return SignInRefused(f"The identity provider's token was refused: its {claim} is missing or wrong.")


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
