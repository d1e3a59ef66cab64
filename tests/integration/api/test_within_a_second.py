"""Whoever lost the right to something is refused everywhere within a second, although their token lives on: on another
replica of the API and on open sockets, with the watches that run in production."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from centrifuge import Client as Socket
from fastapi import FastAPI

from cluster.adapters.push import PushSessions
from models.domain.authorization import Resource, decide
from models.domain.clock import SystemClock
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.push import runs_channel
from serve.app import build_deps
from serve.auth.access_watch import AccessWatch
from serve.auth.session_watch import SessionWatch
from serve.auth.tokens import issue
from serve.deps import ApiDeps
from serve.push.gateway import PushDeps, PushGateway
from serve.push.ports import PushConfig
from serve.push.tokens import AccessTokens
from serve.telemetry import Telemetry
from storage import identity, sessions
from storage.redis_client import open_redis
from storage.redis_push_reader import RedisChannelLog
from tests.integration.api.conftest import Client
from tests.integration.api.test_tenants_apart import signed_up
from tests.integration.push.support import ClientNotes, subscribed, until
from tests.servers.valkey import ValkeyServer
from tests.storage_kit import Api

Change = Callable[["Scene"], Awaitable[Any]]


@dataclass
class Scene:
    """An owner on one replica, a member who is known to another and has a socket open."""

    api: Api
    owner: Any
    member: Principal
    header: str
    other: ApiDeps
    gateway: PushGateway
    token: str

    @property
    def path(self) -> str:
        return f"/v1/members/{self.member.user_id}"

    async def allowed(self) -> bool:
        """Whether the other replica lets the member start runs."""
        try:
            caller = await self.other.admission.admit(self.header)
        except Unauthenticated:
            return False
        return decide(caller.rights, "run:read", Resource("workflow", "ops/flow")).allowed


@pytest.fixture
async def scene(api: Api, app: FastAPI, client: Client, valkey: ValkeyServer) -> AsyncIterator[Scene]:
    owner, who, _ = await signed_up(client, "Owner")
    ports, now = app.state.deps.ports, SystemClock().now()
    member = Principal(uuid7(), who.tenant_id, "operator", uuid7())
    async with api.app.unit_of_work([who.tenant_id], user=member.user_id) as conn:
        await identity.add_user(conn, member.user_id, f"{member.user_id}@example.com", None)
        await identity.add_member(conn, who.tenant_id, member.user_id, "operator")
        session = sessions.NewSession(
            member.session_id, member.user_id, who.tenant_id, "", "", member.session_id.bytes, now
        )
        await sessions.open_session(conn, session, now)
    token = issue(ports.keys, member, now, 900, "tidewire-api", "tidewire-push")
    other = build_deps(ports, Telemetry())
    redis = open_redis(valkey.url)
    clock = SystemClock()
    deps = PushDeps(RedisChannelLog(redis), AccessTokens(ports.keys, clock), clock, PushSessions(api.app))
    gateway = PushGateway(PushConfig(), deps)
    await gateway.start()
    watches = [
        asyncio.create_task(one.run())
        for one in (
            AccessWatch(ports.access, other.directory, other.keyring, clock, ports.limits),
            SessionWatch(ports.identity, other.gate, clock, ports.limits),
        )
    ]
    yield Scene(api, owner, member, f"Bearer {token}", other, gateway, token)
    for task in watches:
        task.cancel()
    await asyncio.gather(*watches, return_exceptions=True)
    await gateway.stop()
    await redis.aclose()


async def lower(scene: Scene) -> None:
    await scene.owner.post("/v1/roles", json={"name": "nobody", "permissions": []})
    answer = await scene.owner.patch(scene.path, json={"role": "nobody"})
    assert answer.status_code == 200, answer.text


async def deny(scene: Scene) -> None:
    body = {"subject_kind": "user", "subject": str(scene.member.user_id), "effect": "deny", "permission": "run:*"}
    assert (await scene.owner.post("/v1/grants", json=body)).status_code == 201


async def remove(scene: Scene) -> None:
    assert (await scene.owner.delete(scene.path)).status_code == 204


async def disable(scene: Scene) -> None:
    async with scene.api.app.unit_of_work() as conn:
        await identity.disable_user(conn, scene.member.user_id, SystemClock().now())


async def end(scene: Scene) -> None:
    async with scene.api.app.unit_of_work() as conn:
        await sessions.revoke(conn, scene.member.session_id, SystemClock().now())


@pytest.mark.parametrize("change", [lower, deny, remove, disable, end])
async def test_it_is_known_everywhere_within_a_second(scene: Scene, change: Change) -> None:
    assert await scene.allowed()
    notes = ClientNotes()
    address = f"ws://127.0.0.1:{scene.gateway.port}/connection/websocket"
    socket = Socket(address, notes, token=scene.token, proxy=None)
    _, channel = await subscribed(socket, runs_channel(scene.member.tenant_id))
    assert channel.subscribed
    await change(scene)
    begun = time.monotonic()

    async def refused() -> None:
        while await scene.allowed():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async with asyncio.timeout(5):
        await asyncio.gather(
            refused(), until(lambda: channel.unsubscribed or notes.disconnected or notes.connecting[1:])
        )
    assert time.monotonic() - begun < 1.0
    await socket.disconnect()
