"""A log in memory, a socket that keeps what is written to it, and a door that knows who is who."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.domain.authorization import Rights, role_permissions
from models.domain.clock import ManualClock
from models.domain.errors import Unauthenticated, Unavailable
from models.domain.identity import Principal
from models.domain.limits import Limits
from models.domain.push import Announced, Position, Publication, Slice, runs_channel
from serve.push.codes import Disconnect
from serve.push.hub import Hub
from serve.push.ports import Granted, PushConfig, SocketToken, TokenExpired
from serve.push.session import Session

TENANT, OTHER_TENANT = UUID(int=1), UUID(int=2)
ANNA = Principal(UUID(int=10), TENANT, "viewer", UUID(int=100))
BEN = Principal(UUID(int=11), OTHER_TENANT, "owner", UUID(int=101))
RUNS = runs_channel(TENANT)


class FakeLog:
    """ChannelLog in memory. `announcements` go to whoever follows the feed; `away` makes every read fail."""

    def __init__(self) -> None:
        self.epochs: dict[str, str] = {}
        self.streams: dict[str, list[Publication]] = {}
        self.tops: dict[str, int] = {}
        self.announcements: asyncio.Queue[Sequence[Announced]] = asyncio.Queue()
        self.announcements.put_nowait([])
        self.away = False
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._made = 0

    def publish(self, channel: str, *data: Any, tell: bool = True) -> list[Announced]:
        """Appends publications; the announcements, which also go to the feed unless told otherwise."""
        epoch = self._epoch(channel)
        told = []
        for item in data:
            self.tops[channel] += 1
            publication = Publication(self.tops[channel], json.dumps(item).encode())
            self.streams[channel].append(publication)
            told.append(Announced(channel, epoch, publication))
        if tell:
            self.announcements.put_nowait(told)
        return told

    def forget(self, channel: str | None = None) -> None:
        """As FLUSHALL."""
        for name in [channel] if channel else list(self.epochs):
            del self.epochs[name], self.streams[name], self.tops[name]

    def trim(self, channel: str, keep: int) -> None:
        self.streams[channel] = self.streams[channel][-keep:] if keep else []

    def _epoch(self, channel: str) -> str:
        if channel not in self.epochs:
            self._made += 1
            self.epochs[channel] = f"e{self._made}"
            self.streams[channel], self.tops[channel] = [], 0
        return self.epochs[channel]

    async def _reach(self) -> None:
        self.reads += 1
        await self.gate.wait()
        if self.away:
            raise Unavailable("away")

    async def tail(self, channel: str, limit: int) -> Slice:
        await self._reach()
        epoch = self._epoch(channel)
        return Slice(Position(epoch, self.tops[channel]), self.streams[channel][-limit:] if limit else [])

    async def read(self, channel: str, after: int, limit: int) -> Slice:
        await self._reach()
        epoch = self._epoch(channel)
        found = [p for p in self.streams[channel] if p.offset > after][:limit]
        return Slice(Position(epoch, self.tops[channel]), found)

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        await self._reach()
        return [Position(self.epochs.get(c, ""), self.tops.get(c, 0)) for c in channels]

    async def feed(self) -> AsyncIterator[Sequence[Announced]]:
        while True:
            yield await self.announcements.get()


class FakeWire:
    """Keeps messages; `closed` is why it was closed."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.frames = 0
        self.closed: Disconnect | None = None

    def write(self, frame: bytes) -> None:
        if self.closed is None:
            self.frames += 1
            self.messages.extend(json.loads(line) for line in payload_of(frame).split(b"\n"))

    def close(self, why: Disconnect) -> None:
        self.closed = self.closed or why

    def take(self) -> list[dict[str, Any]]:
        taken, self.messages = self.messages, []
        return taken


def payload_of(frame: bytes) -> bytes:
    """The payload of an unmasked, unfragmented text frame."""
    assert frame[0] == 0x81
    size = frame[1]
    if size < 126:
        start = 2
    elif size == 126:
        start, size = 4, int.from_bytes(frame[2:4], "big")
    else:
        start, size = 10, int.from_bytes(frame[2:10], "big")
    assert len(frame) == start + size
    return frame[start:]


@dataclass
class FakeDoor:
    """Tokens are names; `full` refuses everybody."""

    clock: ManualClock
    known: dict[str, Principal] = field(default_factory=lambda: {"anna": ANNA, "ben": BEN})
    full: bool = False
    seconds: int = 300

    def admit(self, token: str) -> SocketToken:
        if token == "expired":
            raise TokenExpired
        if token not in self.known:
            raise Unauthenticated
        return SocketToken(self.known[token], self.clock.now() + timedelta(seconds=self.seconds))

    async def rights(self, principal: Principal) -> Granted:
        return Granted(Rights(principal.role, role_permissions(principal.role)), 0)

    def enter(self, session: Session, principal: Principal) -> bool:
        return not self.full


@dataclass
class Bench:
    """A hub over a fake log, with sessions over fake wires."""

    log: FakeLog
    hub: Hub
    door: FakeDoor
    clock: ManualClock
    config: PushConfig
    following: asyncio.Task[None]

    async def session(self, token: str | None = "anna") -> tuple[Session, FakeWire]:
        wire = FakeWire()
        session = Session(wire, self.hub, self.log, self.door, self.config, self.clock)
        if token is not None:
            await session.handle(json.dumps({"id": 1, "connect": {"token": token}}))
            wire.take()
        return session, wire

    async def subscribed(self, channel: str = RUNS, **request: Any) -> tuple[Session, FakeWire, dict[str, Any]]:
        """A session with a subscription, and the reply to it."""
        session, wire = await self.session()
        reply = await ask(session, wire, subscribe={"channel": channel, **request})
        return session, wire, reply

    async def settle(self) -> None:
        """Until everything that was announced has arrived and nothing is being read."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def close(self) -> None:
        self.following.cancel()
        await asyncio.gather(self.following, return_exceptions=True)
        await self.hub.close()


def make_bench(**settings: Any) -> Bench:
    """Sizes and counts of PushConfig, and `limits` as a mapping."""
    limits = replace(Limits(), **settings.pop("limits", {}))
    config = PushConfig(limits=limits, **settings)
    log, clock = FakeLog(), ManualClock()
    hub = Hub(log, _broadcast, config)
    return Bench(log, hub, FakeDoor(clock), clock, config, asyncio.create_task(hub.run()))


def _broadcast(members: Any, frame: bytes) -> None:
    for member in list(members):
        member.wire.write(frame)


async def ask(session: Session, wire: FakeWire, **command: Any) -> dict[str, Any]:
    """Sends one command; its reply, which must be all that came."""
    await session.handle(json.dumps({"id": 7, **command}))
    (reply,) = wire.take()
    assert reply["id"] == 7
    return reply
