"""Ending tasks for sure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_SECONDS = 0.2


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks until they are done; their errors are dropped.

    Once is not enough: redis-py was seen to swallow a cancellation that came while it connected.
    """
    asked = pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_SECONDS)
    await asyncio.gather(*asked, return_exceptions=True)
