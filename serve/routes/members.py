"""Members of a tenant: who they are, what role they have, and how they leave."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import Fault, InvalidInput
from serve.audit_trail import tell
from serve.auth.delegation import may_change, may_give_role
from serve.authorization_records import Member
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, Text, decode_id_cursor, encode_cursor
from serve.responses import json_response, no_content
from serve.schemas import members as s

router = APIRouter(tags=["members"], route_class=GuardedRoute)

UserId = Annotated[UUID, Path(description="The id of the user.")]


def _member(member: Member) -> dict[str, Any]:
    return {
        "user_id": member.user_id, "email": member.email, "name": member.name, "role": member.role,
        "disabled": member.disabled, "joined_at": member.joined_at,
    }  # fmt: skip


@router.get("/v1/members", response_model=s.MemberPage)
@needs("member:read")
async def list_members(
    request: Request,
    q: Annotated[Text | None, Query(max_length=200, description="Part of the address or name.")] = None,
    role: Annotated[Text | None, Query(max_length=63, examples=["viewer"])] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Members, by the age of their accounts."""
    page = await deps_of(request).ports.members.list(
        principal_of(request).tenant_id, q or None, role, decode_id_cursor(cursor), limit
    )
    return json_response({"items": [_member(one) for one in page.items], "next": encode_cursor(page.next)})


@router.get("/v1/members/{user_id}", response_model=s.Member, responses={404: {}})
@needs("member:read")
async def get_member(request: Request, user_id: UserId) -> Response:
    """One member."""
    return json_response(_member(await deps_of(request).ports.members.get(principal_of(request).tenant_id, user_id)))


@router.patch("/v1/members/{user_id}", response_model=s.Member, responses={404: {}, 409: {}})
@needs("member:write", fresh=True)
async def change_member(request: Request, user_id: UserId, body: s.MemberChange) -> Response:
    """Gives a member another role; it holds within a second. The last owner stays one."""
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    member = await deps.ports.members.get(tenant_id, user_id)
    may_change(rights_of(request), member.role)
    await may_give_role(deps.ports.roles, tenant_id, rights_of(request), body.role)
    tell(before={"role": member.role}, after={"role": body.role})
    await deps.ports.members.set_role(tenant_id, user_id, body.role, member.role)
    deps.directory.forget_tenant(tenant_id)
    return json_response(_member(await deps.ports.members.get(tenant_id, user_id)))


@router.delete("/v1/members/{user_id}", status_code=204, responses={404: {}, 409: {}})
@needs("member:write", fresh=True)
async def remove_member(request: Request, user_id: UserId) -> Response:
    """Ends a membership with its sessions, keys, grants and invitations. The last owner stays."""
    deps, principal = deps_of(request), principal_of(request)
    member = await deps.ports.members.get(principal.tenant_id, user_id)
    may_change(rights_of(request), member.role)
    if member.role == "owner" and user_id == principal.user_id:
        raise InvalidInput("An owner leaves by being made something else first.", [Fault("/user_id", "is yourself")])
    tell(before={"role": member.role, "email": member.email})
    await deps.ports.members.remove(principal.tenant_id, user_id, member.role, deps.ports.clock.now())
    deps.directory.forget_tenant(principal.tenant_id)
    deps.keyring.forget_subject(principal.tenant_id, user_id)
    return no_content()
