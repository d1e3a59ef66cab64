"""Every route says who may call it, and keeps to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute

from models.domain.identity import PERMISSIONS, ROLES
from serve.app import build_api
from serve.guard import GuardedRoute, access_of
from tests.unit.serve.api import Api, assert_problem

_VALUES = {
    "run_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d", "notification_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d",
    "version": "1.0.0", "task_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d",
    "user_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d", "grant_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d",
    "account_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d", "key_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d",
    "invitation_id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d",
}  # fmt: skip


def routes() -> list[tuple[str, str, APIRoute]]:
    """(method, path with values, route) of all routes."""
    found = []
    for route in build_api().routes:
        assert isinstance(route, APIRoute)
        path = re.sub(r"{(\w+)}", lambda name: _VALUES.get(name[1], "nobodys"), route.path)
        found += [(method, path, route) for method in sorted(route.methods or ())]
    return found


def guarded() -> list[Any]:
    return [
        pytest.param(method, path, access_of(route.endpoint).permission, id=f"{method} {route.path}")
        for method, path, route in routes()
        if not access_of(route.endpoint).public
    ]


def test_only_these_routes_are_public() -> None:
    public = {f"{method} {route.path}" for method, _, route in routes() if access_of(route.endpoint).public}
    assert public == {
        "POST /v1/auth/register", "POST /v1/auth/login", "POST /v1/auth/verify", "POST /v1/auth/verify/resend",
        "POST /v1/auth/password/reset", "POST /v1/auth/password/reset-request", 
        "POST /v1/auth/ticket", "POST /v1/auth/refresh",
        "POST /v1/auth/logout", "POST /v1/hooks/{tenant}/{source}", "GET /.well-known/jwks.json", "GET /v1/config",
        "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /v2", "GET /v2/health/live",
        "GET /v2/health/ready", "GET /v1/task-links/{token}", "POST /v1/task-links/{token}",
        "POST /v1/auth/mfa/verify", "POST /v1/auth/passkeys/options", "POST /v1/auth/passkeys",
        "POST /v1/auth/invitations/accept", "POST /v1/auth/discover", "GET /v1/auth/sso/{provider}/start",
        "GET /v1/auth/oidc/callback/{provider}", "POST /v1/auth/saml/acs/{provider}",
        "GET /v1/auth/saml/metadata/{provider}", "GET /scim/v2/Users", "GET /scim/v2/Groups", "POST /scim/v2/Users",
        "GET /scim/v2/Users/{resource}", "PUT /scim/v2/Users/{resource}", "PATCH /scim/v2/Users/{resource}",
        "DELETE /scim/v2/Users/{resource}", "POST /scim/v2/Groups", "GET /scim/v2/Groups/{resource}",
        "PUT /scim/v2/Groups/{resource}", "PATCH /scim/v2/Groups/{resource}", "DELETE /scim/v2/Groups/{resource}",
        "GET /scim/v2/ServiceProviderConfig", "GET /scim/v2/ResourceTypes", "GET /scim/v2/ResourceTypes/{resource}",
        "GET /scim/v2/Schemas", "GET /scim/v2/Schemas/{resource}",
    }  # fmt: skip


def test_every_permission_that_a_route_needs_is_given_to_some_role() -> None:
    needed = {access_of(route.endpoint).permission for _, _, route in routes()} - {None}
    assert needed <= frozenset().union(*PERMISSIONS.values())


@pytest.mark.parametrize(("method", "path", "permission"), guarded())
async def test_nobody_gets_in_without_a_token(api: Api, method: str, path: str, permission: str | None) -> None:
    answer = await api.http.request(method, path, content=b"{" * 100_000)
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "permission"), guarded())
async def test_a_role_does_what_it_may_and_nothing_else(
    api: Api, method: str, path: str, permission: str | None
) -> None:
    for role in ROLES if permission else ():
        answer = await api.call(method, path, api.caller(role))
        assert permission is not None
        if permission in PERMISSIONS[role]:
            assert answer.status_code not in (401, 403), (role, answer.text)
        else:
            assert_problem(answer, 403)


async def test_an_unknown_role_may_nothing(api: Api) -> None:
    assert_problem(await api.call("GET", "/v1/runs", api.caller("emperor")), 403)


def test_a_route_that_names_no_access_cannot_be_made() -> None:
    router = APIRouter(route_class=GuardedRoute)

    async def forgetful(request: Request) -> None:
        """Says nothing about access."""

    with pytest.raises(TypeError, match="declares no access"):
        router.get("/forgetful")(forgetful)
