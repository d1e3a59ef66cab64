"""Writes live channels to Redis for the gateways; the layout is told in storage/redis_push_reader.py.

Redis also keeps the log position it was written up to (`push:x`). A batch is applied only on top of the position it
follows, in one Lua call, so a batch that is sent again or by two relays is published once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.domain.errors import Unavailable
from models.domain.log import Position

_POSITION = "push:x"

# KEYS[1] the position; ARGV: expected position, new position, epoch for new channels, and for each publication
# channel, data, most publications kept, seconds they are kept. Answers the position afterwards.
_PUBLISH = """
local at = redis.call('GET', KEYS[1])
if at and at ~= ARGV[1] then
    return at
end
redis.call('SET', KEYS[1], ARGV[2])
for i = 4, #ARGV, 4 do
    local channel, data = ARGV[i], ARGV[i + 1]
    if string.sub(channel, 1, 8) == 'changes:' then
        -- Not for people and not kept: replicas forget what they remember.
        redis.call('PUBLISH', 'changes', string.sub(channel, 9) .. ' ' .. data)
    else
        local stream, meta = 'push:s:' .. channel, 'push:m:' .. channel
        local epoch = redis.call('HGET', meta, 'e')
        if not epoch then
            epoch = ARGV[3]
            redis.call('DEL', stream, meta)
            redis.call('HSET', meta, 'e', epoch)
        end
        local offset = redis.call('HINCRBY', meta, 'o', 1)
        redis.call('XADD', stream, 'MAXLEN', '~', ARGV[i + 2], string.format('%d-0', offset), 'd', data)
        redis.call('EXPIRE', stream, ARGV[i + 3])
        redis.call('EXPIRE', meta, 604800)
        redis.call('PUBLISH', 'push:p', '{"channel":' .. cjson.encode(channel) .. ',"offset":' ..
            string.format('%d', offset) .. ',"epoch":"' .. epoch .. '","data":' .. data .. '}')
    end
end
return ARGV[2]
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of a channel stays readable: publications, and seconds after the last one."""

    publications: int
    seconds: int


# Metrics come often and a page that missed minutes of them reloads anyway.
_KEPT = {"metrics": Kept(200, 300)}
_KEPT_OTHERS = Kept(1_000, 86_400)


@dataclass(frozen=True, slots=True)
class Message:
    """A publication to be; `data` is JSON."""

    channel: str
    data: bytes


class PushWriter:
    """One Redis client, given and closed by the caller."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._publish = redis.register_script(_PUBLISH)

    async def position(self) -> Position | None:
        """Up to where Redis has everything; None when it knows nothing (new, or wiped)."""
        try:
            found = await self._redis.get(_POSITION)
        except (RedisError, OSError) as error:
            raise Unavailable("The live channels cannot be written right now.") from error
        return _parse(found) if found else None

    async def forget_position(self) -> None:
        """Takes the next batch whatever it follows."""
        try:
            await self._redis.delete(_POSITION)
        except (RedisError, OSError) as error:
            raise Unavailable("The live channels cannot be written right now.") from error

    async def publish(self, after: Position, until: Position, messages: Sequence[Message]) -> Position:
        """Publishes all messages of (after, until]; answers the position of Redis: something else than `until` when
        it did not stand at `after`, and then nothing was written."""
        arguments: list[str | bytes | int] = [_text(after), _text(until), secrets.token_hex(8)]
        for message in messages:
            kept = _KEPT.get(message.channel.partition(":")[0], _KEPT_OTHERS)
            arguments += (message.channel, message.data, kept.publications, kept.seconds)
        try:
            return _parse(await self._publish(keys=[_POSITION], args=arguments))
        except (RedisError, OSError) as error:
            raise Unavailable("The live channels cannot be written right now.") from error


def _text(position: Position) -> str:
    return f"{position.xid} {position.seq}"


def _parse(text: bytes | str) -> Position:
    xid, seq = text.split()
    return Position(int(xid), int(seq))
