"""All timers of a shard in one heap, by the wall clock."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

from actors.active_run import ActiveRun
from models.domain.clock import Clock

_LONGEST_SLEEP = 60.0


class Timers:
    """Calls `fire(run, timer)` for each timer whose time has come; sleeps exactly until the next one.

    `fire_due` may be called at any time as well (tests, and once a second in case the wall clock jumped).
    """

    def __init__(self, clock: Clock, fire: Callable[[ActiveRun, str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[datetime, int, ActiveRun, str]] = []
        self._numbers = count()
        self._handle: asyncio.TimerHandle | None = None
        self._armed_for: datetime | None = None

    def __len__(self) -> int:
        return len(self._heap)

    def start(self, run: ActiveRun, timer: str, at: datetime) -> None:
        """Starts or moves a timer of a run."""
        run.timers[timer] = at
        heapq.heappush(self._heap, (at, next(self._numbers), run, timer))
        if self._armed_for is None or at < self._armed_for:
            self._arm()

    def cancel(self, run: ActiveRun, timer: str) -> None:
        """Its place in the heap is left to be skipped."""
        run.timers.pop(timer, None)

    def fire_due(self) -> int:
        """Fires what is due; how many."""
        now, fired = self._clock.now(), 0
        while self._heap and self._heap[0][0] <= now:
            at, _, run, timer = heapq.heappop(self._heap)
            if not run.is_dropped and run.timers.get(timer) == at:
                del run.timers[timer]
                self._fire(run, timer)
                fired += 1
        self._arm()
        return fired

    def compact(self) -> None:
        """Forgets cancelled timers when they have become the greater part."""
        alive = [item for item in self._heap if not item[2].is_dropped and item[2].timers.get(item[3]) == item[0]]
        if len(alive) * 2 < len(self._heap):
            heapq.heapify(alive)
            self._heap = alive

    def close(self) -> None:
        """No timer fires any more."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self._armed_for = None, None
        self._heap.clear()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle, self._armed_for = None, None
        if self._heap:
            self._armed_for = self._heap[0][0]
            delay = (self._armed_for - self._clock.now()).total_seconds()
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(min(max(delay, 0.0), _LONGEST_SLEEP), self.fire_due)
