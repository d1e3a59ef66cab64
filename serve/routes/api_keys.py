"""API keys of users and service accounts: shown once, narrowed by scopes, revoked at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.authorization import Rights, expand
from models.domain.delegation import refuse_excess
from models.domain.errors import Fault, Forbidden, InvalidInput, NotFound
from models.domain.identity import Credential, SubjectKind
from models.domain.ids import uuid7
from serve.audit_trail import tell
from serve.auth.keyring import new_key
from serve.authorization_records import ApiKey
from serve.guard import GuardedRoute, demand, deps_of, needs, principal_of, rights_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, decode_id_cursor, encode_cursor
from serve.responses import json_response, no_content
from serve.schemas import api_keys as s

router = APIRouter(tags=["API keys"], route_class=GuardedRoute)


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id, "name": key.name, "prefix": key.prefix, "subject_kind": key.subject_kind,
        "subject_id": key.subject_id, "scopes": key.scopes, "created_at": key.created_at,
        "created_by": key.created_by, "expires_at": key.expires_at, "last_used_at": key.last_used_at,
    }  # fmt: skip


@router.post("/v1/api-keys", response_model=s.NewApiKey, status_code=201, responses={404: {}})
@needs("api_key:write", fresh=True)
async def create_api_key(request: Request, body: s.ApiKeyRequest) -> Response:
    """Makes a key for the caller or for a service account; it is shown this once."""
    deps, principal = deps_of(request), principal_of(request)
    now = deps.ports.clock.now()
    _check(body, now)
    scopes = None if body.scopes is None else frozenset(body.scopes)
    kind, subject = await _subject(request, body.service_account, scopes)
    made = new_key()
    key = ApiKey(
        uuid7(now), made.prefix, body.name, kind, subject, None if scopes is None else sorted(scopes), now,
        principal.user_id, body.expires_at,
    )  # fmt: skip
    tell(resource_id=str(key.id), after={"name": key.name, "prefix": key.prefix, "scopes": key.scopes})
    await deps.ports.api_keys.add(principal.tenant_id, key, made.hash)
    return json_response({**_key(key), "key": made.key}, 201, {"location": f"/v1/api-keys/{key.id}"})


def _check(body: s.ApiKeyRequest, now: datetime) -> None:
    faults = [
        Fault(f"/scopes/{place}", f"{one} covers no permission there is")
        for place, one in enumerate(body.scopes or ())
        if not expand([one])
    ]
    if body.expires_at is not None and body.expires_at <= now:
        faults.append(Fault("/expires_at", "is in the past"))
    if faults:
        raise InvalidInput("The key cannot be made like this.", faults)


async def _subject(request: Request, account_id: UUID | None, scopes: frozenset[str] | None) -> tuple[str, UUID]:
    """Whom the key is to act for. One's own keys are made in a session: a key that leaks makes no others."""
    deps, principal = deps_of(request), principal_of(request)
    if account_id is None:
        if principal.credential is not Credential.SESSION or principal.scopes is not None:
            raise Forbidden("Only a signed-in user makes keys for themselves; give a service account.")
        return "user", principal.user_id
    demand(request, "service_account:write")
    found = await deps.ports.access.standing(principal.tenant_id, SubjectKind.SERVICE_ACCOUNT, account_id)
    if found is None:
        raise NotFound("There is no such service account, or it is disabled.")
    refuse_excess(rights_of(request), Rights(found.role, found.permissions, found.grants, scopes))
    return "service_account", account_id


@router.get("/v1/api-keys", response_model=s.ApiKeyPage)
@needs("api_key:read")
async def list_api_keys(
    request: Request,
    service_account: Annotated[UUID | None, Query(description="Keys of this service account.")] = None,
    everyone: Annotated[bool, Query(description="Keys of all; needs member:read.")] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """The caller's own keys, those of a service account, or all. What they are is not shown again."""
    principal = principal_of(request)
    kind = "user" if principal.subject is SubjectKind.USER else "service_account"
    wanted: tuple[str | None, UUID | None] = (kind, principal.user_id)
    if service_account is not None:
        demand(request, "service_account:read")
        wanted = ("service_account", service_account)
    elif everyone:
        demand(request, "member:read")
        wanted = (None, None)
    page = await deps_of(request).ports.api_keys.list(
        principal.tenant_id, *wanted, decode_id_cursor(cursor), limit
    )
    return json_response({"items": [_key(one) for one in page.items], "next": encode_cursor(page.next)})


@router.delete("/v1/api-keys/{key_id}", status_code=204, responses={404: {}})
@needs("api_key:write")
async def revoke_api_key(
    request: Request, key_id: Annotated[UUID, Path(description="The id of the key.")]
) -> Response:
    """Revokes a key: one's own, or those of service accounts and members with the permission for these."""
    deps, principal = deps_of(request), principal_of(request)
    key = await deps.ports.api_keys.get(principal.tenant_id, key_id)
    if key.subject_id != principal.user_id:
        demand(request, "service_account:write" if key.subject_kind == "service_account" else "member:write")
    tell(before={"name": key.name, "prefix": key.prefix})
    await deps.ports.api_keys.revoke(principal.tenant_id, key_id, deps.ports.clock.now())
    deps.keyring.forget(key_id)
    return no_content()
