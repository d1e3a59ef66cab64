"""Loops of an actor: each has one thing that it does again and again, and none of them ever dies."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable

from models.domain.errors import Unavailable

_log = logging.getLogger(__name__)
_PAUSE_AFTER_ERROR = 0.5


async def again_and_again(
    name: str,
    once: Callable[[], Awaitable[object]],
    seconds: float = 0.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Calls `once` for ever, with `seconds` between the end of one call and the next.

    An error is told and the loop goes on; that PostgreSQL is away is told once.
    """
    is_away = False
    while True:
        try:
            await once()
            if is_away:
                _log.info("%s goes on", name)
            is_away = False
            if seconds:
                await sleep(seconds)
        except Unavailable as error:
            if not is_away:
                _log.warning("%s waits: %s", name, error.detail)
            is_away = True
            await sleep(max(seconds, _PAUSE_AFTER_ERROR))
        except Exception:
            _log.exception("%s failed", name)
            await sleep(max(seconds, _PAUSE_AFTER_ERROR))


def quiet_collector() -> None:
    """Full collections of a heap with thousands of runs take long enough to delay a heartbeat: make them rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
