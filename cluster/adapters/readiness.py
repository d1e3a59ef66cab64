"""Whether the parts that requests need are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.domain.errors import TidewireError
from storage import shards
from storage.postgres import Database

_SECONDS = 1.8
_SHARDS = 64


class ApiReadiness:
    """Asks PostgreSQL, Redis and the shards' leases at the same time; one look is shared by all who ask meanwhile."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self._looking: dict[str, asyncio.Task[str]] = {}

    async def check(self) -> Mapping[str, str]:
        """Part -> `ok` or a short reason; never raises, answers within two seconds."""
        looks: dict[str, Callable[[], Awaitable[str]]] = {
            "postgres": self._postgres,
            "redis": self._ping,
            "shards": self._shards,
        }
        for part, look in looks.items():
            if part not in self._looking or self._looking[part].done():
                self._looking[part] = asyncio.create_task(_told(look))
        tasks = dict(self._looking)
        # Waiting with a timeout cancels nothing: a look that hangs ends by its client's own timeout.
        await asyncio.wait(tasks.values(), timeout=_SECONDS)
        return {part: task.result() if task.done() else "does not answer" for part, task in tasks.items()}

    async def _postgres(self) -> str:
        async with self._database.read() as conn:
            await conn.fetchval("SELECT 1")
        return "ok"

    async def _ping(self) -> str:
        await self._redis.ping()
        return "ok"

    async def _shards(self) -> str:
        async with self._database.read() as conn:
            owned = len(await shards.owners(conn))
        return "ok" if owned == _SHARDS else f"{_SHARDS - owned} of {_SHARDS} shards have no owner"


async def _told(look: Callable[[], Awaitable[str]]) -> str:
    try:
        return await look()
    except TidewireError as error:
        return error.detail
    except (RedisError, OSError):
        return "does not answer"
