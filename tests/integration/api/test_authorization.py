"""What callers may do, through the whole API over a real database: roles, grants, keys, service accounts, members."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from models.domain.identity import Principal
from models.domain.ids import uuid7
from serve.app import build_deps
from serve.auth.access_watch import AccessWatch
from serve.auth.tokens import issue
from serve.mail.letters import link_in, read
from serve.telemetry import Telemetry
from storage import identity
from tests.integration.api.conftest import Client
from tests.integration.api.test_tenants_apart import document, signed_up
from tests.storage_kit import Api


def flow(name: str, namespace: str = "ops") -> dict[str, Any]:
    told = document(name)
    told["document"] |= {"name": name, "namespace": namespace}
    return told


class Tenant:
    """A tenant with an owner, and members that come as they are asked for."""

    def __init__(self, api: Api, app: FastAPI, client: Client, owner: httpx.AsyncClient, who: Principal) -> None:
        self.api, self.app, self.client, self.owner, self.who = api, app, client, owner, who

    async def member(self, role: str) -> tuple[httpx.AsyncClient, UUID]:
        """A client of a new member whose token says something else than the role that counts."""
        user_id = uuid7()
        async with self.api.app.unit_of_work([self.who.tenant_id]) as conn:
            await identity.add_user(conn, user_id, f"{user_id}@example.com", None)
            await identity.add_member(conn, self.who.tenant_id, user_id, role)
        return self.token_for(user_id), user_id

    def token_for(self, user_id: UUID) -> httpx.AsyncClient:
        ports = self.app.state.deps.ports
        now = ports.clock.now()
        principal = Principal(
            user_id, self.who.tenant_id, "owner", uuid7(), authenticated_at=now, factors=("pwd", "otp")
        )
        return self.client(issue(ports.keys, principal, now, 900, "tidewire-api"))

    async def grant(self, user_id: UUID | str, permission: str, instance: str | None = None, **more: Any) -> str:
        body = {"subject_kind": "user", "subject": str(user_id), "permission": permission, **more}
        if instance is not None:
            body["instance"] = instance
        made = await self.owner.post("/v1/grants", json=body)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def key(self, by: httpx.AsyncClient | None = None, **body: Any) -> tuple[httpx.AsyncClient, dict[str, Any]]:
        made = await (by or self.owner).post("/v1/api-keys", json={"name": "k", **body})
        assert made.status_code == 201, made.text
        return self.client(made.json()["key"]), made.json()


@pytest.fixture
async def tenant(api: Api, app: FastAPI, client: Client) -> Tenant:
    owner, who, _ = await signed_up(client, "Owner")
    found = Tenant(api, app, client, owner, who)
    for name, namespace in (("a", "ops"), ("b", "ops"), ("a", "dev")):
        assert (await owner.put("/v1/workflows", json=flow(name, namespace))).status_code == 201
    return found


async def status(call: Any) -> int:
    answer: httpx.Response = await call
    assert answer.status_code < 500, answer.text
    return answer.status_code


# ---------------------------------------------------------------- roles


async def test_the_role_of_now_decides_not_that_of_the_token(tenant: Tenant) -> None:
    member, user_id = await tenant.member("viewer")
    assert await status(member.put("/v1/workflows", json=flow("x"))) == 403
    assert await status(tenant.owner.patch(f"/v1/members/{user_id}", json={"role": "editor"})) == 200
    assert await status(member.put("/v1/workflows", json=flow("x"))) == 201
    assert await status(tenant.owner.delete(f"/v1/members/{user_id}")) == 204
    assert await status(member.get("/v1/workflows")) == 401


async def test_another_replica_learns_of_changes_by_its_watch(tenant: Tenant) -> None:
    member, user_id = await tenant.member("viewer")
    ports = tenant.app.state.deps.ports
    other = build_deps(ports, Telemetry())
    watch = AccessWatch(ports.access, other.directory, other.keyring, ports.clock, ports.limits)
    authorization = member.headers["authorization"]
    assert (await other.admission.admit(authorization)).principal.role == "viewer"
    await tenant.owner.patch(f"/v1/members/{user_id}", json={"role": "operator"})
    assert (await other.admission.admit(authorization)).principal.role == "viewer"
    await watch.run_once()
    assert (await other.admission.admit(authorization)).principal.role == "operator"
    before = (await other.admission.admit(authorization)).rights
    await watch.run_once()
    assert (await other.admission.admit(authorization)).rights is before
    async with tenant.api.app.unit_of_work() as conn:
        await conn.execute("UPDATE users SET disabled_at = now() WHERE id = $1", user_id)
    await watch.run_once()
    with pytest.raises(Exception, match="not a member"):
        await other.admission.admit(authorization)


async def test_a_tenant_makes_its_own_roles(tenant: Tenant) -> None:
    body = {"name": "starter", "description": "Starts.", "permissions": ["run:start", "workflow:*"]}
    made = await tenant.owner.post("/v1/roles", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["covers"] == ["run:start", "workflow:read", "workflow:write"]
    assert await status(tenant.owner.post("/v1/roles", json=body)) == 409
    member, user_id = await tenant.member("viewer")
    assert await status(tenant.owner.patch(f"/v1/members/{user_id}", json={"role": "starter"})) == 200
    assert await status(member.post("/v1/workflows/ops/a/runs", json={})) == 201
    assert await status(member.get("/v1/runs")) == 403
    assert await status(tenant.owner.put("/v1/roles/starter", json={"permissions": ["run:read"]})) == 200
    assert await status(member.post("/v1/workflows/ops/a/runs", json={})) == 403
    assert await status(member.get("/v1/runs")) == 200
    assert await status(tenant.owner.delete("/v1/roles/starter")) == 409
    assert await status(tenant.owner.patch(f"/v1/members/{user_id}", json={"role": "viewer"})) == 200
    assert await status(tenant.owner.delete("/v1/roles/starter")) == 204
    assert await status(tenant.owner.patch(f"/v1/members/{user_id}", json={"role": "starter"})) == 422
    names = [one["name"] for one in (await tenant.owner.get("/v1/roles")).json()["items"]]
    assert names[0] == "viewer"
    assert "starter" not in names
    assert await status(tenant.owner.put("/v1/roles/viewer", json={"permissions": []})) == 409


async def test_the_last_owner_stays_however_many_go_at_once(tenant: Tenant) -> None:
    others = [await tenant.member("owner") for _ in range(3)]
    people = [(tenant.owner, tenant.who.user_id), *others]
    calls = [
        people[(n + 1) % 4][0].patch(f"/v1/members/{user_id}", json={"role": "viewer"})
        for n, (_, user_id) in enumerate(people)
    ]
    answers = await asyncio.gather(*calls)
    assert 200 in {one.status_code for one in answers}
    async with tenant.api.app.read([tenant.who.tenant_id]) as conn:
        left = await conn.fetchval("SELECT count(*) FROM memberships WHERE role = 'owner'")
    assert left >= 1
    assert left == 4 - sum(one.status_code == 200 for one in answers)


async def test_the_database_keeps_the_last_owner_by_itself(tenant: Tenant) -> None:
    members = tenant.app.state.deps.ports.members
    _, other = await tenant.member("owner")
    place, now = tenant.who.tenant_id, tenant.api.clock.now()
    answers = await asyncio.gather(
        members.set_role(place, other, "viewer", "owner"), members.remove(place, tenant.who.user_id, "owner", now),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(type(one).__name__ for one in answers) == ["Conflict", "NoneType"]


# ---------------------------------------------------------------- grants


async def test_a_grant_opens_one_workflow_and_lists_show_no_other(tenant: Tenant) -> None:
    await tenant.owner.post("/v1/roles", json={"name": "nobody", "permissions": []})
    member, user_id = await tenant.member("nobody")
    assert await status(member.get("/v1/workflows")) == 403
    grant = await tenant.grant(user_id, "*", "ops/a", resource="workflow")
    run = (await member.post("/v1/workflows/ops/a/runs", json={})).json()["id"]
    foreign = (await tenant.owner.post("/v1/workflows/ops/b/runs", json={})).json()["id"]
    for path, code in (
        ("/v1/workflows/ops/a", 200), ("/v1/workflows/ops/b", 403), ("/v1/workflows/dev/a/versions", 403),
        (f"/v1/runs/{run}", 200), (f"/v1/runs/{run}/journal", 200), (f"/v1/runs/{foreign}", 403),
        (f"/v1/runs/{foreign}/journal", 403), (f"/v1/runs/{uuid7()}", 403), ("/v1/models", 403), ("/v1/jobs", 403),
    ):  # fmt: skip
        assert await status(member.get(path)) == code, path
    assert [w["name"] for w in (await member.get("/v1/workflows")).json()["items"]] == ["a"]
    assert [r["id"] for r in (await member.get("/v1/runs")).json()["items"]] == [run]
    assert (await member.get("/v1/tasks")).json()["open"] == 0
    assert await status(member.put("/v1/workflows", json=flow("b"))) == 403
    assert await status(member.post(f"/v1/runs/{foreign}/pause")) == 403
    assert await status(member.post("/v1/runs/rerun", json={"where": {"namespace": "ops", "name": "b"}})) == 403
    assert await status(member.post("/v1/runs/rerun", json={"where": {"namespace": "ops"}})) == 403
    assert await status(tenant.owner.delete(f"/v1/grants/{grant}")) == 204
    assert await status(member.get("/v1/workflows/ops/a")) == 403


async def test_a_page_is_cut_after_what_may_be_seen(tenant: Tenant) -> None:
    for n in range(9):
        await tenant.owner.put("/v1/workflows", json=flow(f"w{n}", "big"))
    member, user_id = await tenant.member("viewer")
    await tenant.grant(user_id, "workflow:read", "big/*", effect="deny")
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await member.get(f"/v1/workflows?limit=2{cursor and '&cursor=' + cursor}")).json()
        assert len(page["items"]) == 2 or page["next"] is None
        seen += [f"{one['namespace']}/{one['name']}" for one in page["items"]]
        cursor = page["next"]
    assert seen == ["dev/a", "ops/a", "ops/b"]


async def test_a_deny_hides_runs_and_beats_the_role(tenant: Tenant) -> None:
    member, user_id = await tenant.member("operator")
    mine, hidden = [
        (await tenant.owner.post(f"/v1/workflows/{place}/runs", json={})).json()["id"] for place in ("ops/a", "dev/a")
    ]
    await tenant.grant(user_id, "run:*", "dev/*", effect="deny")
    assert [one["id"] for one in (await member.get("/v1/runs")).json()["items"]] == [mine]
    assert await status(member.get(f"/v1/runs/{hidden}")) == 403
    assert await status(member.post("/v1/workflows/dev/a/runs", json={})) == 403
    assert await status(member.post("/v1/workflows/ops/a/runs", json={})) == 201
    assert await status(member.get(f"/v1/runs/{uuid7()}")) == 404
    assert await status(member.get("/v1/dead-letters")) == 200
    for kind, name in (("connection", "crm"), ("metric", "delay")):
        await tenant.grant(user_id, f"{kind}:read", f"{name}", effect="deny")
    await tenant.owner.put("/v1/connections/crm", json={"base_url": "https://a.example"})
    await tenant.owner.put("/v1/connections/erp", json={"base_url": "https://a.example"})
    assert [one["name"] for one in (await member.get("/v1/connections")).json()["items"]] == ["erp"]
    assert await status(member.get("/v1/connections/crm")) == 403


async def test_explain_tells_why(tenant: Tenant) -> None:
    member, user_id = await tenant.member("viewer")
    grant = await tenant.grant(user_id, "run:read", "dev/*", effect="deny")
    asked = {"permission": "run:read", "instance": "dev/a"}
    mine = (await member.post("/v1/authorization/explain", json=asked)).json()
    about = {**asked, "subject": {"kind": "user", "id": str(user_id)}}
    theirs = (await tenant.owner.post("/v1/authorization/explain", json=about)).json()
    assert mine == theirs
    assert mine["allowed"] is False
    assert [(rule["source"], rule["applies"], rule["grant"]) for rule in mine["rules"]] == [
        ("scope", False, None), ("grant", True, grant), ("role", True, None), ("default", False, None),
    ]  # fmt: skip
    assert await status(member.post("/v1/authorization/explain", json=about)) == 403
    assert "run:read" in (await member.get("/v1/me")).json()["permissions"]
    reach = {one["permission"]: one for one in (await member.get("/v1/me/permissions")).json()["items"]}
    assert reach["run:read"]["denied"]["prefixes"] == ["dev/"]
    assert "workflow:write" not in reach


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"permission": "*"}, "/resource"), ({"permission": "run:fly"}, "/permission"),
        ({"permission": "run:start", "resource": "model"}, "/permission"), ({"subject": str(uuid7())}, "/subject"),
        ({"instance": "o*/a"}, "/instance"), ({"permission": "run:start", "resource": "castle"}, "/resource"),
    ],
)  # fmt: skip
async def test_a_grant_must_be_a_rule(tenant: Tenant, body: dict[str, Any], pointer: str) -> None:
    _, user_id = await tenant.member("viewer")
    whole = {"subject_kind": "user", "subject": str(user_id), "permission": "run:start", **body}
    answer = await tenant.owner.post("/v1/grants", json=whole)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


# ---------------------------------------------------------------- nobody gives away more than they have


async def test_nobody_gives_away_more_than_they_have(tenant: Tenant) -> None:
    await tenant.owner.post("/v1/roles", json={"name": "clerk", "permissions": ["role:*", "member:*", "run:read"]})
    await tenant.owner.post("/v1/roles", json={"name": "reader", "permissions": ["run:read"]})
    clerk, clerk_id = await tenant.member("clerk")
    _, other = await tenant.member("viewer")
    subject = {"subject_kind": "user", "subject": str(clerk_id)}
    for path, body, code in (
        ("/v1/roles", {"name": "mine", "permissions": ["run:read", "member:read"]}, 201),
        ("/v1/roles", {"name": "more", "permissions": ["run:start"]}, 403),
        ("/v1/roles", {"name": "more", "permissions": ["*"]}, 403),
        ("/v1/grants", {**subject, "permission": "run:read"}, 201),
        ("/v1/grants", {**subject, "permission": "run:start", "instance": "ops/a"}, 403),
        ("/v1/grants", {**subject, "permission": "*", "resource": "model"}, 403),
        ("/v1/grants", {"subject_kind": "role", "subject": "clerk", "permission": "run:*"}, 403),
        ("/v1/invitations", {"email": "new@example.com", "role": "admin"}, 403),
        ("/v1/invitations", {"email": "new@example.com", "role": "owner"}, 403),
        ("/v1/invitations", {"email": "new@example.com", "role": "reader"}, 201),
    ):  # fmt: skip
        assert await status(clerk.post(path, json=body)) == code, (path, body)
    assert await status(clerk.put("/v1/roles/clerk", json={"permissions": ["role:*", "run:start"]})) == 403
    for user_id, role, code in ((clerk_id, "admin", 403), (other, "owner", 403), (other, "reader", 200)):
        assert await status(clerk.patch(f"/v1/members/{user_id}", json={"role": role})) == code
    assert await status(clerk.delete(f"/v1/members/{tenant.who.user_id}")) == 403
    # What a role is granted beside its permissions counts too.
    await tenant.owner.post(
        "/v1/grants", json={"subject_kind": "role", "subject": "reader", "permission": "run:start", "instance": "ops/a"}
    )
    assert await status(clerk.patch(f"/v1/members/{other}", json={"role": "reader"})) == 403


async def test_who_is_denied_something_cannot_lift_it(tenant: Tenant) -> None:
    admin, admin_id = await tenant.member("admin")
    deny = await tenant.grant(admin_id, "run:start", "ops/a", effect="deny")
    assert await status(admin.delete(f"/v1/grants/{deny}")) == 403
    assert await status(admin.post("/v1/service-accounts", json={"name": "bot", "role": "operator"})) == 403
    assert await status(admin.post("/v1/service-accounts", json={"name": "bot", "role": "analyst"})) == 201
    assert await status(admin.post("/v1/invitations", json={"email": "me2@example.com", "role": "admin"})) == 403
    assert await status(tenant.owner.delete(f"/v1/grants/{deny}")) == 204


# ---------------------------------------------------------------- keys and service accounts


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


# ---------------------------------------------------------------- invitations


async def invited(tenant: Tenant, email: str, role: str) -> str:
    """The token of the mail."""
    made = await tenant.owner.post("/v1/invitations", json={"email": email, "role": role})
    assert made.status_code == 201, made.text
    async with tenant.api.engine.read() as conn:
        mail = await conn.fetchrow("SELECT * FROM mails WHERE recipient = $1 ORDER BY created_at DESC LIMIT 1", email)
    sealer = tenant.app.state.deps.ports.sealer
    message = read(mail["id"], mail["kind"], email, mail["sealed"], sealer)
    assert f"as {role}" in message.text
    return link_in(mail["id"], mail["kind"], mail["sealed"], sealer).partition("#token=")[2]


async def test_an_invitation_makes_an_account_once(tenant: Tenant) -> None:
    email = f"{uuid7().hex}@example.com"
    token, nobody = await invited(tenant, email, "operator"), tenant.client("")
    path, body = "/v1/auth/invitations/accept", {"token": token, "password": "correct horse battery"}
    assert await status(nobody.post(path, json={"token": token})) == 422
    answers = await asyncio.gather(*(nobody.post(path, json=body) for _ in range(3)))
    assert sorted(one.status_code for one in answers)[0] == 201
    assert sum(one.status_code == 201 for one in answers) == 1
    assert await status(nobody.post(path, json=body)) == 404
    signed = await nobody.post("/v1/auth/login", json={"email": email, "password": body["password"]})
    member = tenant.client(signed.json()["access_token"])
    assert await status(member.post("/v1/workflows/ops/a/runs", json={})) == 201


async def test_who_has_an_account_comes_in_with_it(tenant: Tenant) -> None:
    guest, who, _ = await signed_up(tenant.client, "Guest")
    email = (await guest.get("/v1/me")).json()["user"]["email"]
    token = await invited(tenant, email, "viewer")
    path = "/v1/auth/invitations/accept"
    assert await status(tenant.client("").post(path, json={"token": token, "password": "x" * 12})) == 401
    assert await status(tenant.owner.post(path, json={"token": token})) == 403
    assert await status(guest.post(path, json={"token": token})) == 200
    role = (await tenant.owner.get(f"/v1/members/{who.user_id}")).json()["role"]
    assert role == "viewer"


async def test_an_invitation_is_replaced_and_revoked(tenant: Tenant) -> None:
    first = await invited(tenant, "Ada@example.com", "viewer")
    made = await tenant.owner.post("/v1/invitations", json={"email": "ada@example.com", "role": "editor"})
    assert made.status_code == 201, made.text
    accept = {"token": first, "password": "correct horse battery"}
    assert await status(tenant.client("").post("/v1/auth/invitations/accept", json=accept)) == 404
    (open_one,) = (await tenant.owner.get("/v1/invitations")).json()["items"]
    assert (open_one["email"], open_one["role"]) == ("ada@example.com", "editor")
    path = f"/v1/invitations/{open_one['id']}"
    assert [await status(tenant.owner.delete(path)) for _ in range(2)] == [204, 404]
    mine = (await tenant.owner.get("/v1/me")).json()["user"]["email"]
    assert await status(tenant.owner.post("/v1/invitations", json={"email": mine, "role": "viewer"})) == 409


async def test_who_leaves_takes_keys_grants_and_invitations_along(tenant: Tenant) -> None:
    admin, admin_id = await tenant.member("admin")
    key, _ = await tenant.key(by=admin)
    grant = await tenant.grant(admin_id, "run:start")
    assert await status(admin.post("/v1/invitations", json={"email": "eve@example.com", "role": "admin"})) == 201
    assert await status(tenant.owner.delete(f"/v1/members/{admin_id}")) == 204
    assert await status(key.get("/v1/workflows")) == 401
    assert await status(tenant.owner.get(f"/v1/grants/{grant}")) == 404
    assert (await tenant.owner.get("/v1/invitations")).json()["items"] == []
