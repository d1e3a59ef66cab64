"""What tests listen to instead of sleeping; in production nobody listens."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any


class Signals:
    """Tells nobody."""

    def tell(self, name: str, value: Any = None) -> None:
        """Something happened inside an actor; see the calls for the names."""


class RecordedSignals(Signals):
    """Keeps what was told until somebody waits for it."""

    def __init__(self) -> None:
        self._told: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    def tell(self, name: str, value: Any = None) -> None:
        self._told[name].put_nowait(value)

    async def wait(self, name: str, seconds: float = 5.0) -> Any:
        """The oldest value of this name that nobody has taken; TimeoutError when none comes."""
        async with asyncio.timeout(seconds):
            return await self._told[name].get()

    def taken(self, name: str) -> list[Any]:
        """All values of this name that nobody has taken, without waiting."""
        queue, found = self._told[name], []
        while not queue.empty():
            found.append(queue.get_nowait())
        return found
