"""Deliveries a second to 1,000 sockets: our gateway behind Valkey, beside a bare `websockets` broadcast.

`python -m tests.bench.push_fanout` prints the comparison. Both servers and the one client are processes of their own
on uvloop; the client only counts a mark in each message. Ours does the whole way: Lua in Valkey, its pub/sub, the
gateway with offsets and bounded queues. The bare server has the text in memory and keeps nothing.

In a burst the gateway puts what comes together into one frame, as the protocol allows. So messages are also sent one
at a time, each when the one before has reached all sockets.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.frames import Frame, Opcode

from models.domain.clock import SystemClock
from models.domain.identity import Principal
from models.domain.limits import Limits
from models.domain.log import Position
from models.domain.push import runs_channel
from serve.push.gateway import PushDeps, PushGateway
from serve.push.ports import PushConfig, SocketToken
from storage.push_writer import Message, PushWriter
from storage.redis_client import open_redis
from storage.redis_push_reader import RedisChannelLog
from tests.bench.rounds import Row, Side, SideFailed, compare, table
from tests.servers.valkey import ValkeyServer, running_valkey

SOCKETS = 1_000
BURST = 300
SINGLE = 100
ROUNDS = 5
MARK = b"@@"
DATA = json.dumps({"run": {"id": "0" * 36, "status": "completed", "mark": "@@", "pad": "x" * 100}}).encode()
PRINCIPAL = Principal(UUID(int=1), UUID(int=2), "viewer", UUID(int=3))
CHANNEL = runs_channel(PRINCIPAL.tenant_id)


# ---------------------------------------------------------------- servers


class _Anyone:
    def verify(self, token: str) -> SocketToken:
        return SocketToken(PRINCIPAL, datetime.now().astimezone() + timedelta(hours=1))


async def serve_ours(url: str) -> None:
    """The gateway, until its input ends."""
    redis = open_redis(url)
    limits = replace(Limits(), max_sockets_per_user=SOCKETS + 1)
    # The client of this benchmark answers no pings.
    config = PushConfig(limits=limits, max_sockets=SOCKETS + 1, pong_timeout=3_600)
    gateway = PushGateway(config, PushDeps(RedisChannelLog(redis), _Anyone(), SystemClock()))
    await gateway.start()
    _tell(gateway.port)
    await asyncio.to_thread(sys.stdin.read)
    await gateway.stop()
    await redis.aclose()


async def serve_bare() -> None:
    """Sends as many messages to all as each line of its input says."""
    connections: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()

    text = json.dumps({"push": {"channel": CHANNEL, "pub": {"data": json.loads(DATA), "offset": 1}}})
    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=4096) as server:
        _tell(server.sockets[0].getsockname()[1])
        while line := await asyncio.to_thread(sys.stdin.readline):
            for _ in range(int(line)):
                broadcast(connections, text)
                await asyncio.sleep(0)
        for connection in connections:
            connection.transport.abort()


def _tell(what: object) -> None:
    print(what, flush=True)


# ---------------------------------------------------------------- the client


class _Counter(asyncio.Protocol):
    """Shakes hands, subscribes when asked to, then counts marks."""

    def __init__(self, count: Callable[[int], None], greet: bool) -> None:
        self._count, self._greet = count, greet
        self._rest = b""
        self.ready = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        if self._greet:
            commands = [{"id": 1, "connect": {"token": "x"}}, {"id": 2, "subscribe": {"channel": CHANNEL}}]
            payload = "\n".join(map(json.dumps, commands)).encode()
            transport.write(Frame(Opcode.TEXT, payload).serialize(mask=True))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self.ready.done():
            if (b'"subscribe"' if self._greet else b"\r\n\r\n") in data:
                self.ready.set_result(None)
            else:
                self._rest = data
                return
        self._count(data.count(MARK))
        self._rest = data[-1:] if data.endswith(MARK[:1]) and not data.endswith(MARK) else b""

    def connection_lost(self, error: Exception | None) -> None:
        self._count(-(10**9))


async def count(port: int, greet: bool) -> None:
    """Opens the sockets; for each line of its input tells when that many marks have come."""
    seen = 0
    reached = asyncio.Event()
    wanted = sys.maxsize

    def add(more: int) -> None:
        nonlocal seen
        seen += more
        if seen >= wanted or seen < 0:
            reached.set()

    loop = asyncio.get_running_loop()
    for _ in range(SOCKETS):
        _, counter = await loop.create_connection(lambda: _Counter(add, greet), "127.0.0.1", port)
        await counter.ready
    _tell("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = int(line)
        if seen < wanted:
            reached.clear()
            await reached.wait()
        _tell("lost" if seen < 0 else seen)


# ---------------------------------------------------------------- rounds


@contextmanager
def _process(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.push_fanout", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    found = process.stdout.readline().strip()
    if not found or found == "lost":
        raise SideFailed(f"{process.args!r} lost a connection or ended")
    return found


def _say(process: subprocess.Popen[str], what: object) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()


class _Rounds:
    """One server with its counting client; `publish(n)` makes the server send n messages to all."""

    def __init__(
        self, stack: ExitStack, server: subprocess.Popen[str], greet: bool, publish: Callable[[int], None]
    ) -> None:
        self._publish = publish
        self._client = stack.enter_context(_process("count", _line(server), int(greet)))
        self._total = 0
        assert _line(self._client) == "ready"

    def burst(self) -> float:
        """Deliveries a second of many messages at once, from the first word to the last mark."""
        begun = time.perf_counter()
        self._send(BURST)
        return BURST * SOCKETS / (time.perf_counter() - begun)

    def single(self) -> float:
        """Deliveries a second when each message waits for the one before."""
        begun = time.perf_counter()
        for _ in range(SINGLE):
            self._send(1)
        return SINGLE * SOCKETS / (time.perf_counter() - begun)

    def _send(self, messages: int) -> None:
        self._total += messages * SOCKETS
        _say(self._client, self._total)
        self._publish(messages)
        if int(_line(self._client)) != self._total:
            raise SideFailed("more came than was sent")


class _Relay:
    """Publishes as the relay does, each message in a call of its own."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._redis = open_redis(url)
        self._writer = PushWriter(self._redis)
        self._at = Position(1, 0)

    def publish(self, messages: int) -> None:
        self._runner.run(self._publish(messages))

    def close(self) -> None:
        self._runner.run(self._redis.aclose())
        self._runner.close()

    async def _publish(self, messages: int) -> None:
        for _ in range(messages):
            until = Position(self._at.xid, self._at.seq + 1)
            if await self._writer.publish(self._at, until, [Message(CHANNEL, DATA)]) != until:
                raise SideFailed("somebody else publishes here")
            self._at = until


