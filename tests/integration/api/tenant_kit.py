"""A tenant with an owner, and members, grants and keys that come as they are asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from models.domain.identity import Principal
from models.domain.ids import uuid7
from serve.auth.tokens import issue
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


async def open_tenant(api: Api, app: FastAPI, client: Client) -> Tenant:
    """A new tenant with three workflows in two namespaces."""
    owner, who, _ = await signed_up(client, "Owner")
    found = Tenant(api, app, client, owner, who)
    for name, namespace in (("a", "ops"), ("b", "ops"), ("a", "dev")):
        assert (await owner.put("/v1/workflows", json=flow(name, namespace))).status_code == 201
    return found


async def status(call: Any) -> int:
    answer: httpx.Response = await call
    assert answer.status_code < 500, answer.text
    return answer.status_code
