"""Group commit: requests that come while one transaction commits share the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.domain.errors import LimitExceeded, Unavailable
from models.domain.fair_share import FairQueue

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[T, R]):
    """An item, and who waits for its result."""

    item: T
    future: asyncio.Future[R]


class GroupCommit(Generic[T, R]):
    """Calls `commit` with all that waits, one call at a time; an alone request waits for nothing.

    `commit` answers for each item in order, with a result or with an error of that item alone. When it raises, each
    item is tried once more by itself, so that one that the database refuses does not take the others with it.

    Items belong to lanes (tenants), which share the batches fairly: with a long queue of others, the first item of a
    lane is in the next batch nevertheless. When `waiting` items wait, only lanes with less than their share get in.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        largest: int,
        waiting: int,
        observe: Callable[[int], None] = lambda size: None,
        lane: Callable[[T], Hashable] = lambda item: None,
    ) -> None:
        self._commit = commit
        self._largest = largest
        self._waiting = waiting
        self._observe = observe
        self._lane = lane
        self._queue: FairQueue[Hashable, _Waiting[T, R]] = FairQueue()
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    async def submit(self, item: T) -> R:
        """The result of the item, after its commit. Giving up waiting does not take the item back."""
        if self._closed:
            raise Unavailable("This replica is stopping.")
        lane = self._lane(item)
        if len(self._queue) >= self._waiting and not self._has_room_for(lane):
            raise Unavailable(LimitExceeded("max_waiting_requests", self._waiting).detail)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.push(lane, _Waiting(item, future))
        if self._worker is None or self._worker.done():
            # Not in the context of the request that happens to be first: the batch is of many.
            self._worker = asyncio.create_task(self._drain(), context=Context())
        return await future

    async def close(self) -> None:
        """Commits what waits, refuses what comes later."""
        self._closed = True
        if self._worker is not None:
            await self._worker

    async def _drain(self) -> None:
        while self._queue:
            size = min(len(self._queue), self._largest)
            batch = [(one.item, one.future) for _, one in self._queue.take(size)]
            self._observe(size)
            await self._run(batch)

    def _has_room_for(self, lane: Hashable) -> bool:
        own, lanes = self._queue.waiting(lane), self._queue.lanes
        return own < self._waiting // (lanes + (own == 0)) and len(self._queue) < 2 * self._waiting

    async def _run(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._commit([item for item, _ in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, (Unavailable, OSError, TimeoutError)):
                _fail(batch, error)
                return
            for one in batch:
                await self._run([one])
            return
        for (_, future), result in zip(batch, results, strict=True):
            _settle(future, result)


def _fail(batch: Sequence[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
    for _, future in batch:
        _settle(future, error)


def _settle(future: asyncio.Future[R], result: R | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
