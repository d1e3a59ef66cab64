"""Links that let somebody without an account answer one task: Ed25519-signed, bound to the task and to what may be
decided. A task is answered once, so a link is used up by its use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import CompactSignature

from models.domain.errors import Unauthenticated
from models.domain.ids import uuid7
from serve.auth.tokens import ALGORITHM, ISSUER, TokenKeys

_TYPE = "task-link+jwt"
_AUDIENCE = "tidewire-task"
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class TaskLink:
    """Who holds the link may decide one of `decisions` of the task, under this name, until `expires_at` (seconds)."""

    tenant_id: UUID
    task_id: UUID
    name: str
    decisions: Sequence[str]
    expires_at: int


def issue_link(keys: TokenKeys, link: TaskLink, now: datetime) -> str:
    """The token of the link."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": _AUDIENCE,
        "tid": str(link.tenant_id),
        "sub": str(link.task_id),
        "name": link.name,
        "dec": list(link.decisions),
        "exp": link.expires_at,
        "jti": uuid7(now).hex,
    }
    header = {"alg": ALGORITHM, "kid": keys.active, "typ": _TYPE}
    return jwt.encode(header, claims, keys.signing(), algorithms=[ALGORITHM])


def verify_link(keys: TokenKeys, token: str, now: datetime) -> TaskLink:
    """Unauthenticated for anything that is not wholly one of ours, or whose time is over."""

    def find(candidate: object) -> OKPKey:
        assert isinstance(candidate, CompactSignature)
        return keys.verifying(candidate.headers().get("kid"))

    if len(token) > MAX_BYTES:
        raise _refused()
    try:
        decoded = jwt.decode(token, find, algorithms=[ALGORITHM])
        claims = decoded.claims
        if decoded.header.get("typ") != _TYPE or claims["iss"] != ISSUER or claims["aud"] != _AUDIENCE:
            raise _refused()
        link = TaskLink(
            UUID(claims["tid"]), UUID(claims["sub"]), str(claims["name"]), [str(one) for one in claims["dec"]],
            int(claims["exp"]),
        )  # fmt: skip
    except (
        JoseError, ValueError, TypeError, KeyError, AttributeError, AssertionError, RecursionError, Unauthenticated
    ):  # fmt: skip
        raise _refused() from None
    if now.timestamp() >= link.expires_at:
        raise Unauthenticated("This link has expired; ask for a new one.")
    return link


def _refused() -> Unauthenticated:
    return Unauthenticated("This link is not one of ours, or was changed; open it exactly as you got it.")
