"""A replica's own socket: open from startup to shutdown, closed to other users, and nobody is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.types import Receive, Scope, Send

from serve.direct_door import DirectDoor
from tests.servers.door import Life, refused


class Slow:
    """An application that answers when it is allowed to."""

    def __init__(self) -> None:
        self.entered, self.allowed = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        self.entered.set()
        await self.allowed.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def client(path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    async with httpx.AsyncClient(transport=transport, base_url="http://replica") as found:
        yield found


async def test_a_request_under_way_is_answered_before_the_replica_goes(tmp_path: Path) -> None:
    app, path = Slow(), tmp_path / "api-r1.sock"
    life = Life(DirectDoor(app, path, drain_seconds=10))
    await life.say("startup")
    assert path.stat().st_mode & 0o777 == 0o600
    async with client(path) as http:
        answer = asyncio.create_task(http.get("/"))
        await app.entered.wait()
        ending = asyncio.create_task(life.say("shutdown"))
        await refused(path)
        assert not ending.done()
        app.allowed.set()
        assert (await answer).text == "ok"
        await ending
    await life.end()
    assert not path.exists()


async def test_what_a_replica_that_was_killed_left_is_in_nobodys_way(tmp_path: Path) -> None:
    app, path = Slow(), tmp_path / "api-r1.sock"
    path.touch()
    app.allowed.set()
    life = Life(DirectDoor(app, path, drain_seconds=1))
    await life.say("startup")
    async with client(path) as http:
        assert (await http.get("/")).text == "ok"
    await life.say("shutdown")
    await life.end()