def measure(valkey: ValkeyServer, rounds: int = ROUNDS) -> list[Row]:
    """The comparisons; SideFailed when a delivery is missing."""
    with ExitStack() as stack:
        relay = _Relay(valkey.url)
        stack.callback(relay.close)
        ours = _Rounds(stack, stack.enter_context(_process("ours", valkey.url)), True, relay.publish)
        server = stack.enter_context(_process("bare"))
        bare = _Rounds(stack, server, False, lambda messages: _say(server, messages))
        names = ("gateway behind Valkey", "bare websockets broadcast")
        return [
            compare(f"Push to {SOCKETS:,} sockets, {how}", "deliveries/s", Side(names[0], mine), Side(names[1], theirs),
                    rounds)
            for how, mine, theirs in (
                (f"{BURST} messages at once", ours.burst, bare.burst),
                ("one message at a time", ours.single, bare.single),
            )
        ]  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """One of the processes, or without arguments the comparison."""
    match list(arguments):
        case ["ours", url]:
            uvloop.run(serve_ours(url))
        case ["bare"]:
            uvloop.run(serve_bare())
        case ["count", port, greet]:
            uvloop.run(count(int(port), greet == "1"))
        case _:
            with running_valkey() as valkey:
                print(table(measure(valkey)))


if __name__ == "__main__":
    main(sys.argv[1:])
