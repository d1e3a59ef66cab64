"""The loop of what follows changes in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from models.domain.errors import Unavailable
from serve.context import log_failure


async def watch(name: str, look: Callable[[], Awaitable[object]], pause: float) -> None:
    """Looks again and again, with `pause` seconds between, until cancelled. That the database is away is told once."""
    failing = False
    while True:
        try:
            await look()
            failing = False
        except (Unavailable, OSError, TimeoutError) as error:
            if not failing:
                log_failure(name, error)
            failing = True
        except Exception as error:
            log_failure(name, error)
        await asyncio.sleep(pause)
