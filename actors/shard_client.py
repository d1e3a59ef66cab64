"""The shards as the API sees them: wakes in batches, ends by one long poll an actor, the table where both were lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

from actors.ports import RunKey, ShardDirectory
from actors.services import again_and_again
from models.domain.clock import Clock
from models.domain.errors import Unavailable
from models.domain.ports import Ended, Wake

_log = logging.getLogger(__name__)
_POLL_SECONDS = 20.0
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 0.25
_MOST_TRIES = 4
_MOST_WAITING_WAKES = 20_000


class RemoteShard(Protocol):
    """A shard actor somewhere; any call may raise, and then it may have happened or not."""

    async def wake(self, subscriber: str, wakes: Sequence[Wake], awaited: Sequence[UUID]) -> Sequence[UUID]:
        """See WorkflowShard.wake."""

    async def ends(self, subscriber: str, seconds: float) -> Sequence[Ended]:
        """See WorkflowShard.ends."""


Find = Callable[[str], Awaitable[RemoteShard]]


@dataclass(slots=True)
class _Lane:
    """What goes to one actor: one call of wakes at a time, so that the next ones gather meanwhile."""

    actor: str
    wakes: list[tuple[Wake, int]] = field(default_factory=list)
    sender: asyncio.Task[None] | None = None
    listener: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Waiter:
    """Those who wait for one run. `key` is known as soon as the run was woken."""

    since: float
    key: RunKey | None = None
    futures: list[asyncio.Future[Ended]] = field(default_factory=list)


class ShardClient:
    """Implements RunDispatcher. Open it on the loop that uses it."""

    def __init__(self, directory: ShardDirectory, find: Find, clock: Clock) -> None:
        self.subscriber = uuid4().hex
        self._directory = directory
        self._find = find
        self._clock = clock
        self._owners: dict[int, str] = {}
        self._lanes: dict[str, _Lane] = {}
        self._handles: dict[str, RemoteShard] = {}
        self._homeless: list[tuple[Wake, int]] = []
        self._waiters: dict[UUID, _Waiter] = {}
        self._router: asyncio.Task[None] | None = None
        self._looker: asyncio.Task[None] | None = None

    # ---------------------------------------------------------------- RunDispatcher

    def wake(self, wakes: Sequence[Wake]) -> None:
        """Returns at once; a wake that cannot be delivered is found by the shard itself within seconds."""
        for one in wakes:
            waiter = self._waiters.get(one.run_id)
            if waiter is not None:
                waiter.key = (one.tenant_id, one.run_id)
            self._route(one, 0)

    async def wait(self, run_id: UUID, seconds: float) -> Ended | None:
        """The end of the run if it comes in time; register before `wake` to miss nothing."""
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        waiter = self._waiters.setdefault(run_id, _Waiter(self._clock.monotonic()))
        waiter.futures.append(future)
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(again_and_again("ends of runs", self.look, _LOOK_SECONDS))
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            waiter.futures.remove(future)
            if not waiter.futures and self._waiters.get(run_id) is waiter:
                del self._waiters[run_id]

    async def close(self) -> None:
        """Stops all that runs for this client."""
        tasks = [self._router, self._looker]
        for lane in self._lanes.values():
            tasks += [lane.sender, lane.listener]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # ---------------------------------------------------------------- wakes

    def _route(self, wake: Wake, tries: int) -> None:
        actor = self._owners.get(wake.shard)
        if actor is None:
            if len(self._homeless) < _MOST_WAITING_WAKES:
                self._homeless.append((wake, tries))
            if self._router is None or self._router.done():
                self._router = asyncio.create_task(self._find_homes())
            return
        lane = self._lanes.setdefault(actor, _Lane(actor))
        if len(lane.wakes) < _MOST_WAITING_WAKES:
            lane.wakes.append((wake, tries))
        if lane.sender is None or lane.sender.done():
            lane.sender = asyncio.create_task(self._send(lane))

    async def _find_homes(self) -> None:
        """Asks PostgreSQL who owns which shard, for wakes whose owner is not known."""
        while self._homeless:
            with suppress(Unavailable):
                owners = await self._directory.owners()
                self._owners = {shard: owner.partition("#")[0] for shard, owner in owners.items()}
            waiting, self._homeless = self._homeless, []
            late = [(wake, tries) for wake, tries in waiting if wake.shard not in self._owners]
            for wake, tries in waiting:
                if wake.shard in self._owners:
                    self._route(wake, tries)
            self._homeless += [(wake, tries + 1) for wake, tries in late if tries < _MOST_TRIES]
            if self._homeless:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(self, lane: _Lane) -> None:
        while lane.wakes:
            batch, lane.wakes = lane.wakes, []
            awaited = [wake.run_id for wake, _ in batch if wake.run_id in self._waiters]
            if awaited and (lane.listener is None or lane.listener.done()):
                lane.listener = asyncio.create_task(self._listen(lane))
            try:
                remote = await self._remote(lane.actor)
                strange = set(await remote.wake(self.subscriber, [wake for wake, _ in batch], awaited))
            except Exception as error:
                _log.info("the shard actor %s cannot be woken: %s", lane.actor, type(error).__name__)
                self._forget(lane.actor)
                self._again(batch)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if strange:
                # Only what was said to be elsewhere is asked for anew.
                for wake, _ in batch:
                    if wake.run_id in strange:
                        self._owners.pop(wake.shard, None)
                self._again([item for item in batch if item[0].run_id in strange])

    def _again(self, batch: Sequence[tuple[Wake, int]]) -> None:
        for wake, tries in batch:
            if tries < _MOST_TRIES:
                self._route(wake, tries + 1)

    def _forget(self, actor: str) -> None:
        self._handles.pop(actor, None)
        self._owners = {shard: owner for shard, owner in self._owners.items() if owner != actor}

    async def _remote(self, actor: str) -> RemoteShard:
        found = self._handles.get(actor)
        if found is None:
            found = self._handles[actor] = await self._find(actor)
        return found

    # ---------------------------------------------------------------- ends

    async def _listen(self, lane: _Lane) -> None:
        """One call after the other, for as long as somebody waits."""
        while self._waiters:
            try:
                remote = await self._remote(lane.actor)
                ends = await remote.ends(self.subscriber, _POLL_SECONDS)
            except Exception as error:
                _log.info("the shard actor %s does not tell ends: %s", lane.actor, type(error).__name__)
                self._handles.pop(lane.actor, None)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for end in ends:
                self._tell(end)

    async def look(self) -> None:
        """Ends that were not told, because an actor died between its commit and its answer, are in the table."""
        before = self._clock.monotonic() - _LOOK_SECONDS / 2
        keys = [one.key for one in self._waiters.values() if one.key is not None and one.since < before]
        if keys:
            for end in await self._directory.ended(keys):
                self._tell(end)

    def _tell(self, end: Ended) -> None:
        waiter = self._waiters.get(end.run_id)
        for future in waiter.futures if waiter is not None else ():
            if not future.done():
                future.set_result(end)
