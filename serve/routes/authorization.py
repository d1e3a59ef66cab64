"""What callers may do, and why."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from models.domain.authorization import ALL_PERMISSIONS, Places, Resource, Rights, explain, resource_of
from models.domain.errors import NotFound
from models.domain.identity import SubjectKind
from serve.audit_trail import unaudited
from serve.guard import GuardedRoute, demand, deps_of, identified, principal_of, rights_of
from serve.responses import json_response
from serve.schemas import authorization as s

router = APIRouter(tags=["authorization"], route_class=GuardedRoute)


def _places(places: Places) -> dict[str, Any]:
    return {"everywhere": places.everywhere, "names": sorted(places.names), "prefixes": list(places.prefixes)}


@router.get("/v1/me/permissions", response_model=s.MyPermissions)
@identified
async def get_my_permissions(request: Request) -> Response:
    """What the caller may do, and where, with the credential of this request."""
    rights = rights_of(request)
    reaches = [(one, rights.reach(one)) for one in sorted(ALL_PERMISSIONS)]
    items = [
        {
            "permission": permission, "resource": resource_of(permission),
            "allowed": _places(reach.allowed), "denied": _places(reach.denied),
        }
        for permission, reach in reaches
        if not reach.nothing
    ]  # fmt: skip
    scopes = None if rights.scopes is None else sorted(rights.scopes)
    return json_response({"role": rights.role, "scopes": scopes, "items": items})


@router.post("/v1/authorization/explain", response_model=s.Explanation, responses={404: {}})
@identified
@unaudited("it changes nothing")
async def explain_decision(request: Request, body: s.ExplainRequest) -> Response:
    """Why somebody may or may not do something, rule by rule. About others only with role:read."""
    rights = await _rights_of_subject(request, body.subject)
    resource = Resource(body.resource or resource_of(body.permission), body.instance)
    told = explain(rights, body.permission, resource)
    rules = [
        {
            "source": rule.source, "effect": rule.effect.value, "applies": rule.applies, "reason": rule.reason,
            "grant": rule.grant_id,
        }
        for rule in told.rules
    ]  # fmt: skip
    return json_response({
        "allowed": told.allowed, "role": rights.role, "permission": body.permission, "resource": resource.type,
        "instance": resource.instance, "rules": rules,
    })  # fmt: skip


async def _rights_of_subject(request: Request, subject: s.ExplainSubject | None) -> Rights:
    if subject is None:
        return rights_of(request)
    demand(request, "role:read")
    tenant_id = principal_of(request).tenant_id
    found = await deps_of(request).ports.access.standing(tenant_id, SubjectKind(subject.kind), subject.id)
    if found is None:
        raise NotFound("There is no such member or service account, or it is disabled.")
    return Rights(found.role, found.permissions, found.grants)
