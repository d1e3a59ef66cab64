"""Lets runs in at the times that flow control planned for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from actors.ports import TriggerStore
from models.domain.clock import Clock
from models.domain.ports import Wake

_LOOK_SECONDS = 1.0
_LEAST_SECONDS = 0.002


class Admission:
    """Sleeps exactly until the next planned time, and looks once a second for plans that others made. Ends of runs let
    others in by themselves, where they are written."""

    def __init__(
        self,
        store: TriggerStore,
        shards: Callable[[], Collection[int]],
        wake: Callable[[Sequence[Wake]], object],
        clock: Clock,
        limit: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._shards = shards
        self._wake = wake
        self._clock = clock
        self._limit = limit
        self._sleep = sleep

    async def run_once(self) -> None:
        """One look, and the sleep after it; Unavailable."""
        shards, seconds = sorted(self._shards()), _LOOK_SECONDS
        if shards:
            wakes, next_at = await self._store.admit_due(shards, self._clock.now(), self._limit)
            self._wake(wakes)
            if next_at is not None:
                seconds = min(seconds, (next_at - self._clock.now()).total_seconds())
        await self._sleep(max(seconds, _LEAST_SECONDS))
