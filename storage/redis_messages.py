"""Messages of a subscription, from a connection that is asked whether it lives when it is quiet."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from redis.asyncio.client import PubSub


async def heard(pubsub: PubSub, quiet_seconds: float) -> AsyncGenerator[dict[str, Any], None]:
    """Each message as it comes. ConnectionError when a ping after `quiet_seconds` is not answered in as long."""
    asked = False
    while True:
        message = await pubsub.get_message(timeout=quiet_seconds)
        if message is not None:
            asked = False
            yield message
        elif asked:
            raise ConnectionError("no answer to a ping")
        else:
            asked = True
            await pubsub.ping()
