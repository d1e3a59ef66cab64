"""A gateway over a real Valkey, in this loop, with its doors in the hands of the test."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectedContext,
    ConnectingContext,
    DisconnectedContext,
    PublicationContext,
    SubscribedContext,
    Subscription,
    SubscriptionErrorContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)
from redis.asyncio import Redis

from models.domain.authorization import Grant, Rights, role_permissions
from models.domain.clock import SystemClock
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from models.domain.limits import Limits
from models.domain.log import Position
from models.domain.push import runs_channel
from serve.push.gateway import PushDeps, PushGateway
from serve.push.ports import Granted, PushConfig, SocketToken, Standing, TokenExpired
from storage.push_writer import Message, PushWriter
from storage.redis_client import open_redis
from storage.redis_push_reader import RedisChannelLog
from tests.servers.valkey import ValkeyServer


@dataclass
class Doors:
    """Tokens by name with the seconds they last; `fallen` is what the session check says."""

    tokens: dict[str, tuple[Principal, float]] = field(default_factory=dict)
    fallen: dict[Principal, Standing] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    version: int = 0
    gone: set[Principal] = field(default_factory=set)

    def verify(self, token: str) -> SocketToken:
        if token == "expired":
            raise TokenExpired
        if token not in self.tokens:
            raise Unauthenticated
        principal, seconds = self.tokens[token]
        return SocketToken(principal, SystemClock().now() + timedelta(seconds=seconds))

    async def standing(self, known: Mapping[Principal, int]) -> Mapping[Principal, Standing]:
        moved = {p: Standing.MOVED for p, version in known.items() if version != self.version}
        return moved | {p: self.fallen[p] for p in known if p in self.fallen}

    async def rights(self, principals: Collection[Principal]) -> Mapping[Principal, Granted]:
        return {
            p: Granted(Rights(p.role, role_permissions(p.role), self.grants), self.version)
            for p in principals
            if p not in self.gone
        }


class Publisher:
    """Publishes as the relay does."""

    def __init__(self, redis: Redis) -> None:
        self._writer = PushWriter(redis)
        self._at = Position(1, 0)
        self._numbers = itertools.count(1)

    async def publish(self, channel: str, *data: Any) -> None:
        after = await self._writer.position() or self._at
        self._at = Position(after.xid, after.seq + 1)
        messages = [Message(channel, json.dumps(item).encode()) for item in data]
        assert await self._writer.publish(after, self._at, messages) == self._at


@dataclass
class Stage:
    """A running gateway and everything around it."""

    gateway: PushGateway
    doors: Doors
    redis: Redis
    publisher: Publisher
    principal: Principal
    runs: str

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.gateway.port}/connection/websocket"

    def client(self, token: str = "anna", **options: Any) -> tuple[Client, ClientNotes]:
        notes = ClientNotes()
        client = Client(self.address, notes, token=token, proxy=None, max_reconnect_delay=0.2, **options)
        return client, notes


@asynccontextmanager
async def staged(
    valkey: ValkeyServer, *, limits: Mapping[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    """A gateway for the length of the block; times are short unless set."""
    redis = open_redis(valkey.url)
    principal = Principal(uuid4(), uuid4(), "viewer", uuid4())
    doors = Doors({"anna": (principal, 300)})
    config = PushConfig(
        limits=replace(Limits(), **(limits or {})),
        **{"position_check_interval": 0.1, "session_check_interval": 0.1, "close_timeout": 2.0, **settings},
    )
    gateway = PushGateway(config, PushDeps(RedisChannelLog(redis), doors, SystemClock(), doors))
    await gateway.start()
    try:
        yield Stage(gateway, doors, redis, Publisher(redis), principal, runs_channel(principal.tenant_id))
    finally:
        await gateway.stop()
        await redis.aclose()


class _Notes:
    def __init__(self) -> None:
        self.changed = asyncio.Condition()

    async def _told(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)


class ClientNotes(_Notes, ClientEventHandler):
    """What a client of the official library was told."""

    def __init__(self) -> None:
        super().__init__()
        self.connected: list[ConnectedContext] = []
        self.connecting: list[tuple[int, str]] = []
        self.disconnected: list[tuple[int, str]] = []

    async def on_connected(self, ctx: ConnectedContext) -> None:
        self.connected.append(ctx)
        await self._told()

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        self.connecting.append((ctx.code, ctx.reason))
        await self._told()

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self.disconnected.append((ctx.code, ctx.reason))
        await self._told()


class Notes(_Notes, SubscriptionEventHandler):
    """What a subscription of the official library was told."""

    def __init__(self) -> None:
        super().__init__()
        self.data: list[Any] = []
        self.offsets: list[int] = []
        self.subscribed: list[SubscribedContext] = []
        self.unsubscribed: list[int] = []
        self.errors: list[Any] = []

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.data.append(ctx.pub.data)
        self.offsets.append(ctx.pub.offset)
        await self._told()

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self.subscribed.append(ctx)
        await self._told()

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self.unsubscribed.append(ctx.code)
        await self._told()

    async def on_error(self, ctx: SubscriptionErrorContext) -> None:
        self.errors.append(ctx)
        await self._told()


async def subscribed(client: Client, channel: str) -> tuple[Subscription, Notes]:
    """Connects and subscribes with recovery."""
    notes = Notes()
    subscription = client.new_subscription(channel, notes, recoverable=True)
    await client.connect()
    await subscription.subscribe()
    await notes.until(lambda: notes.subscribed or notes.unsubscribed)
    return subscription, notes


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Looks until it holds; for what tells nobody."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
