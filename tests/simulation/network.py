"""What lies between processes, PostgreSQL and the outside: delay, loss, repetition, and cut links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from actors.operation_ports import Beginning, Snapshot
from actors.ports import Cursor, OpenRun, RunAppend, RunKey, Standing, StoredRun
from models.domain.errors import Unavailable
from models.domain.journal import Entry
from models.domain.ports import Wake
from models.domain.runs import WorkflowRef
from tests.simulation.postgres import Postgres
from tests.simulation.timeline import ProcessLoop, Timeline


@dataclass(slots=True)
class Weather:
    """How bad it is: shares of messages, from 0 to 1, and the longest ordinary delay in seconds."""

    delay: float = 0.002
    spike: float = 0.0
    lost_request: float = 0.0
    lost_answer: float = 0.0
    late_request: float = 0.0
    lost_wake: float = 0.0
    repeated: float = 0.0


CALM = Weather()


class Network:
    """Sends messages; `weather` may change at any time."""

    def __init__(self, timeline: Timeline, dice: Random, weather: Weather) -> None:
        self.timeline = timeline
        self.dice = dice
        self.weather = weather

    def delay(self) -> float:
        """How long the next message takes."""
        random = self.dice.random
        if self.weather.spike and random() < self.weather.spike:
            return random() * 1.5
        return random() * self.weather.delay

    def happens(self, share: float) -> bool:
        """Whether something of this share happens now."""
        return share > 0.0 and self.dice.random() < share

    def send(self, call: Callable[..., object], *args: Any) -> None:
        """A message that arrives."""
        self.timeline.later(self.delay(), call, *args)

    def answer(self, loop: ProcessLoop, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        """An answer that arrives in a process, if there still is one."""
        if not loop.is_dead:
            loop.call_soon(_settle, future, result, error)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


class Link:
    """From one process to PostgreSQL: implements all the store ports of the shards."""

    def __init__(
        self, network: Network, database: Postgres, loop: ProcessLoop, seen: Callable[[str, str], None]
    ) -> None:
        self.is_cut = False
        self._network, self._database, self._loop, self._seen = network, database, loop, seen

    def _call(self, name: str, *args: Any) -> asyncio.Future[Any]:
        network, weather = self._network, self._network.weather
        future = self._loop.create_future()
        if self._loop.is_dead:
            return future
        if self.is_cut or network.happens(weather.lost_request):
            network.timeline.later(0.2, network.answer, self._loop, future, None, Unavailable())
        elif network.happens(weather.late_request):
            # The caller gives up, and then it arrives.
            network.timeline.later(0.3, network.answer, self._loop, future, None, Unavailable())
            network.timeline.later(network.dice.random() * 4.0, self._arrive, name, args, None)
        else:
            network.send(self._arrive, name, args, future)
        return future

    def _arrive(self, name: str, args: tuple[Any, ...], future: asyncio.Future[Any] | None) -> None:
        network = self._network
        result, failure = None, None
        try:
            result = getattr(self._database, name)(*args)
        except Exception as error:
            failure = error
        # What it brings about (a cut, a death) comes before the answer is on its way.
        self._seen(name, type(failure).__name__ if failure else "done")
        if future is None:
            return
        if self.is_cut or network.happens(network.weather.lost_answer):
            network.timeline.later(0.3, network.answer, self._loop, future, None, Unavailable())
        else:
            network.send(network.answer, self._loop, future, result, failure)

    async def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        return await self._call("transaction", batch)

    async def last_seqs(self, keys: Collection[RunKey]) -> Mapping[UUID, int]:
        return await self._call("last_seqs", keys)

    async def read(self, keys: Collection[RunKey]) -> Sequence[StoredRun]:
        return await self._call("read", keys)

    async def entries(self, keys: Collection[RunKey]) -> Mapping[UUID, Sequence[Entry]]:
        return await self._call("entries", keys)

    async def beginnings(self, keys: Collection[RunKey]) -> Mapping[UUID, Beginning]:
        return {}

    async def snapshots(self, keys: Collection[RunKey]) -> Mapping[UUID, Snapshot]:
        return await self._call("snapshots", keys)

    async def page(self, key: RunKey, after: int, limit: int) -> Sequence[Entry]:
        return await self._call("page", key, after, limit)

    async def needy(
        self, shards: Sequence[int], after: Cursor, limit: int, pending_before: datetime, due: datetime,
        full: Collection[UUID] = (),
    ) -> tuple[Sequence[OpenRun], Cursor | None]:
        return await self._call("needy", shards, after, limit, pending_before, due, full)

    async def beat(self, owner: str, ttl: timedelta) -> Standing:
        return await self._call("beat", owner, ttl)

    async def acquire(self, owner: str, at_most: int) -> Mapping[int, int]:
        return await self._call("acquire", owner, at_most)

    async def succeed(self, owner: str, ttl: timedelta) -> Mapping[int, int]:
        return await self._call("succeed", owner, ttl)

    async def release(self, owner: str, shards: Collection[int] | None = None) -> None:
        return await self._call("release", owner, shards)

    async def definition(self, tenant_id: UUID, ref: WorkflowRef) -> Mapping[str, Any] | None:
        return await self._call("definition", tenant_id, ref)

    async def fire_due(self, shards: Collection[int], now: datetime, limit: int) -> Sequence[Wake]:
        return await self._call("fire_due", shards, now, limit)

    async def admit_due(
        self, shards: Collection[int], now: datetime, limit: int
    ) -> tuple[Sequence[Wake], datetime | None]:
        return [], None

    async def forget_keys(self, before: datetime, limit: int) -> int:
        return await self._call("forget_keys", before, limit)

    async def forget_messages(self, limit: int) -> int:
        return await self._call("forget_messages", limit)

    async def ensure_partitions(self, since: datetime, months: int) -> int:
        return await self._call("ensure_partitions", since, months)
