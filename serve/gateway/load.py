"""Refuses work before there is too much of it, the least needed first, and says when a replica is about to stop."""

from __future__ import annotations

import asyncio
from collections import deque

from models.domain.errors import Overloaded
from models.domain.limits import Limits
from serve.gateway.counters import GatewayCounters
from serve.gateway.policy import Priority

_LOOK_SECONDS = 0.25
# So many looks in a row must find the loop late: one slow moment is no overload.
_LOOKS = 4
# The share of what is bearable at which each priority is refused.
_BEARABLE = {Priority.READ: 1.0, Priority.WRITE: 0.9, Priority.HEAVY: 0.75}


class Load:
    """Requests in flight and the lateness of the event loop, of one replica. Not for several threads."""

    def __init__(self, limits: Limits, counters: GatewayCounters) -> None:
        self._counters = counters
        self._most = limits.max_requests_in_flight
        self._latest = limits.max_loop_lag_seconds
        self._lags: deque[float] = deque([0.0] * _LOOKS, _LOOKS)
        self._allowed = {priority: int(share * self._most) for priority, share in _BEARABLE.items()}
        self._allowed[Priority.HEALTH] = 2**62
        self._full = dict(self._allowed)
        self._watching: asyncio.Task[None] | None = None
        self.in_flight = 0
        self.is_draining = False

    @property
    def lag(self) -> float:
        """How late the loop was at its best of the last second, in seconds."""
        return min(self._lags)

    def start(self) -> None:
        """Begins to watch the loop."""
        self._watching = asyncio.create_task(self._watch(), name="loop lag")

    async def close(self) -> None:
        """Ends it."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def enter(self, priority: Priority) -> None:
        """Counts a request in, or refuses it with Overloaded; whoever got in calls `leave`."""
        if self.in_flight >= self._allowed[priority]:
            self._counters.shed(priority.name.lower())
            raise Overloaded
        self.in_flight += 1

    def leave(self) -> None:
        """Counts it out."""
        self.in_flight -= 1

    def observe(self, lag: float) -> None:
        """A look at the loop found it so many seconds late."""
        self._lags.append(max(lag, 0.0))
        self._counters.lag.set(self._lags[-1])
        self._counters.in_flight.set(self.in_flight)
        pressure = self.lag / self._latest
        self._allowed = {
            priority: most if pressure < _BEARABLE.get(priority, float("inf")) else 0
            for priority, most in self._full.items()
        }

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            self.observe(loop.time() - due)
