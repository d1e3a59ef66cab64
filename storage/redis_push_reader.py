"""Reads live channels from Redis: for gateways. The relay writes them.

Redis holds a channel as a stream `push:s:<channel>` (ids `<offset>-0`, field `d`) and a hash `push:m:<channel>`
(`e` epoch, `o` newest offset); what is published is also told on the pub/sub channel `push:p`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from models.domain.errors import Unavailable
from models.domain.push import Announced, Position, Publication, Slice
from storage.redis_messages import heard

_log = logging.getLogger("tidewire.redis")
_ANNOUNCEMENTS = "push:p"
_QUIET_SECONDS = 5.0
_MAX_BATCH = 256

# The epoch is made by whoever comes first, reader or writer: listeners of a channel in which nothing was published
# yet keep their position when the first publication comes.
_READ = """
local epoch = redis.call('HGET', KEYS[2], 'e')
if not epoch then
    epoch = ARGV[1]
    redis.call('DEL', KEYS[1], KEYS[2])
    redis.call('HSET', KEYS[2], 'e', epoch)
    redis.call('EXPIRE', KEYS[2], 604800)
end
local top = redis.call('HGET', KEYS[2], 'o') or '0'
local limit = tonumber(ARGV[3])
local found = {}
if limit > 0 and ARGV[2] == '' then
    found = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', limit)
elseif limit > 0 then
    found = redis.call('XRANGE', KEYS[1], ARGV[2], '+', 'COUNT', limit)
end
return {epoch, top, found}
"""


class _Announcement(msgspec.Struct):
    channel: str
    offset: int
    epoch: str
    data: msgspec.Raw


_decode = msgspec.json.Decoder(_Announcement).decode


class RedisChannelLog:
    """One Redis client (decode_responses off), given and closed by the caller."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._read = redis.register_script(_READ)

    async def tail(self, channel: str, limit: int) -> Slice:
        """The newest `limit` publications, oldest first."""
        part = await self._slice(channel, "", limit)
        return Slice(part.top, part.publications[::-1])

    async def read(self, channel: str, after: int, limit: int) -> Slice:
        """At most `limit` publications with an offset larger than `after`."""
        return await self._slice(channel, f"{after + 1}-0", limit)

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        """Where each channel stands; an empty epoch where Redis knows nothing of it."""
        if not channels:
            return []
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for channel in channels:
                    pipeline.hmget(_meta(channel), ["e", "o"])
                rows = await pipeline.execute()
        except (RedisError, OSError) as error:
            raise Unavailable("The live channels cannot be read right now.") from error
        return [Position((epoch or b"").decode(), int(offset or 0)) for epoch, offset in rows]

    async def feed(self) -> AsyncIterator[Sequence[Announced]]:
        """See serve/push/ports.py."""
        pause = 0.05
        while True:
            pubsub = self._redis.pubsub()
            try:
                await pubsub.subscribe(_ANNOUNCEMENTS)
                async for batch in _listen(pubsub):
                    pause = 0.05
                    yield batch
            except (RedisError, OSError) as error:
                _log.warning("the feed of live channels was lost (%s), connecting again", type(error).__name__)
            finally:
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _slice(self, channel: str, first: str, limit: int) -> Slice:
        keys = [f"push:s:{channel}", _meta(channel)]
        try:
            epoch, top, rows = await self._read(keys=keys, args=[secrets.token_hex(8), first, limit])
        except (RedisError, OSError) as error:
            raise Unavailable("The live channels cannot be read right now.") from error
        found = [Publication(int(row_id.partition(b"-")[0]), fields[1]) for row_id, fields in rows]
        return Slice(Position(epoch.decode(), int(top)), found)


def _meta(channel: str) -> str:
    return f"push:m:{channel}"


async def _listen(pubsub: PubSub) -> AsyncIterator[list[Announced]]:
    """Batches of what has arrived; the first one is empty. Ends by an error of the connection."""
    async for first in heard(pubsub, _QUIET_SECONDS):
        message: dict[str, Any] | None = first
        batch: list[Announced] = []
        while message is not None:
            if message["type"] == "subscribe":
                # The connection is new, perhaps made again behind our back between two messages.
                if batch:
                    yield batch
                batch = []
                yield []
            _add(batch, message)
            message = await pubsub.get_message(timeout=0.0) if len(batch) < _MAX_BATCH else None
        if batch:
            yield batch


def _add(batch: list[Announced], message: dict[str, Any]) -> None:
    if message["type"] != "message":
        return
    try:
        told = _decode(message["data"])
    except msgspec.DecodeError:
        _log.warning("an announcement is not understood and was skipped")
        return
    batch.append(Announced(told.channel, told.epoch, Publication(told.offset, bytes(told.data))))
