"""Every route of the API, two tenants, every built-in role: let in exactly when the permission it declares says so, and
never shown anything of the other tenant."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from models.domain.identity import PERMISSIONS, ROLES, Principal
from models.domain.ids import uuid7
from serve.auth.tokens import issue
from serve.guard import GuardedRoute, access_of
from storage import identity
from tests.integration.api.conftest import Client
from tests.integration.api.test_tenants_apart import addressed, furnish, signed_up, without
from tests.storage_kit import Api

# Those that look further than their permission: at whose key or membership it is, or at what is asked about.
_LOOK_FURTHER = {
    "DELETE /v1/api-keys/{key_id}", "DELETE /v1/members/{user_id}", "PATCH /v1/members/{user_id}",
}  # fmt: skip


async def member(api: Api, app: FastAPI, client: Client, owner: Principal, role: str) -> httpx.AsyncClient:
    """A client of a new member, who proved a moment ago who they are."""
    user_id, ports = uuid7(), app.state.deps.ports
    async with api.app.unit_of_work([owner.tenant_id]) as conn:
        await identity.add_user(conn, user_id, f"{user_id}@example.com", None)
        await identity.add_member(conn, owner.tenant_id, user_id, role)
    now = ports.clock.now()
    principal = Principal(user_id, owner.tenant_id, "viewer", uuid7(), authenticated_at=now, factors=("pwd", "otp"))
    return client(issue(ports.keys, principal, now, 900, "tidewire-api"))


async def walk(api: Api, app: FastAPI, client: Client) -> Counter[bool]:
    """Calls everything as everybody; how many calls were to be let in, and how many not."""
    needed = {
        f"{method} {route.path}": access_of(route.endpoint)
        for route in app.routes
        for method in getattr(route, "methods", ())
        if hasattr(route, "endpoint")
    }
    counted: Counter[bool] = Counter()
    sides = []
    for _ in range(2):
        mark = f"mark-{uuid4().hex}"
        caller, owner, name = await signed_up(client, "Side")
        names = {**await furnish(api, caller, owner, mark), "tenant": name}
        sides.append((owner, names, (mark, name, str(owner.tenant_id), str(owner.user_id), names["run_id"])))
    for (mine, own_names, _), (_, other_names, hidden) in (sides, sides[::-1]):
        for role in ROLES:
            caller = await member(api, app, client, mine, role)
            for names in (other_names, own_names):
                for method, template, path in addressed(app, names):
                    access = needed[f"{method} {template}"]
                    if access.public:
                        continue
                    answer = await caller.request(method, path)
                    said = (role, method, path, answer.status_code, answer.text)
                    assert answer.status_code < 500, said
                    assert not any(one in without(path, answer.text) for one in hidden), said
                    allowed = access.permission is None or access.permission in PERMISSIONS[role]
                    counted[allowed] += 1
                    if not allowed:
                        assert answer.status_code == 403, said
                    elif f"{method} {template}" not in _LOOK_FURTHER:
                        assert answer.status_code not in (401, 403), said
    return counted


async def test_every_route_for_every_role_of_two_tenants(api: Api, app: FastAPI, client: Client) -> None:
    counted = await walk(api, app, client)
    assert counted[True] > 1_000
    assert counted[False] > 300


async def no_check(*_: Any) -> None:
    """Lets everybody in."""


async def test_the_walk_would_notice(
    api: Api, app: FastAPI, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GuardedRoute, "_permit", no_check)
    with pytest.raises(AssertionError, match="viewer"):
        await walk(api, app, client)
