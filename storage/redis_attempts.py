"""Counts tries in windows for all replicas together; Redis may forget them."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.domain.errors import Unavailable

_HIT = """
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
    left = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], left)
end
return {count, left}
"""
_FORGIVE = """
local count = tonumber(redis.call('GET', KEYS[1]) or '0')
if count > 0 then
    redis.call('DECR', KEYS[1])
end
"""


class RedisAttemptCounter:
    """One Redis client, given and closed by the caller."""

    def __init__(self, redis: Redis) -> None:
        self._hit = redis.register_script(_HIT)
        self._forgive = redis.register_script(_FORGIVE)

    async def hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        """Counts one more: the count in the window, and the seconds until it ends; Unavailable when it cannot."""
        try:
            count, left = await self._hit(keys=[f"attempts:{key}"], args=[window_seconds * 1000])
        except (RedisError, OSError) as error:
            raise Unavailable("Tries cannot be counted right now.") from error
        return int(count), int(left) / 1000

    async def forgive(self, key: str) -> None:
        """Takes one back."""
        try:
            await self._forgive(keys=[f"attempts:{key}"])
        except (RedisError, OSError) as error:
            raise Unavailable("Tries cannot be counted right now.") from error
