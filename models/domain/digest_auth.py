"""HTTP Digest authentication (RFC 7616): the answer to a challenge."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

_HASHES: Mapping[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data).hexdigest(),
}
_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_CHALLENGE = re.compile(r"(?:^|,)\s*Digest\s+", re.IGNORECASE)
_ORDER = ("SHA-512-256", "SHA-256", "MD5")


def challenge_of(header: str) -> dict[str, str] | None:
    """The best challenge in a WWW-Authenticate header that can be answered; None when there is none."""
    found = [_parameters(part) for part in _CHALLENGE.split(header)[1:]]
    usable = [one for one in found if _algorithm(one) in _ORDER and "nonce" in one and "realm" in one]
    usable = [one for one in usable if "qop" not in one or "auth" in _options(one)]
    return min(usable, key=lambda one: _ORDER.index(_algorithm(one)), default=None)


def authorization(challenge: Mapping[str, str], method: str, target: str, user: str, password: str, nonce: str) -> str:
    """The Authorization header; `target` is path and query, `nonce` the client's own, new for each request."""
    name = challenge.get("algorithm", "MD5")
    digest = _HASHES[_algorithm(challenge)]
    realm, server_nonce = challenge["realm"], challenge["nonce"]
    secret = digest(f"{user}:{realm}:{password}".encode())
    if name.upper().endswith("-SESS"):
        secret = digest(f"{secret}:{server_nonce}:{nonce}".encode())
    asked = digest(f"{method}:{target}".encode())
    fields = {"username": user, "realm": realm, "nonce": server_nonce, "uri": target}
    plain = {"algorithm": name}
    if "qop" in challenge:
        count = "00000001"
        answer = digest(f"{secret}:{server_nonce}:{count}:{nonce}:auth:{asked}".encode())
        fields["cnonce"] = nonce
        plain |= {"qop": "auth", "nc": count}
    else:
        answer = digest(f"{secret}:{server_nonce}:{asked}".encode())
    fields["response"] = answer
    if "opaque" in challenge:
        fields["opaque"] = challenge["opaque"]
    quoted = [f'{key}="{_escaped(value)}"' for key, value in fields.items()]
    return "Digest " + ", ".join([*quoted, *(f"{key}={value}" for key, value in plain.items())])


def _algorithm(challenge: Mapping[str, str]) -> str:
    return challenge.get("algorithm", "MD5").upper().removesuffix("-SESS")


def _options(challenge: Mapping[str, str]) -> list[str]:
    return [option.strip().lower() for option in challenge["qop"].split(",")]


def _parameters(text: str) -> dict[str, str]:
    return {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PARAMETER.finditer(text)
    }


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
