"""Secrets that workflows name under use.secrets: put, named, deleted, never shown."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Request, Response

from models.domain.errors import LimitExceeded
from models.domain.secrets import secret_context
from serve.gateway.policy import cached
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.responses import json_response, no_content
from serve.schemas import secrets as s

router = APIRouter(tags=["secrets"], route_class=GuardedRoute)

SecretName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=128, examples=["crm-password"])]


@router.put(
    "/v1/secrets/{name}",
    response_model=s.StoredSecret,
    responses={201: {"model": s.StoredSecret, "description": "A new secret"}},
)
@needs("secret:write", instance=("name",), fresh=True)
async def put_secret(request: Request, name: SecretName, body: s.SecretRequest) -> Response:
    """Makes or replaces a secret. It is sealed at once; calls use the new value within seconds."""
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    plain = orjson.dumps(body.value)
    if len(plain) > deps.limits.max_secret_bytes:
        raise LimitExceeded("max_secret_bytes", deps.limits.max_secret_bytes, pointer="/value")
    sealed = deps.ports.sealer.seal(plain, secret_context(tenant_id, name))
    created = await deps.ports.secrets.put(tenant_id, name, sealed, deps.ports.clock.now())
    return json_response({"name": name, "created": created}, 201 if created else 200)


@router.get("/v1/secrets", response_model=s.Secrets)
@needs("secret:read", somewhere=True)
@cached("secret")
async def list_secrets(request: Request) -> Response:
    """The names of all secrets of the tenant."""
    found = await deps_of(request).ports.secrets.list(principal_of(request).tenant_id)
    reach = rights_of(request).reach("secret:read")
    items = [
        {"name": one.name, "created_at": one.created_at, "updated_at": one.updated_at}
        for one in found
        if reach.holds(one.name)
    ]
    return json_response({"items": items, "next": None})


@router.delete("/v1/secrets/{name}", status_code=204, responses={404: {}})
@needs("secret:write", instance=("name",), fresh=True)
async def delete_secret(request: Request, name: SecretName) -> Response:
    """Deletes a secret; steps that use it fail from now on."""
    await deps_of(request).ports.secrets.delete(principal_of(request).tenant_id, name)
    return no_content()
