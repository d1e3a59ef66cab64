"""Shared buckets in Redis: many asks of one tenant in one Lua call; models/domain/rate_limits.py has the rule."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.domain.errors import Unavailable
from models.domain.rate_limits import Ask, Slice

# KEYS: buckets. ARGV: the time in microseconds ('' for that of Redis), then for each bucket interval (microseconds a
# unit), capacity, least, most, back. Answers granted, left and wait (microseconds) for each.
# Times are kept since 2025, so that a double holds them to parts of a microsecond.
_TAKE = """
local now = tonumber(ARGV[1])
if not now then
    local time = redis.call('TIME')
    now = (tonumber(time[1]) - 1735689600) * 1000000 + tonumber(time[2])
end
local answer = {}
for i, key in ipairs(KEYS) do
    local at = 2 + (i - 1) * 5
    local interval, capacity = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    local least, most, back = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    local paid = math.max(tonumber(redis.call('GET', key) or now) - back * interval, now)
    local there = math.floor(capacity - (paid - now) / interval + 1e-6)
    local granted, wait = 0, 0
    if there >= least then
        granted = math.min(most, there)
        paid = paid + granted * interval
    else
        wait = math.max((least - capacity) * interval + paid - now, 0)
    end
    if granted > 0 or back > 0 then
        redis.call('SET', key, string.format('%.2f', paid), 'PX', math.ceil((paid - now) / 1000) + 1000)
    end
    answer[#answer + 1] = granted
    answer[#answer + 1] = math.max(there - granted, 0)
    answer[#answer + 1] = math.ceil(wait)
end
return answer
"""


class RedisRateLimits:
    """One Redis client, given and closed by the caller. `now`: seconds, for tests; None: the clock of Redis."""

    def __init__(self, redis: Redis) -> None:
        self._take = redis.register_script(_TAKE)

    async def take(self, asks: Sequence[Ask], now: float | None = None) -> Sequence[Slice]:
        """A slice for each ask, in order; Unavailable when Redis does not answer."""
        arguments: list[str | float] = ["" if now is None else repr(now * 1e6)]
        for ask in asks:
            arguments += (repr(ask.rate.interval), ask.rate.capacity, ask.least, ask.most, ask.back)
        try:
            found = await self._take(keys=[f"rate:{ask.key}" for ask in asks], args=arguments)
        except (RedisError, OSError) as error:
            raise Unavailable("The shared limits cannot be read right now.") from error
        return [Slice(int(found[i]), int(found[i + 1]), int(found[i + 2]) / 1e6) for i in range(0, len(found), 3)]
