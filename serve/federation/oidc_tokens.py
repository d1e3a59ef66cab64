"""Signatures of id_tokens: by a key of the provider's own set, never by one that the token brings along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import CompactSignature

from models.domain.federation import SignInRefused
from models.domain.oidc import ALGORITHMS

MAX_BYTES = 16_384
MAX_KEYS = 100
_MIN_RSA_BITS = 2_048
_TYPES = frozenset({"jwt", "id_token+jwt", "application/jwt"})
_FOREIGN_KEYS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "Ed25519": "Ed25519", "EdDSA": "Ed25519"}
_Key = RSAKey | ECKey | OKPKey


class UnknownKey(Exception):
    """No key of the set has this id; the provider may have changed its keys."""


def read_keys(document: Any) -> list[dict[str, Any]]:
    """The keys of a JWKS that can verify a signature; shared secrets and private keys are left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise SignInRefused("The identity provider's key set is not a JWKS.")
    return [key for key in listed[:MAX_KEYS] if isinstance(key, dict) and _is_verifying(key)]


def _is_verifying(key: Mapping[str, Any]) -> bool:
    operations = key.get("key_ops")
    return (
        key.get("kty") in ("RSA", "EC", "OKP")
        and "d" not in key
        and key.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
    )


def verify_signature(token: Any, keys: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], str]:
    """Claims and algorithm of a signed token; SignInRefused, or UnknownKey before anything of it was believed."""
    if not isinstance(token, str) or not token.isascii() or len(token) > MAX_BYTES or token.count(".") != 2:
        raise _refused()

    def find(candidate: object) -> _Key:
        assert isinstance(candidate, CompactSignature)
        return _key_for(candidate.headers(), keys)

    try:
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        decoded = jwt.decode(token, find, algorithms=list(ALGORITHMS), registry=registry)
    except (JoseError, ValueError, TypeError, KeyError, AssertionError, RecursionError):
        raise _refused() from None
    return decoded.claims, str(decoded.header["alg"])


def _key_for(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> _Key:
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or not _FOREIGN_KEYS.isdisjoint(header):
        raise _refused()
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise _refused()
    if kid is not None and (not isinstance(kid, str) or len(kid) > 256):
        raise _refused()
    fitting = [key for key in keys if _fits(key, algorithm) and (kid is None or key.get("kid") == kid)]
    if kid is not None and not fitting:
        raise UnknownKey
    if len(fitting) != 1:
        raise _refused()
    return _imported(fitting[0])


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    if key.get("alg") not in (None, algorithm):
        return False
    if algorithm in _CURVES:
        return key.get("crv") == _CURVES[algorithm] and key.get("kty") in ("EC", "OKP")
    return key.get("kty") == "RSA"


def _imported(key: Mapping[str, Any]) -> _Key:
    kinds: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    found = kinds[key["kty"]].import_key({name: value for name, value in key.items() if name in _PARTS})
    if isinstance(found, RSAKey) and found.public_key.key_size < _MIN_RSA_BITS:
        raise _refused()
    return found


_PARTS = frozenset({"kty", "n", "e", "crv", "x", "y"})


def _refused() -> SignInRefused:
    return SignInRefused("The identity provider's token is not signed as it must be.")
