"""How people come into a tenant, and what they take along when they leave."""

from __future__ import annotations

import asyncio

from models.domain.ids import uuid7
from serve.mail.letters import link_in, read
from tests.integration.api.tenant_kit import Tenant, status
from tests.integration.api.test_tenants_apart import signed_up


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
    assert await status(nobody.post(path, json={"token": token, "password": "password123"})) == 422
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
