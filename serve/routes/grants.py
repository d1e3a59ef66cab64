"""Grants: what one user, service account or role may or may not do, at one instance or at many."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.authorization import Effect, Grant, expand, resource_of, resource_types
from models.domain.delegation import given_by, refuse_excess
from models.domain.errors import Fault, InvalidInput
from models.domain.ids import uuid7
from serve.authorization_records import GrantFilter, MadeGrant
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, Text, decode_id_cursor, encode_cursor
from serve.responses import json_response, no_content
from serve.schemas import authorization as s

router = APIRouter(tags=["grants"], route_class=GuardedRoute)

GrantId = Annotated[UUID, Path(description="The id of the grant.")]


def _grant(made: MadeGrant) -> dict[str, Any]:
    grant = made.grant
    return {
        "id": grant.id, "subject_kind": grant.subject_kind, "subject": grant.subject, "effect": grant.effect.value,
        "permission": grant.permission, "resource": grant.resource, "instance": grant.instance,
        "created_at": made.created_at, "created_by": made.created_by,
    }  # fmt: skip


def _read(body: s.GrantRequest, grant_id: UUID) -> Grant:
    resource = body.resource or (None if body.permission == "*" else resource_of(body.permission))
    faults = []
    if resource is None:
        faults.append(Fault("/resource", "is needed when the permission is *"))
    elif resource not in resource_types():
        faults.append(Fault("/resource", f"expected one of {', '.join(sorted(resource_types()))}"))
    elif not any(resource_of(one) == resource for one in expand([body.permission])):
        faults.append(Fault("/permission", f"{body.permission} covers no permission on a {resource}"))
    if body.instance is not None and "*" in body.instance[:-1]:
        faults.append(Fault("/instance", "a * may only be the last character"))
    if faults or resource is None:
        raise InvalidInput("The grant is not a rule.", faults)
    return Grant(
        grant_id, body.subject_kind, body.subject, Effect(body.effect), body.permission, resource, body.instance
    )


@router.post("/v1/grants", response_model=s.Grant, status_code=201, responses={409: {}})
@needs("role:write", fresh=True)
async def create_grant(request: Request, body: s.GrantRequest) -> Response:
    """Makes a rule; it holds within a second. Nobody can allow what they may not do themselves."""
    deps, principal = deps_of(request), principal_of(request)
    now = deps.ports.clock.now()
    grant = _read(body, uuid7(now))
    if grant.effect is Effect.ALLOW:
        refuse_excess(rights_of(request), given_by(grant))
    made = MadeGrant(grant, now, principal.user_id)
    await deps.ports.roles.add_grant(principal.tenant_id, made)
    deps.directory.forget_tenant(principal.tenant_id)
    return json_response(_grant(made), 201, {"location": f"/v1/grants/{grant.id}"})


@router.get("/v1/grants", response_model=s.GrantPage)
@needs("role:read")
async def list_grants(
    request: Request,
    subject_kind: Annotated[Literal["user", "service_account", "role"] | None, Query()] = None,
    subject: Annotated[Text | None, Query(max_length=63, description="An id, or the name of a role.")] = None,
    resource: Annotated[Text | None, Query(max_length=63, examples=["workflow"])] = None,
    instance: Annotated[Text | None, Query(max_length=255, examples=["ops/late-flights"])] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """The rules of the tenant, oldest first."""
    where = GrantFilter(subject_kind, subject, resource, instance)
    page = await deps_of(request).ports.roles.grants(
        principal_of(request).tenant_id, where, decode_id_cursor(cursor), limit
    )
    return json_response({"items": [_grant(one) for one in page.items], "next": encode_cursor(page.next)})


@router.get("/v1/grants/{grant_id}", response_model=s.Grant, responses={404: {}})
@needs("role:read")
async def get_grant(request: Request, grant_id: GrantId) -> Response:
    """One rule."""
    return json_response(_grant(await deps_of(request).ports.roles.grant(principal_of(request).tenant_id, grant_id)))


@router.delete("/v1/grants/{grant_id}", status_code=204, responses={404: {}})
@needs("role:write", fresh=True)
async def delete_grant(request: Request, grant_id: GrantId) -> Response:
    """Deletes a rule. To take a deny away, one needs what it denies."""
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    found = await deps.ports.roles.grant(tenant_id, grant_id)
    if found.grant.effect is Effect.DENY:
        refuse_excess(rights_of(request), given_by(found.grant))
    await deps.ports.roles.delete_grant(tenant_id, grant_id)
    deps.directory.forget_tenant(tenant_id)
    return no_content()
