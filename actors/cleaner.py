"""Keeps tables from growing for ever, and the journal from running out of partitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from actors.ports import Housekeeping
from models.domain.clock import Clock
from models.domain.limits import Limits

_MONTHS_AHEAD = 3
_MOST_AT_ONCE = 5_000


class Cleaner:
    """Rows of the outbox are deleted by the relay, which knows how far its readers are."""

    def __init__(self, store: Housekeeping, is_mine: Callable[[], bool], clock: Clock, limits: Limits) -> None:
        self._store = store
        self._is_mine = is_mine
        self._clock = clock
        self._limits = limits

    async def run_once(self) -> dict[str, int]:
        """Counts of what was done, by one actor of all at a time (two at once do no harm); Unavailable."""
        if not self._is_mine():
            return {}
        now = self._clock.now()
        made = await self._store.ensure_partitions(now, _MONTHS_AHEAD)
        messages = await self._store.forget_messages(_MOST_AT_ONCE)
        forgotten, before = 0, now - timedelta(seconds=self._limits.idempotency_seconds)
        while True:
            count = await self._store.forget_keys(before, _MOST_AT_ONCE)
            forgotten += count
            if count < _MOST_AT_ONCE:
                return {"partitions": made, "keys": forgotten, "messages": messages}
