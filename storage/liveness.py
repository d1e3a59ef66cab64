"""Ends waiting on a PostgreSQL that answers nobody, without giving up on one that is only slow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Terminable(Protocol):
    """A connection that can be cut at once; whoever waits on it gets an error."""

    def terminate(self) -> None: ...


class Liveness:
    """Looks at the server when work takes longer than `patience` seconds.

    `probe` returns when the server answers and raises when it does not. A failed probe cuts every late connection, so
    that its caller fails after patience + probe and not after a command timeout; a good one gives them more time.
    """

    def __init__(self, probe: Callable[[], Awaitable[None]], on_dead: Callable[[], Awaitable[None]], patience: float):
        self._probe = probe
        self._on_dead = on_dead
        self._patience = patience
        self._timers: dict[Terminable, asyncio.TimerHandle] = {}
        self._late: set[Terminable] = set()
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self, connection: Terminable) -> Iterator[None]:
        """For the length of one transaction."""
        self._arm(connection)
        try:
            yield
        finally:
            self._timers.pop(connection).cancel()
            self._late.discard(connection)

    async def close(self) -> None:
        """Stops looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _arm(self, connection: Terminable) -> None:
        loop = asyncio.get_running_loop()
        self._timers[connection] = loop.call_later(self._patience, self._is_late, connection)

    def _is_late(self, connection: Terminable) -> None:
        self._late.add(connection)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        try:
            await self._probe()
        except Exception:
            self._cut()
            await self._on_dead()
        else:
            for connection in self._late:
                self._arm(connection)
            self._late.clear()

    def _cut(self) -> None:
        # Those that became late while the probe was under way waited for the same server.
        late, self._late = self._late, set()
        for connection in late:
            connection.terminate()
