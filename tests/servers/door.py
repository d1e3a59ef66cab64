"""The two ends of a replica's life that Serve and the front door see."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.types import Message

from serve.direct_door import DirectDoor


class Life:
    """Serve's side of the lifespan protocol."""

    def __init__(self, door: DirectDoor) -> None:
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {}, "state": {}}
        self._task = asyncio.ensure_future(door(scope, self._said.get, self._heard.put))

    async def say(self, kind: str) -> None:
        await self._said.put({"type": f"lifespan.{kind}"})
        assert (await self._heard.get())["type"] == f"lifespan.{kind}.complete"

    async def end(self) -> None:
        await self._task


async def refused(path: Path) -> None:
    """Waits until nobody is let in at the socket any more."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_unix_connection(path)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.01)
