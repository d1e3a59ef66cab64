"""Connections: named ways out to HTTP APIs, with secret, quota and circuit breaker."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Request, Response

from models.domain.egress import parse_target
from models.domain.errors import Fault, InvalidInput
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.records import Connection
from serve.responses import json_response, no_content
from serve.schemas import connections as s
from serve.schemas.common import NAME

router = APIRouter(tags=["connections"], route_class=GuardedRoute)

ConnectionName = Annotated[str, Path(pattern=NAME, max_length=63, examples=["crm"])]
_SECRET = ("token", "password", "value")


def secret_context(tenant_id: UUID, name: str) -> str:
    """What the sealed secret of a connection is bound to."""
    return f"connection:{tenant_id}:{name}"


def _shown(connection: Connection) -> dict[str, Any]:
    settings = connection.settings
    return {
        "name": connection.name,
        "base_url": connection.base_url,
        "auth": settings.get("auth"),
        "quota": settings.get("quota"),
        "breaker": settings.get("breaker"),
        "state": connection.state,
        "created_at": connection.created_at,
        "updated_at": connection.updated_at,
    }


@router.put(
    "/v1/connections/{name}",
    response_model=s.Connection,
    responses={201: {"model": s.Connection, "description": "A new connection"}},
)
@needs("connection:write", instance=("name",))
async def put_connection(request: Request, name: ConnectionName, body: s.ConnectionRequest) -> Response:
    """Makes or replaces a connection. Its secret is sealed at once and never shown."""
    deps, principal = deps_of(request), principal_of(request)
    try:
        parse_target(body.base_url)
    except InvalidInput as error:
        faults = [Fault("/base_url", fault.detail) for fault in error.faults]
        raise InvalidInput("The connection is not valid.", faults) from None
    settings = body.model_dump(exclude={"base_url"})
    sealed: bytes | None = None
    if body.auth is not None:
        secret = {key: settings["auth"].pop(key) for key in _SECRET if key in settings["auth"]}
        sealed = deps.ports.sealer.seal(orjson.dumps(secret), secret_context(principal.tenant_id, name))
    now = deps.ports.clock.now()
    created = await deps.ports.connections.put(principal.tenant_id, name, body.base_url, settings, sealed, now)
    stored = await deps.ports.connections.get(principal.tenant_id, name)
    return json_response(_shown(stored), 201 if created else 200)


@router.get("/v1/connections", response_model=s.Connections)
@needs("connection:read", somewhere=True)
async def list_connections(request: Request) -> Response:
    """All connections of the tenant."""
    found = await deps_of(request).ports.connections.list(principal_of(request).tenant_id)
    reach = rights_of(request).reach("connection:read")
    return json_response({"items": [_shown(one) for one in found if reach.holds(one.name)], "next": None})


@router.get("/v1/connections/{name}", response_model=s.Connection, responses={404: {}})
@needs("connection:read", instance=("name",))
async def get_connection(request: Request, name: ConnectionName) -> Response:
    """A connection with the state of its breaker and the use of its quota."""
    return json_response(_shown(await deps_of(request).ports.connections.get(principal_of(request).tenant_id, name)))


@router.delete("/v1/connections/{name}", status_code=204, responses={404: {}})
@needs("connection:write", instance=("name",))
async def delete_connection(request: Request, name: ConnectionName) -> Response:
    """Deletes a connection; runs that use it fail from now on."""
    await deps_of(request).ports.connections.delete(principal_of(request).tenant_id, name)
    return no_content()
