"""Tells clients how the runs ended that they wait for: one long poll a client, not one call a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from models.domain.clock import Clock
from models.domain.ports import Ended

_FORGET_SECONDS = 90.0
_MOST_KEPT = 10_000


@dataclass(slots=True)
class _Subscriber:
    """Ends that one client has not fetched yet."""

    seen: float
    ends: list[Ended] = field(default_factory=list)
    some: asyncio.Event = field(default_factory=asyncio.Event)


class EndBoard:
    """Ends by subscriber. What is lost here (a crash, a client that is away) the client finds in the table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subscribers: dict[str, _Subscriber] = {}

    def tell(self, subscriber: str, end: Ended) -> None:
        """An end that the subscriber asked for."""
        found = self._of(subscriber)
        if len(found.ends) < _MOST_KEPT:
            found.ends.append(end)
        found.some.set()

    async def take(self, subscriber: str, seconds: float) -> list[Ended]:
        """All that is there; waits for the first one for so long."""
        found = self._of(subscriber)
        found.seen = self._clock.monotonic()
        if not found.ends:
            try:
                async with asyncio.timeout(seconds):
                    await found.some.wait()
            except TimeoutError:
                pass
        found.seen = self._clock.monotonic()
        ends, found.ends = found.ends, []
        found.some.clear()
        return ends

    def forget_old(self) -> None:
        """Subscribers that have not asked for long are gone."""
        now = self._clock.monotonic()
        gone = [name for name, one in self._subscribers.items() if now - one.seen > _FORGET_SECONDS]
        for name in gone:
            del self._subscribers[name]

    def _of(self, subscriber: str) -> _Subscriber:
        found = self._subscribers.get(subscriber)
        if found is None:
            found = self._subscribers[subscriber] = _Subscriber(self._clock.monotonic())
        return found
