"""The embedded servers as the supervisor runs them: started, killed, back again, and gone when it stops."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from cluster.child import Child
from cluster.instance import tidy_sockets
from cluster.parts import parts
from cluster.runtime import INSTANCE_MARK, Runtime, prepare
from cluster.settings import read_settings
from cluster.supervisor import Part, Supervisor
from models.domain.clock import SystemClock

SERVERS = ("postgres", "valkey", "kafka")


class Watch:
    """The pids of the parts and a signal for each time one becomes ready."""

    def __init__(self) -> None:
        self.pids: dict[str, int] = {}
        self.ready: dict[str, asyncio.Event] = {name: asyncio.Event() for name in SERVERS}

    def told(self, name: str, phase: str) -> None:
        if phase == "ready":
            self.ready[name].set()
        else:
            self.ready[name].clear()

    def wrapped(self, part: Part) -> Part:
        inner = part.start

        async def start() -> object:
            child = await inner()
            assert isinstance(child, Child)
            self.pids[part.name] = child.pid
            return child

        return Part(**{**{f: getattr(part, f) for f in Part.__slots__}, "start": start})


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    prepared = prepare(read_settings({}, {"data": tmp_path / "data", "port": 1}))
    yield prepared
    tidy_sockets(prepared)


async def test_killed_servers_come_back_with_what_they_kept(runtime: Runtime) -> None:
    watch = Watch()
    wanted = [watch.wrapped(part) for part in parts(runtime, lambda _n, _l: None) if part.name in SERVERS]
    supervisor = Supervisor(wanted, SystemClock(), watch.told)
    try:
        await supervisor.start()
        connection = await asyncpg.connect(runtime.dsn("postgres"))
        await connection.execute("CREATE TABLE kept (n integer); INSERT INTO kept VALUES (42)")
        await connection.close()
        for name in SERVERS:
            watch.ready[name].clear()
            os.kill(watch.pids[name], signal.SIGKILL)
        async with asyncio.timeout(30):
            for name in SERVERS:
                await watch.ready[name].wait()
        connection = await asyncpg.connect(runtime.dsn("postgres"))
        assert await connection.fetchval("SELECT n FROM kept") == 42
        await connection.close()
    finally:
        await supervisor.stop()
    assert _marked(runtime) == []


def _marked(runtime: Runtime) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(INSTANCE_MARK) == runtime.instance:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
