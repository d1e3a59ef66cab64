"""The push gateway as a Ray actor, so that Ray places it and brings it back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import ray

from serve.push.gateway import PushGateway

OpenGateway = Callable[[], AbstractAsyncContextManager[PushGateway]]
NAME = "push-gateway"


class PushActor:
    """Owns one gateway in its own process and loop."""

    def __init__(self, open_gateway: OpenGateway) -> None:
        self._open_gateway = open_gateway
        self._stack = AsyncExitStack()
        self._gateway: PushGateway | None = None

    async def ready(self) -> int:
        """The port it listens on, once it does."""
        if self._gateway is None:
            self._gateway = await self._stack.enter_async_context(self._open_gateway())
        return self._gateway.port

    async def stats(self) -> dict[str, int]:
        """Counts for metrics."""
        return self._gateway.stats() if self._gateway is not None else {}


def start_push_gateway(open_gateway: OpenGateway) -> Any:
    """The handle of the one gateway of this instance."""
    return ray.remote(PushActor).options(
        name=NAME, get_if_exists=True, lifetime="detached", num_cpus=0, max_restarts=-1, max_task_retries=0,
        max_concurrency=100,
    ).remote(open_gateway)  # fmt: skip
