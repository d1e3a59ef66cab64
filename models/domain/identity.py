"""Who asks, for which tenant, and what their role allows: the one decision function."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from models.domain.errors import Forbidden

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
    }
)
OPERATE = frozenset({"run:start", "run:cancel", "run:operate", "event:write"})
EDIT = frozenset({"task:assign", "workflow:write", "metric:write", "hook:write", "connection:write", "secret:write"})
MODEL = frozenset({"model:write"})
ADMIN = frozenset({"tenant:write", "member:read", "member:write"})

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


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user acting in one tenant."""

    user_id: UUID
    tenant_id: UUID
    role: str
    session_id: UUID


@dataclass(frozen=True, slots=True)
class TenantScope:
    """The tenant that a repository call may see; made from a Principal or by a trusted loop only.

    `shard` is None where nobody looked it up.
    """

    tenant_id: UUID
    shard: int | None = None


def allows(role: str, permission: str) -> bool:
    """Deny by default: an unknown role or permission is refused."""
    return permission in PERMISSIONS.get(role, frozenset())


def require(principal: Principal, permission: str) -> None:
    """Forbidden unless the role of the principal has the permission."""
    if not allows(principal.role, permission):
        raise Forbidden(f"The role {principal.role} may not do {permission}.")
