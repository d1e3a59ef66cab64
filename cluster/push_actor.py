"""The push gateway as a Ray actor, so that Ray places it and brings it back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import ray

from cluster.ray_node import PUSH_ACTOR
from models.domain.errors import TidewireError
from serve.push.gateway import PushGateway

OpenGateway = Callable[[], AbstractAsyncContextManager[PushGateway]]
_log = logging.getLogger("tidewire.push")


class PushActor:
    """Owns one gateway in its own process and loop."""

    def __init__(self, open_gateway: OpenGateway) -> None:
        self._stack = AsyncExitStack()
        # Begun here and not by a call: a restarted actor has to listen again before anybody asks it to.
        self._opened = asyncio.get_running_loop().create_task(self._open(open_gateway))

    async def stats(self) -> dict[str, int]:
        """Counts for metrics, once it listens."""
        return (await asyncio.shield(self._opened)).stats()

    async def stop(self) -> None:
        """Sends its clients away and ends."""
        self._opened.cancel()
        await self._stack.aclose()

    async def _open(self, open_gateway: OpenGateway) -> PushGateway:
        pause = 0.1
        while True:
            try:
                return await self._stack.enter_async_context(open_gateway())
            except (TidewireError, OSError):
                _log.exception("the push gateway cannot start yet")
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)


def start_push_gateway(open_gateway: OpenGateway) -> Any:
    """The handle of the one gateway of this instance."""
    return ray.remote(PushActor).options(
        name=PUSH_ACTOR, get_if_exists=True, lifetime="detached", num_cpus=0, max_restarts=-1, max_task_retries=0,
        max_concurrency=100,
    ).remote(open_gateway)  # fmt: skip
