"""What callers may do, through the whole API over a real database: roles, grants, keys, service accounts, members."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from models.domain.ids import uuid7
from serve.app import build_deps
from serve.auth.access_watch import AccessWatch
from serve.telemetry import Telemetry
from tests.integration.api.tenant_kit import Tenant, flow, status


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


async def test_a_task_is_where_its_workflow_is(tenant: Tenant) -> None:
    member, user_id = await tenant.member("viewer")
    run = (await tenant.owner.post("/v1/workflows/ops/a/runs", json={})).json()["id"]
    tasks = {name: uuid7() for name in ("a", "b")}
    async with tenant.api.engine.unit_of_work() as conn:
        for seq, (name, task) in enumerate(tasks.items(), 2):
            await conn.execute(
                "INSERT INTO human_tasks (tenant_id, id, run_id, shard, namespace, name, version, task, path, seq, "
                "title, body, assignee_kind, assignee, decisions, due_at, created_at, planned) VALUES ($1, $2, $3, 0, "
                "'ops', $4, '1.0.0', '/do/0/ask', '{}', $5, 'Go?', '', 'role', 'viewer', '{approve}', '2100-01-01', "
                "now(), '[]')",
                tenant.who.tenant_id, task, UUID(run), name, seq,
            )  # fmt: skip
    await tenant.grant(user_id, "task:*", "ops/b", effect="deny")
    page = (await member.get("/v1/tasks")).json()
    assert ([one["id"] for one in page["items"]], page["open"], page["mine"]) == ([str(tasks["a"])], 1, 1)
    assert await status(member.get(f"/v1/tasks/{tasks['b']}")) == 403
    assert await status(member.post(f"/v1/tasks/{tasks['b']}/answer", json={"decision": "approve"})) == 403
    assert await status(member.post(f"/v1/tasks/{tasks['a']}/answer", json={"decision": "approve"})) == 200


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
