"""Starts runs at their times: cron, every, after."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from actors.ports import TriggerStore
from models.domain.clock import Clock
from models.domain.ports import Wake


class Scheduler:
    """Fires the triggers of the shards that are owned here. That each time fires once is the store's business: two
    schedulers that both believe they own a shard cannot both fire."""

    def __init__(
        self,
        store: TriggerStore,
        shards: Callable[[], Collection[int]],
        wake: Callable[[Sequence[Wake]], object],
        clock: Clock,
        limit: int,
    ) -> None:
        self._store = store
        self._shards = shards
        self._wake = wake
        self._clock = clock
        self._limit = limit

    async def run_once(self) -> dict[str, int]:
        """Counts of what was done; Unavailable."""
        shards = sorted(self._shards())
        if not shards:
            return {"fired": 0}
        fired = 0
        while True:
            wakes = await self._store.fire_due(shards, self._clock.now(), self._limit)
            self._wake(wakes)
            fired += len(wakes)
            if len(wakes) < self._limit:
                return {"fired": fired}
