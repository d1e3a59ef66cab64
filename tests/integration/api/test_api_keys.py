"""API keys and service accounts, through the whole API over a real database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from serve.app import build_deps
from serve.auth.tokens import issue
from serve.telemetry import Telemetry
from tests.integration.api.tenant_kit import Tenant, flow, status


async def test_a_key_acts_as_its_user_within_its_scopes(tenant: Tenant) -> None:
    narrow, made = await tenant.key(scopes=["run:start", "workflow:read"])
    assert made["key"].startswith(made["prefix"])
    assert await status(narrow.post("/v1/workflows/ops/a/runs", json={})) == 201
    assert await status(narrow.get("/v1/runs")) == 403
    assert (await narrow.get("/v1/me/permissions")).json()["scopes"] == ["run:start", "workflow:read"]
    assert (await narrow.get("/v1/me")).json()["permissions"] == ["run:start", "workflow:read"]
    listed = (await tenant.owner.get("/v1/api-keys")).json()["items"]
    assert [one["prefix"] for one in listed] == [made["prefix"]]
    assert made["key"] not in str(listed)
    async with tenant.api.app.read([tenant.who.tenant_id]) as conn:
        assert made["key"] not in str(await conn.fetch("SELECT * FROM api_keys"))
    assert await status(tenant.owner.delete(f"/v1/api-keys/{made['id']}")) == 204
    assert await status(narrow.get("/v1/workflows")) == 401


async def test_keys_roles_and_grants_are_made_by_who_proved_of_late_who_they_are(tenant: Tenant) -> None:
    ports = tenant.app.state.deps.ports
    long_ago = ports.clock.now() - timedelta(hours=1)
    stale = replace(tenant.who, authenticated_at=long_ago, factors=("pwd",))
    owner = tenant.client(issue(ports.keys, stale, ports.clock.now(), 900, "tidewire-api"))
    for path, body in (
        ("/v1/api-keys", {"name": "k"}), ("/v1/roles", {"name": "x", "permissions": []}),
        ("/v1/service-accounts", {"name": "bot", "role": "viewer"}),
        ("/v1/invitations", {"email": "new@example.com", "role": "viewer"}),
        ("/v1/grants", {"subject_kind": "role", "subject": "viewer", "permission": "run:start"}),
    ):  # fmt: skip
        answer = await owner.post(path, json=body)
        assert answer.status_code == 401, (path, answer.text)
        assert answer.json()["type"].endswith("step-up-required")
        assert answer.json()["factors"]
    assert await status(owner.get("/v1/grants")) == 200


async def test_a_key_opens_no_session_and_makes_no_keys_for_its_user(tenant: Tenant) -> None:
    key, _ = await tenant.key()
    assert await status(key.get("/v1/workflows")) == 200
    assert await status(key.post("/v1/auth/switch", json={"tenant": "x"})) == 403
    assert await status(key.post("/v1/push/token")) == 403
    assert await status(key.post("/v1/api-keys", json={"name": "more"})) == 403
    narrow, _ = await tenant.key(scopes=["member:write", "role:write", "service_account:write", "api_key:write"])
    assert await status(narrow.post("/v1/service-accounts", json={"name": "bot", "role": "admin"})) == 403
    assert await status(narrow.patch(f"/v1/members/{tenant.who.user_id}", json={"role": "viewer"})) == 403


async def test_another_replica_refuses_a_revoked_key_within_a_second(tenant: Tenant) -> None:
    key, made = await tenant.key()
    ports = tenant.app.state.deps.ports
    other = build_deps(ports, Telemetry())
    await other.admission.admit(key.headers["authorization"])
    await tenant.owner.delete(f"/v1/api-keys/{made['id']}")
    await asyncio.sleep(ports.limits.api_key_cache_seconds + 0.05)
    with pytest.raises(Exception, match="unknown, revoked or expired"):
        await other.admission.admit(key.headers["authorization"])


async def test_the_use_of_a_key_is_written_once_a_minute(tenant: Tenant) -> None:
    key, _ = await tenant.key()
    keyring = tenant.app.state.deps.keyring
    await key.get("/v1/workflows")
    assert await keyring.note_use() == 1
    await key.get("/v1/workflows")
    assert await keyring.note_use() == 0
    assert (await tenant.owner.get("/v1/api-keys")).json()["items"][0]["last_used_at"] is not None


async def test_a_key_expires(tenant: Tenant) -> None:
    now = tenant.api.clock.now()
    soon = (tenant.app.state.deps.ports.clock.now() + timedelta(seconds=0.4)).isoformat()
    key, _ = await tenant.key(expires_at=soon)
    assert await status(key.get("/v1/workflows")) == 200
    await asyncio.sleep(0.45)
    assert await status(key.get("/v1/workflows")) == 401
    past = (now - timedelta(days=1)).isoformat()
    assert await status(tenant.owner.post("/v1/api-keys", json={"name": "k", "expires_at": past})) == 422


async def test_a_service_account_acts_by_its_keys_until_it_is_disabled(tenant: Tenant) -> None:
    made = await tenant.owner.post("/v1/service-accounts", json={"name": "bot", "role": "operator"})
    account = made.json()["id"]
    key, _ = await tenant.key(service_account=account)
    assert await status(key.post("/v1/workflows/ops/a/runs", json={})) == 201
    assert await status(key.put("/v1/workflows", json=flow("x"))) == 403
    await tenant.grant(account, "workflow:write", "ops/*", subject_kind="service_account")
    assert await status(key.put("/v1/workflows", json=flow("x"))) == 201
    path = f"/v1/service-accounts/{account}"
    assert await status(tenant.owner.patch(path, json={"disabled": True})) == 200
    assert await status(key.get("/v1/workflows")) == 401
    assert await status(tenant.owner.patch(path, json={"disabled": False, "role": "viewer"})) == 200
    assert await status(key.post("/v1/workflows/ops/a/runs", json={})) == 403
    assert await status(tenant.owner.delete(path)) == 204
    assert await status(key.get("/v1/workflows")) == 401
    assert await status(tenant.owner.post("/v1/service-accounts", json={"name": "king", "role": "owner"})) == 422


async def test_keys_of_others_need_the_permission_for_them(tenant: Tenant) -> None:
    viewer, _ = await tenant.member("viewer")
    _, made = await tenant.key(by=viewer)
    account = (await tenant.owner.post("/v1/service-accounts", json={"name": "bot", "role": "viewer"})).json()["id"]
    _, theirs = await tenant.key(service_account=account)
    stranger, _ = await tenant.member("operator")
    for path in (f"/v1/api-keys/{made['id']}", f"/v1/api-keys/{theirs['id']}"):
        assert await status(stranger.delete(path)) == 403
    assert await status(stranger.post("/v1/api-keys", json={"name": "k", "service_account": account})) == 403
    for query in ("everyone=true", f"service_account={account}"):
        assert await status(stranger.get(f"/v1/api-keys?{query}")) == 403
    everyone = (await tenant.owner.get("/v1/api-keys?everyone=true")).json()["items"]
    assert {one["id"] for one in everyone} == {made["id"], theirs["id"]}
    assert await status(tenant.owner.delete(f"/v1/api-keys/{made['id']}")) == 204
