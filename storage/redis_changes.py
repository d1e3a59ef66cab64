"""Tells replicas what has changed, over one channel of Redis: by the relay for every change that was committed, and by
the replica that made it, which is faster.

A message is the tenant's id, a blank, and {"kinds": [...]}.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.domain.errors import Unavailable
from storage.redis_messages import heard

CHANNEL = "changes"
# Without a word for so long, it is asked whether the connection lives.
_QUIET_SECONDS = 0.5
_MOST_WAITING = 10_000


class _What(msgspec.Struct):
    kinds: tuple[str, ...]


_decode = msgspec.json.Decoder(_What).decode
_encode = msgspec.json.encode


class RedisChanges:
    """One Redis client, given and closed by the caller."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[tuple[UUID, tuple[str, ...]], None] = {}
        self._telling: asyncio.Task[None] | None = None

    def tell(self, tenant_id: UUID, kinds: Sequence[str]) -> None:
        """Tells the other replicas soon; never waits and never fails: the relay tells it too."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting[(tenant_id, tuple(kinds))] = None
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        while self._waiting:
            told, self._waiting = list(self._waiting), {}
            with suppress(RedisError, OSError, TimeoutError):
                async with self._redis.pipeline(transaction=False) as pipe:
                    for tenant_id, kinds in told:
                        pipe.publish(CHANNEL, f"{tenant_id} ".encode() + _encode(_What(kinds)))
                    await pipe.execute()

    async def close(self) -> None:
        """Waits for what is being told."""
        if self._telling is not None:
            await asyncio.gather(self._telling, return_exceptions=True)

    async def follow(self) -> AsyncGenerator[tuple[UUID, Sequence[str]] | None, None]:
        """Changes as they come, None when it has begun to listen; Unavailable when it can listen no more."""
        pubsub = self._redis.pubsub()
        try:
            await pubsub.subscribe(CHANNEL)
            async for message in heard(pubsub, _QUIET_SECONDS):
                if message["type"] == "subscribe":
                    yield None
                elif message["type"] == "message":
                    yield parse(message["data"])
        except (RedisError, OSError) as error:
            raise Unavailable("Changes cannot be heard right now.") from error
        finally:
            with suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]


def parse(data: bytes) -> tuple[UUID, Sequence[str]]:
    """A message as tenant and kinds."""
    tenant, _, what = data.partition(b" ")
    return UUID(tenant.decode()), _decode(what).kinds
