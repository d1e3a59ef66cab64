"""Service accounts: programs that act in a tenant by keys of their own."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import Fault, InvalidInput
from models.domain.ids import uuid7
from serve.audit_trail import tell
from serve.auth.delegation import may_give_role
from serve.authorization_records import ServiceAccount
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, Text, decode_id_cursor, encode_cursor
from serve.responses import json_response, no_content
from serve.schemas import api_keys as s

router = APIRouter(tags=["service accounts"], route_class=GuardedRoute)

AccountId = Annotated[UUID, Path(description="The id of the service account.")]


def _account(account: ServiceAccount) -> dict[str, Any]:
    return {
        "id": account.id, "name": account.name, "description": account.description, "role": account.role,
        "disabled": account.disabled, "created_at": account.created_at, "created_by": account.created_by,
    }  # fmt: skip


async def _may_have(request: Request, role: str) -> None:
    if role == "owner":
        raise InvalidInput("A program cannot own a tenant.", [Fault("/role", "admin is the most it can be")])
    roles, tenant_id = deps_of(request).ports.roles, principal_of(request).tenant_id
    await may_give_role(roles, tenant_id, rights_of(request), role)


@router.post("/v1/service-accounts", response_model=s.ServiceAccount, status_code=201, responses={409: {}})
@needs("service_account:write", fresh=True)
async def create_service_account(request: Request, body: s.ServiceAccountRequest) -> Response:
    """Makes a service account, with a role that has no more than the caller."""
    deps, principal = deps_of(request), principal_of(request)
    await _may_have(request, body.role)
    now = deps.ports.clock.now()
    account = ServiceAccount(uuid7(now), body.name, body.description, body.role, False, now, principal.user_id)
    tell(resource_id=str(account.id), after={"name": account.name, "role": account.role})
    await deps.ports.service_accounts.add(principal.tenant_id, account)
    return json_response(_account(account), 201, {"location": f"/v1/service-accounts/{account.id}"})


@router.get("/v1/service-accounts", response_model=s.ServiceAccountPage)
@needs("service_account:read")
async def list_service_accounts(
    request: Request,
    q: Annotated[Text | None, Query(max_length=200, description="Part of the name or description.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Service accounts, oldest first."""
    page = await deps_of(request).ports.service_accounts.list(
        principal_of(request).tenant_id, q or None, decode_id_cursor(cursor), limit
    )
    return json_response({"items": [_account(one) for one in page.items], "next": encode_cursor(page.next)})


@router.get("/v1/service-accounts/{account_id}", response_model=s.ServiceAccount, responses={404: {}})
@needs("service_account:read")
async def get_service_account(request: Request, account_id: AccountId) -> Response:
    """One service account."""
    accounts = deps_of(request).ports.service_accounts
    return json_response(_account(await accounts.get(principal_of(request).tenant_id, account_id)))


@router.patch("/v1/service-accounts/{account_id}", response_model=s.ServiceAccount, responses={404: {}})
@needs("service_account:write", fresh=True)
async def change_service_account(request: Request, account_id: AccountId, body: s.ServiceAccountChange) -> Response:
    """Changes, disables or enables one; it holds within a second."""
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    before = await deps.ports.service_accounts.get(tenant_id, account_id)
    role = before.role if body.role is None else body.role
    disabled = before.disabled if body.disabled is None else body.disabled
    if role != before.role or (before.disabled and not disabled):
        await _may_have(request, role)
    description = before.description if body.description is None else body.description
    tell(before={"role": before.role, "disabled": before.disabled}, after={"role": role, "disabled": disabled})
    await deps.ports.service_accounts.update(
        tenant_id, account_id, description, role, disabled, deps.ports.clock.now()
    )
    deps.directory.forget_tenant(tenant_id)
    return json_response(_account(await deps.ports.service_accounts.get(tenant_id, account_id)))


@router.delete("/v1/service-accounts/{account_id}", status_code=204, responses={404: {}})
@needs("service_account:write")
async def delete_service_account(request: Request, account_id: AccountId) -> Response:
    """Deletes one with its keys and grants."""
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    await deps.ports.service_accounts.delete(tenant_id, account_id, deps.ports.clock.now())
    deps.directory.forget_tenant(tenant_id)
    deps.keyring.forget_subject(tenant_id, account_id)
    return no_content()
