"""A replica that is told to stop: it says so, ends what is under way, and lets nothing new in."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.domain.limits import Limits
from serve.app import create_app, opened
from serve.direct_door import DirectDoor
from serve.inference_host import open_host
from tests.servers.door import Life, refused
from tests.unit.serve.api import make_ports
from tests.unit.serve.fake_services import FakeCatalog, FakeObjects


async def test_requests_under_way_end_and_readiness_says_draining() -> None:
    gate, begun = asyncio.Event(), asyncio.Event()
    catalog, objects = FakeCatalog(), FakeObjects()
    async with open_host(catalog, objects, Limits()) as host:
        ports = make_ports(host, catalog, objects)
        ready = ports.readiness.check

        async def check() -> Any:
            begun.set()
            await gate.wait()
            return await ready()

        with tempfile.TemporaryDirectory() as folder:
            socket = Path(folder) / "door.sock"
            life = Life(DirectDoor(create_app(lambda: opened(ports)), socket, 10))
            await life.say("startup")
            transport = httpx.AsyncHTTPTransport(uds=str(socket))
            async with httpx.AsyncClient(transport=transport, base_url="http://replica", timeout=10) as http:
                assert (await http.get("/healthz")).status_code == 200
                object.__setattr__(ports.readiness, "check", check)
                waiting = [asyncio.create_task(http.get("/readyz")) for _ in range(5)]
                await begun.wait()
                ending = asyncio.create_task(life.say("shutdown"))
                await refused(socket)
                assert not any(one.done() for one in waiting)
                gate.set()
                answers = await asyncio.gather(*waiting)
            assert {(one.status_code, one.json()["status"]) for one in answers} == {(503, "draining")}
            await ending
            await life.end()
            with pytest.raises(httpx.ConnectError):
                async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket))) as http:
                    await http.get("http://replica/healthz")
