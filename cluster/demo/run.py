"""The demo: real departures of 2013, a tenant for each carrier, workflows on each flight."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from cluster.demo.client import CarrierClient
from cluster.demo.desk import IncidentDesk, Ledger, open_desk
from cluster.demo.material import Material, prepared
from cluster.demo.register import METRICS, connect, register
from cluster.demo.replay import PositionFile, Replay
from cluster.demo.tenants import FIRST, Carrier, DemoTenants
from models.domain.clock import Clock
from models.domain.errors import Unavailable
from models.learned.flights.source import read_airlines
from storage.postgres import Database

_log = logging.getLogger("tidewire.demo")
_TOGETHER = 2
_PATIENCE = 120
_SILENCE = 30.0
_FIRST_SUMMARY = 90.0


async def run_demo(
    *,
    url: str,
    database: Database,
    secret: bytes,
    folder: Path,
    desk_port: int,
    speed: float,
    clock: Clock,
    stop: asyncio.Event,
    ready: Callable[[], AbstractAsyncContextManager[None]],
) -> None:
    """Runs until `stop`. `url` is the instance, `secret` one of its own, `folder` what the demo keeps, `speed` how many
    times real time.

    Everything it makes is made once; a restart goes on with the next flight. `ready` is entered when the first
    carrier can be looked at, or after half a minute: the first start reads a year of flights and trains a model.
    """
    tenants, ledger = DemoTenants(database, secret), Ledger()
    carriers = tenants.carriers(sorted(read_airlines().items(), key=lambda one: one[0] != FIRST))
    await tenants.ensure(carriers)
    desk = IncidentDesk({tenants.desk_token(one): one.code for one in carriers}, ledger)
    async with open_desk(desk, desk_port) as desk_url, _clients(url, tenants, carriers) as clients:
        equip = partial(_equip, tenants, desk_url, clients)
        opening = asyncio.create_task(_open(folder, partial(equip, carriers[0])), name="opening of the demo")
        try:
            await _settled(opening, stop, _SILENCE)
            async with ready():
                if await _settled(opening, stop):
                    material, done = opening.result()
                    await _equip_all(equip, None if done else material.model, carriers[1:])
                    done.keep()
                    positions = PositionFile(folder / "position.json", material.first)
                    replay = Replay(material, partial(_send, clients), positions, ledger, speed, clock)
                    await asyncio.gather(replay.run(stop), _first_summary(clients[FIRST], folder, stop))
        finally:
            opening.cancel()
            await asyncio.wait([opening])


async def _open(folder: Path, equip_first: Callable[[Path | None], Awaitable[None]]) -> tuple[Material, _Done]:
    """What is replayed, with the first carrier ready for it."""
    material = await prepared(folder)
    done = _Done(folder / "registered.json", material)
    await equip_first(None if done else material.model)
    return material, done


async def _settled(work: asyncio.Task[Any], stop: asyncio.Event, seconds: float | None = None) -> bool:
    """Waits for the work, the stop or the time, whichever comes first; whether the work has ended."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([work, stopping], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return work.done()


async def _first_summary(client: CarrierClient, folder: Path, stop: asyncio.Event) -> None:
    """Once, before the full hour comes: whoever looks for the first time sees one sooner."""
    mark = folder / "summed-up"
    if await asyncio.to_thread(mark.exists):
        return
    try:
        await asyncio.wait_for(stop.wait(), _FIRST_SUMMARY)
    except TimeoutError:
        await client.send("POST", "/v1/workflows/flights/hourly-summary/runs", json={})
        await asyncio.to_thread(mark.touch)


@asynccontextmanager
async def _clients(
    url: str, tenants: DemoTenants, carriers: Sequence[Carrier]
) -> AsyncIterator[dict[str, CarrierClient]]:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
        yield {one.code: CarrierClient(http, partial(tenants.ticket, one)) for one in carriers}


async def _send(clients: dict[str, CarrierClient], carrier: str, events: Sequence[dict[str, object]]) -> None:
    await clients[carrier].post_events(events)


async def _equip(
    tenants: DemoTenants, desk_url: str, clients: dict[str, CarrierClient], carrier: Carrier, model: Path | None
) -> None:
    """The connection, whose address changes at each start; and all the rest when there is a model to deploy."""
    for _ in range(_PATIENCE):
        try:
            await connect(clients[carrier.code], desk_url, tenants.desk_token(carrier))
            if model is not None:
                await register(clients[carrier.code], model)
        except Unavailable as error:
            _log.info("waiting: %s", error.detail)
            await asyncio.sleep(1)
        else:
            return
    raise Unavailable("The API did not become ready for the demo.")


async def _equip_all(
    equip: Callable[[Carrier, Path | None], Awaitable[None]], model: Path | None, carriers: Sequence[Carrier]
) -> None:
    slots = asyncio.Semaphore(_TOGETHER)

    async def within_slot(carrier: Carrier) -> None:
        async with slots:
            await equip(carrier, model)

    await asyncio.gather(*(within_slot(carrier) for carrier in carriers))


class _Done:
    """Whether all carriers have just this: a later start need not ask for it again."""

    def __init__(self, file: Path, material: Material) -> None:
        workflows = [path.read_text() for path in sorted((Path(__file__).parent / "workflows").glob("*.yaml"))]
        manifest = (material.model / "manifest.yaml").read_text()
        said = json.dumps([workflows, METRICS, manifest], sort_keys=True)
        self._file = file
        self._mark = hashlib.sha256(said.encode()).hexdigest()

    def __bool__(self) -> bool:
        return self._file.exists() and self._file.read_text() == self._mark

    def keep(self) -> None:
        """All of it is there."""
        self._file.write_text(self._mark)
