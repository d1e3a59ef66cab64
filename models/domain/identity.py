"""Who asks, for which tenant, and what the built-in roles allow; models/domain/authorization.py decides by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

READ = frozenset(
    {
        "workflow:read",
        "run:read",
        "event:read",
        "metric:read",
        "notification:read",
        "model:read",
        "connection:read",
        "hook:read",
        "task:read",
        "task:answer",
        "secret:read",
        "model:infer",
        "api_key:read",
        "api_key:write",
    }
)
OPERATE = frozenset({"run:start", "run:cancel", "run:operate", "event:write"})
EDIT = frozenset({"task:assign", "workflow:write", "metric:write", "hook:write", "connection:write", "secret:write"})
MODEL = frozenset({"model:write"})
ADMIN = frozenset(
    {
        "tenant:write",
        "audit:read",
        "audit:write",
        "client:read",
        "client:write",
        "member:read",
        "member:write",
        "role:read",
        "role:write",
        "service_account:read",
        "service_account:write",
        "sso:read",
        "sso:write",
    }
)

PERMISSIONS: dict[str, frozenset[str]] = {
    "viewer": READ,
    "analyst": READ | {"metric:write"},
    "operator": READ | OPERATE,
    "data_scientist": READ | MODEL | {"run:start"},
    "editor": READ | OPERATE | EDIT,
    "admin": READ | OPERATE | EDIT | MODEL | ADMIN,
    "owner": READ | OPERATE | EDIT | MODEL | ADMIN,
}
ROLES = tuple(PERMISSIONS)


class SubjectKind(StrEnum):
    """Who acts. A client is a program that an OAuth grant lets act as a service account."""

    USER = "user"
    SERVICE_ACCOUNT = "service_account"
    CLIENT = "client"


class Credential(StrEnum):
    """What a request showed: the access token of a session, an API key, or a token that a client was given."""

    SESSION = "session"
    API_KEY = "api_key"
    OAUTH = "oauth"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts in one tenant: a user, or a service account whose id is then in `user_id`.

    `role` is the one they have now (in a token: had when it was made, which decides nothing). `session_id` is the
    session, or the API key. `scopes` narrow the credential: names of permissions or `kind:*`, None for no narrowing.
    `authenticated_at` is when they last proved who they are, by `factors` (pwd, otp, webauthn, sso, ...).
    """

    user_id: UUID
    tenant_id: UUID
    role: str
    session_id: UUID
    subject: SubjectKind = SubjectKind.USER
    scopes: frozenset[str] | None = None
    authenticated_at: datetime | None = None
    factors: tuple[str, ...] = ()
    credential: Credential = Credential.SESSION


@dataclass(frozen=True, slots=True)
class TenantScope:
    """The tenant that a repository call may see; made from a Principal or by a trusted loop only.

    `shard` is None where nobody looked it up.
    """

    tenant_id: UUID
    shard: int | None = None
