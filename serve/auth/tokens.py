"""Access tokens: Ed25519-signed JWTs, made and checked with a fixed algorithm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import CompactSignature

from models.domain.errors import InvalidInput, Unauthenticated
from models.domain.identity import Credential, Principal, SubjectKind
from models.domain.ids import uuid7

ALGORITHM = "Ed25519"
ISSUER = "tidewire"
Audience = Literal["tidewire-api", "tidewire-push"]
_TYPE = "at+jwt"
_MAX_BYTES = 4096


class TokenKeys:
    """Signing keys by id. The first one signs; all of them verify, so that keys can be changed while tokens live.

    `replace` changes them for all that hold this object.
    """

    def __init__(self, keys: Mapping[str, OKPKey]) -> None:
        if not keys:
            raise InvalidInput("There is no key to sign tokens with.")
        self._keys = dict(keys)
        self.active = next(iter(self._keys))
        # Moves when a key is refused that was not before: what was verified by it is to be looked at anew.
        self.generation = 0

    @classmethod
    def from_json(cls, text: str) -> TokenKeys:
        """From a private JWK set, as generate_keys makes it."""
        raw = json.loads(text)["keys"]
        return cls({key["kid"]: OKPKey.import_key(key) for key in raw})

    def replace(self, keys: Mapping[str, OKPKey]) -> None:
        """From now on these; the first one signs."""
        if self._keys.keys() - keys.keys():
            self.generation += 1
        self._keys, self.active = dict(keys), next(iter(keys))

    def all(self) -> Mapping[str, OKPKey]:
        """Every key by its id."""
        return dict(self._keys)

    def signing(self) -> OKPKey:
        """The key that signs now."""
        return self._keys[self.active]

    def verifying(self, kid: object) -> OKPKey:
        """The key of that id; Unauthenticated when it is not one of ours."""
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise Unauthenticated
        return key

    def public(self) -> list[dict[str, str]]:
        """Public halves, as JWKS shows them."""
        shown: list[dict[str, str]] = []
        for kid, key in self._keys.items():
            shown.append({**{k: str(v) for k, v in key.as_dict(private=False).items() if isinstance(v, str)},
                          "kid": kid, "alg": ALGORITHM, "use": "sig"})
        return shown


def imported(jwk: bytes) -> OKPKey:
    """A private key from its JWK as JSON."""
    return OKPKey.import_key(json.loads(jwk))


def generate_keys() -> str:
    """A new private JWK set with one key, as JSON text; to be kept secret and handed to TokenKeys.from_json."""
    kid = uuid7().hex
    key = OKPKey.generate_key("Ed25519", parameters={"kid": kid}, auto_kid=False)
    return json.dumps({"keys": [{**key.as_dict(private=True), "kid": kid}]})


def issue(
    keys: TokenKeys, principal: Principal, now: datetime, seconds: int, *audiences: Audience,
    more: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """A token for the principal, usable at `audiences` for so many seconds; `more` claims decide nothing here."""
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": list(audiences),
        "sub": str(principal.user_id),
        "tid": str(principal.tenant_id),
        "sid": str(principal.session_id),
        "role": principal.role,
        "iat": issued,
        "exp": issued + seconds,
        "jti": uuid7(now).hex,
        **_more_claims(principal),
        **(more or {}),
    }
    header = {"alg": ALGORITHM, "kid": keys.active, "typ": _TYPE}
    return jwt.encode(header, claims, keys.signing(), algorithms=[ALGORITHM])


def verify(keys: TokenKeys, token: str, now: datetime, audience: Audience) -> tuple[Principal, int]:
    """The principal of a token and the second it expires at; Unauthenticated for anything not wholly right."""

    def find(candidate: object) -> OKPKey:
        assert isinstance(candidate, CompactSignature)
        return keys.verifying(candidate.headers().get("kid"))

    if len(token) > _MAX_BYTES:
        raise Unauthenticated
    try:
        decoded = jwt.decode(token, find, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, AssertionError, RecursionError):
        raise Unauthenticated from None
    claims = decoded.claims
    if decoded.header.get("typ") != _TYPE or not _claims_hold(claims, now, audience):
        raise Unauthenticated
    try:
        return _principal(claims), claims["exp"]
    except (KeyError, ValueError, AttributeError, TypeError, OverflowError):
        raise Unauthenticated from None


def _more_claims(principal: Principal) -> dict[str, Any]:
    """What is not as it is for most, so that the tokens of most stay short."""
    more: dict[str, Any] = {}
    if principal.subject is not SubjectKind.USER:
        more["knd"] = principal.subject.value
    if principal.credential is not Credential.SESSION:
        more["crd"] = principal.credential.value
    if principal.scopes is not None:
        more["scope"] = " ".join(sorted(principal.scopes))
    if principal.authenticated_at is not None:
        more["auth_time"] = int(principal.authenticated_at.timestamp())
    if principal.factors:
        more["amr"] = list(principal.factors)
    return more


def _principal(claims: Mapping[str, Any]) -> Principal:
    """Raises whatever a claim that is not ours makes it raise."""
    user, tenant, session = (UUID(claims[name]) for name in ("sub", "tid", "sid"))
    scope, since = claims.get("scope"), claims.get("auth_time")
    return Principal(
        user, tenant, str(claims.get("role")), session, SubjectKind(claims.get("knd", "user")),
        None if scope is None else frozenset(scope.split()),
        None if since is None else datetime.fromtimestamp(since, UTC),
        tuple(str(one) for one in claims.get("amr", ())),
        Credential(claims.get("crd", "session")),
    )  # fmt: skip


def _claims_hold(claims: Mapping[str, Any], now: datetime, audience: Audience) -> bool:
    expires, audiences = claims.get("exp"), claims.get("aud")
    return (
        claims.get("iss") == ISSUER
        and isinstance(audiences, list)
        and audience in audiences
        and type(expires) is int
        and now.timestamp() < expires
    )
