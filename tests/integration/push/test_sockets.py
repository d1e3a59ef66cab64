"""The gateway against clients that are slow, silent, wrong or from elsewhere."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.push.support import Stage, staged, until
from tests.servers.valkey import ValkeyServer


async def say(ws: ClientConnection, **command: Any) -> dict[str, Any]:
    """Sends a command; the next message that is a reply to it."""
    await ws.send(json.dumps({"id": 1, **command}))
    while True:
        for line in str(await ws.recv()).split("\n"):
            found: dict[str, Any] = json.loads(line)
            if found.get("id") == 1:
                return found


async def closing(ws: ClientConnection, seconds: float = 5) -> tuple[int | None, str | None]:
    """Reads to the end; code and reason of it."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(seconds):
            while True:
                await ws.recv()
    return ws.close_code, ws.close_reason


def dial(stage: Stage, **options: Any) -> connect:
    return connect(stage.address, proxy=None, ping_interval=None, **options)


# ---------------------------------------------------------------- slow readers


@asynccontextmanager
async def slow_reader(stage: Stage) -> AsyncIterator[ClientConnection]:
    """Connected and subscribed, with little room for what it does not read."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    raw.connect(("127.0.0.1", stage.gateway.port))
    ws = await connect(stage.address, sock=raw, proxy=None, ping_interval=None, max_queue=1, compression=None)
    try:
        await say(ws, connect={"token": "anna"})
        await say(ws, subscribe={"channel": stage.runs})
        yield ws
    finally:
        ws.transport.abort()
        await ws.wait_closed()


def slow_count(stage: Stage) -> int:
    return stage.gateway.stats()["slow_disconnects"]


async def test_a_slow_reader_is_cut_and_recovers_what_it_missed(valkey: ValkeyServer) -> None:
    async with staged(valkey, limits={"max_socket_queue_bytes": 200_000}) as stage, slow_reader(stage) as slow:
        count = 0
        while not slow_count(stage):
            await stage.publisher.publish(stage.runs, "x" * 10_000)
            await until(lambda: stage.gateway.stats()["publications"] == count + 1)  # noqa: B023
            count += 1
        await stage.publisher.publish(stage.runs, "later")
        # From now on it reads: all that was queued for it comes, then the reason of its end.
        seen: list[int] = []
        with suppress(ConnectionClosed):
            async with asyncio.timeout(10):
                while True:
                    seen += pushed(str(await slow.recv()))
        assert (slow.close_code, slow.close_reason) == (3008, "slow")
        assert seen == list(range(1, count))

        async with dial(stage) as again:
            await say(again, connect={"token": "anna"})
            epoch = (await say(again, history={"channel": stage.runs}))["history"]["epoch"]
            position = {"recover": True, "epoch": epoch, "offset": seen[-1]}
            result = (await say(again, subscribe={"channel": stage.runs, **position}))["subscribe"]
            assert result["recovered"] is True
            assert [p["offset"] for p in result["publications"]] == [count, count + 1]


async def test_a_slow_reader_does_not_slow_the_others(valkey: ValkeyServer) -> None:
    limits = {"max_socket_queue_bytes": 100_000}
    async with staged(valkey, limits=limits, close_timeout=0.2) as stage, slow_reader(stage), dial(stage) as quick:
        await say(quick, connect={"token": "anna"})
        await say(quick, subscribe={"channel": stage.runs})
        offsets: list[int] = []
        for count in range(1, 301):
            await stage.publisher.publish(stage.runs, "x" * 20_000)
            offsets += pushed(str(await quick.recv()))
            assert offsets[-1] == count
        assert slow_count(stage) == 1
        # One that never reads again is not waited for.
        await until(lambda: stage.gateway.stats()["sockets"] == 1)


def pushed(frame: str) -> list[int]:
    return [json.loads(line)["push"]["pub"]["offset"] for line in frame.split("\n")]


# ---------------------------------------------------------------- the door


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("{own}", True),
        ("https://app.example", True),
        ("https://evil.example", False),
        ("http://app.example", False),
        ("https://app.example.evil.example", False),
        ("null", False),
        ("", False),
        ("http://[", False),
        ("{own}.evil.example", False),
        ("{own}/path", False),
        ("ftp://{host}", False),
    ],
)
async def test_origins(valkey: ValkeyServer, origin: str | None, allowed: bool) -> None:
    async with staged(valkey, origins=frozenset({"https://app.example"})) as stage:
        host = f"127.0.0.1:{stage.gateway.port}"
        headers = {} if origin is None else {"Origin": origin.format(own=f"http://{host}", host=host)}
        if allowed:
            async with dial(stage, additional_headers=headers) as ws:
                assert "connect" in await say(ws, connect={"token": "anna"})
        else:
            with pytest.raises(InvalidStatus) as refused:
                await dial(stage, additional_headers=headers)
            assert refused.value.response.status_code == 403


async def test_two_origins_are_none(valkey: ValkeyServer) -> None:
    async with staged(valkey, origins=frozenset({"https://app.example"})) as stage:
        headers = [("Origin", "https://app.example"), ("Origin", "https://evil.example")]
        with pytest.raises(InvalidStatus):
            await dial(stage, additional_headers=headers)


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/", 404), ("/connection/websocket/x", 404)])
async def test_plain_requests(valkey: ValkeyServer, path: str, status: int) -> None:
    async with staged(valkey) as stage, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{stage.gateway.port}{path}")).status_code == status


async def test_the_query_of_the_address_does_not_matter(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage, connect(stage.address + "?v=1", proxy=None) as ws:
        assert "connect" in await say(ws, connect={"token": "anna"})


async def test_the_binary_form_of_the_protocol_is_refused(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        with pytest.raises(InvalidStatus) as refused:
            await dial(stage, subprotocols=["centrifuge-protobuf"])
        assert refused.value.response.status_code == 400


async def test_a_full_gateway_says_so(valkey: ValkeyServer) -> None:
    async with staged(valkey, max_sockets=1) as stage, dial(stage):
        with pytest.raises(InvalidStatus) as refused:
            await dial(stage)
        assert refused.value.response.status_code == 503


# ---------------------------------------------------------------- wrong and silent clients


@pytest.mark.parametrize("message", ["x", "{", "[]", '{"id":1,"subscribe":5}', b"\x00\xff", ""])
async def test_malformed_frames_end_the_connection_with_a_reason(valkey: ValkeyServer, message: str | bytes) -> None:
    async with staged(valkey) as stage, dial(stage) as ws:
        await say(ws, connect={"token": "anna"})
        await ws.send(message)
        assert await closing(ws) == (3501, "bad request")


async def test_a_message_that_is_too_large_ends_it(valkey: ValkeyServer) -> None:
    async with staged(valkey, max_message_bytes=1_000) as stage, dial(stage) as ws:
        await ws.send("x" * 2_000)
        assert (await closing(ws))[0] == 1009


async def test_commands_without_connect_end_it(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage, dial(stage) as ws:
        await ws.send(json.dumps({"id": 1, "subscribe": {"channel": stage.runs}}))
        assert await closing(ws) == (3501, "bad request")


async def test_a_client_that_never_connects_is_stale(valkey: ValkeyServer) -> None:
    async with staged(valkey, connect_timeout=1) as stage, dial(stage) as ws:
        assert await closing(ws) == (3502, "stale")


async def test_a_client_that_answers_no_ping_is_cut_and_one_that_does_is_kept(valkey: ValkeyServer) -> None:
    async with staged(valkey, ping_interval=1, pong_timeout=1) as stage, dial(stage) as silent, dial(stage) as alive:
        for ws in (silent, alive):
            await say(ws, connect={"token": "anna"})
        answering = asyncio.create_task(_answer_pings(alive))
        assert await closing(silent, 8) == (3012, "no pong")
        await until(lambda: stage.gateway.stats()["sockets"] == 1)
        assert not answering.done()
        answering.cancel()


async def _answer_pings(ws: ClientConnection) -> None:
    while True:
        assert await ws.recv() == "{}"
        await ws.send("{}")


async def test_a_storm_of_sockets_that_vanish_leaves_nothing(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        sockets = [await dial(stage) for _ in range(40)]
        for ws in sockets:
            await say(ws, connect={"token": "anna"})
            await say(ws, subscribe={"channel": stage.runs})
        await stage.publisher.publish(stage.runs, "one")
        await until(lambda: stage.gateway.stats()["deliveries"] == 40)
        for ws in sockets:
            ws.transport.abort()
        await until(lambda: stage.gateway.stats()["sockets"] == 0)
        assert stage.gateway.stats()["channels"] == 0
        assert not stage.gateway._sockets_of
