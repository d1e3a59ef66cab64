"""Invitations: whom a tenant asks to come, and how they do."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from models.domain.errors import Forbidden
from models.domain.identity import Credential, Principal
from serve.audit_trail import tell
from serve.auth.delegation import may_give_role
from serve.authorization_records import Invitation
from serve.guard import GuardedRoute, deps_of, needs, principal_of, public, rights_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, decode_id_cursor, encode_cursor
from serve.responses import json_response, no_content
from serve.schemas import members as s

router = APIRouter(tags=["members"], route_class=GuardedRoute)


def _invitation(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id, "email": invitation.email, "role": invitation.role,
        "created_at": invitation.created_at, "created_by": invitation.created_by, "expires_at": invitation.expires_at,
    }  # fmt: skip


@router.post("/v1/invitations", response_model=s.Invitation, status_code=201, responses={409: {}})
@needs("member:write", fresh=True)
async def create_invitation(request: Request, body: s.InvitationRequest) -> Response:
    """Invites by mail, to a role that has no more than the caller. A new one to the same address replaces the old."""
    deps, principal = deps_of(request), principal_of(request)
    await may_give_role(deps.ports.roles, principal.tenant_id, rights_of(request), body.role)
    invitation, token = deps.invitations.make(body.email, body.role, principal.user_id)
    tell(resource_id=str(invitation.id), after={"email": invitation.email, "role": invitation.role})
    tenant = await deps.ports.tasks.tenant_name(principal.tenant_id)
    user = await deps.ports.identity.user(principal.user_id)
    inviter = user.email if user else "A program of the tenant"
    await deps.invitations.send(principal.tenant_id, invitation, token, tenant, inviter)
    return json_response(_invitation(invitation), 201)


@router.get("/v1/invitations", response_model=s.InvitationPage)
@needs("member:read")
async def list_invitations(request: Request, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE) -> Response:
    """Who is invited and has not come yet, oldest first."""
    deps = deps_of(request)
    page = await deps.ports.members.invitations(
        principal_of(request).tenant_id, deps.ports.clock.now(), decode_id_cursor(cursor), limit
    )
    return json_response({"items": [_invitation(one) for one in page.items], "next": encode_cursor(page.next)})


@router.delete("/v1/invitations/{invitation_id}", status_code=204, responses={404: {}})
@needs("member:write")
async def revoke_invitation(
    request: Request, invitation_id: Annotated[UUID, Path(description="The id of the invitation.")]
) -> Response:
    """Takes an invitation back; its link is worth nothing any more."""
    deps = deps_of(request)
    await deps.ports.members.revoke_invitation(
        principal_of(request).tenant_id, invitation_id, deps.ports.clock.now()
    )
    return no_content()


@router.post(
    "/v1/auth/invitations/accept", response_model=s.Accepted,
    responses={201: {"model": s.Accepted, "description": "With a new account"}, 401: {}, 403: {}, 404: {}, 409: {}},
)
@public
async def accept_invitation(request: Request, body: s.AcceptRequest) -> Response:
    """Becomes a member. Who has an account with the address sends its access token, and switches to the tenant then;
    who has none gives a password for a new account, and signs in then."""
    deps = deps_of(request)
    joined = await deps.invitations.accept(body.token, body.password, await _signed_in(request))
    deps.directory.forget_subjects([joined.user_id])
    found = joined.invitation
    answer = {
        "email": found.email, "role": found.role, "is_new": joined.is_new,
        "tenant": {"id": found.tenant_id, "name": found.tenant_name, "display_name": found.display_name},
    }  # fmt: skip
    return json_response(answer, 201 if joined.is_new else 200)


async def _signed_in(request: Request) -> Principal | None:
    authorization = request.headers.get("authorization")
    if not authorization:
        return None
    principal = deps_of(request).gate.admit(authorization)
    if principal.credential is not Credential.SESSION:
        raise Forbidden("This is only for a signed-in user, not for API keys and clients.")
    return principal
