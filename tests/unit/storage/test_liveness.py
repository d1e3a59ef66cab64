"""The watch over a server that may be dead or only slow."""

from __future__ import annotations

import asyncio

from storage.liveness import Liveness


class Connection:
    """Knows whether it was cut."""

    def __init__(self) -> None:
        self.cut = asyncio.Event()

    def terminate(self) -> None:
        self.cut.set()


class Server:
    """Answers probes, or not."""

    def __init__(self, alive: bool) -> None:
        self.alive, self.probes, self.deaths = alive, 0, 0
        self.looked = asyncio.Event()

    async def probe(self) -> None:
        self.probes += 1
        if self.probes >= 3:
            self.looked.set()
        if not self.alive:
            raise OSError("no answer")

    async def dead(self) -> None:
        self.deaths += 1


async def test_quick_work_is_not_looked_at() -> None:
    server, connection = Server(alive=False), Connection()
    liveness = Liveness(server.probe, server.dead, patience=60)
    with liveness.watched(connection):
        await asyncio.sleep(0)
    assert (server.probes, connection.cut.is_set()) == (0, False)


async def test_late_work_on_a_dead_server_is_cut() -> None:
    server, late = Server(alive=False), [Connection() for _ in range(3)]
    liveness = Liveness(server.probe, server.dead, patience=0.001)
    with liveness.watched(late[0]), liveness.watched(late[1]), liveness.watched(late[2]):
        async with asyncio.timeout(5):
            await asyncio.gather(*(connection.cut.wait() for connection in late))
    await asyncio.sleep(0)
    assert server.probes == server.deaths == 1


async def test_late_work_on_a_slow_server_goes_on_and_is_looked_at_again() -> None:
    server, connection = Server(alive=True), Connection()
    liveness = Liveness(server.probe, server.dead, patience=0.001)
    with liveness.watched(connection):
        async with asyncio.timeout(5):
            await server.looked.wait()
    assert not connection.cut.is_set()
    await liveness.close()
