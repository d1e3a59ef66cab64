"""Roles: the built-in ones, and those that a tenant makes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from models.domain.authorization import Rights, expand, role_permissions
from models.domain.delegation import refuse_excess
from models.domain.errors import Conflict, Fault, InvalidInput
from models.domain.identity import ROLES
from serve.authorization_records import Role
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.responses import json_response, no_content
from serve.schemas import authorization as s

router = APIRouter(tags=["roles"], route_class=GuardedRoute)

RoleName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,62}$", max_length=63, examples=["dispatcher"])]
_BUILTIN = {
    "owner": "May everything, and is never denied anything.",
    "admin": "May everything but make owners.",
    "editor": "Makes and runs workflows, connections, secrets and metrics.",
    "operator": "Starts and operates runs.",
    "analyst": "Reads, and makes metrics.",
    "viewer": "Reads, and answers tasks.",
    "data_scientist": "Reads, deploys models and starts runs.",
}


def _role(role: Role) -> dict[str, Any]:
    return {
        "name": role.name, "description": role.description, "builtin": False, "permissions": list(role.permissions),
        "covers": sorted(expand(role.permissions)), "created_at": role.created_at, "updated_at": role.updated_at,
    }  # fmt: skip


def _builtin(name: str) -> dict[str, Any]:
    has = sorted(role_permissions(name))
    return {
        "name": name, "description": _BUILTIN[name], "builtin": True, "permissions": has, "covers": has,
        "created_at": None, "updated_at": None,
    }  # fmt: skip


def _checked(permissions: list[str]) -> list[str]:
    faults = [
        Fault(f"/permissions/{place}", f"{one} covers no permission there is")
        for place, one in enumerate(permissions)
        if not expand([one])
    ]
    if faults:
        raise InvalidInput("There are no such permissions.", faults)
    return sorted(set(permissions))


@router.get("/v1/roles", response_model=s.Roles)
@needs("role:read")
async def list_roles(request: Request) -> Response:
    """All roles with their permissions, built-in ones first."""
    made = await deps_of(request).ports.roles.list(principal_of(request).tenant_id)
    return json_response({"items": [*map(_builtin, ROLES), *map(_role, made)], "next": None})


@router.post("/v1/roles", response_model=s.Role, status_code=201, responses={409: {}})
@needs("role:write", fresh=True)
async def create_role(request: Request, body: s.NewRoleRequest) -> Response:
    """Makes a role. Nobody can put permissions into it that they do not have themselves."""
    if body.name in ROLES:
        raise Conflict(f"{body.name} is a built-in role.")
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    permissions = _checked(body.permissions)
    refuse_excess(rights_of(request), Rights(body.name, permissions))
    made = await deps.ports.roles.add(tenant_id, body.name, body.description, permissions, deps.ports.clock.now())
    return json_response(_role(made), 201, {"location": f"/v1/roles/{body.name}"})


@router.put("/v1/roles/{role}", response_model=s.Role, responses={404: {}, 409: {}})
@needs("role:write", fresh=True)
async def change_role(request: Request, role: RoleName, body: s.RoleRequest) -> Response:
    """Changes what a role allows; whoever has it may do so within a second."""
    if role in ROLES:
        raise Conflict("Built-in roles cannot be changed; make one of your own.")
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    permissions = _checked(body.permissions)
    refuse_excess(rights_of(request), Rights(role, permissions))
    changed = await deps.ports.roles.update(
        tenant_id, role, body.description, permissions, deps.ports.clock.now()
    )
    deps.directory.forget_tenant(tenant_id)
    return json_response(_role(changed))


@router.delete("/v1/roles/{role}", status_code=204, responses={404: {}, 409: {}})
@needs("role:write")
async def delete_role(request: Request, role: RoleName) -> Response:
    """Deletes a role that nobody has, with its grants."""
    if role in ROLES:
        raise Conflict("Built-in roles cannot be deleted.")
    await deps_of(request).ports.roles.delete(principal_of(request).tenant_id, role)
    return no_content()
