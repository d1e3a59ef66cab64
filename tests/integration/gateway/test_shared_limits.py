"""Slices of limits over a real Valkey: the script against the rule, and four replicas at once."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from models.domain.clock import SystemClock
from models.domain.errors import TooManyRequests, Unavailable
from models.domain.limits import Limits
from models.domain.rate_limits import HELD_SHARE, Ask, Rate, take
from serve.gateway.buckets import Bucket
from serve.gateway.counters import GatewayCounters
from serve.gateway.limiter import RateLimiter
from storage.redis_client import open_redis
from storage.redis_rate_limits import RedisRateLimits
from tests.servers.valkey import ValkeyServer, running_valkey

REPLICAS = 4
STEP = st.tuples(st.floats(0, 20), st.integers(0, 80), st.integers(0, 80), st.integers(0, 20))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 1_000), window=st.integers(1, 600), steps=st.lists(STEP, min_size=1, max_size=15))
def test_the_script_does_what_the_rule_says(
    valkey: ValkeyServer, limit: int, window: int, steps: list[tuple[float, int, int, int]]
) -> None:
    asyncio.run(_compare(valkey.url, Rate(limit, window), steps))


async def _compare(url: str, rate: Rate, steps: list[tuple[float, int, int, int]]) -> None:
    redis = open_redis(url)
    store, key, now, paid = RedisRateLimits(redis), uuid4().hex, 1_000.0, 0.0
    for pause, least, more, back in steps:
        now = round(now + pause, 3)
        ask = Ask(key, rate, least, least + more, back)
        (found,) = await store.take([ask], now)
        paid, expected = take(paid, now * 1e6, ask)
        assert abs(found.granted - expected.granted) <= (1 if expected.wait < 1e-3 else 0)
        if found.granted != expected.granted:
            return  # the last digit of a double fell the other way; from here on the two go apart
        assert found.left == pytest.approx(expected.left, abs=1)
        assert found.wait == pytest.approx(expected.wait, abs=1e-3)
    await redis.aclose()


def replica(redis: Redis) -> RateLimiter:
    return RateLimiter(
        RedisRateLimits(redis), SystemClock(), Limits(rate_limit_patience_seconds=5.0), REPLICAS,
        GatewayCounters(CollectorRegistry()),
    )  # fmt: skip


async def test_four_replicas_keep_a_limit_to_one_percent(valkey: ValkeyServer) -> None:
    """All want more than there is, unevenly, for a while; what was let in is compared with what the limit allows."""
    rate, key, clock = Rate(4_000, 2), uuid4().hex, SystemClock()
    clients = [open_redis(valkey.url) for _ in range(REPLICAS)]
    replicas = [replica(client) for client in clients]
    buckets = [Bucket(key, "tenant", rate, clock.monotonic()) for _ in replicas]
    let_in = [0] * REPLICAS
    began = time.monotonic()

    async def ask(n: int, until: float) -> None:
        while time.monotonic() < until:
            try:
                if not replicas[n].spend((buckets[n],), 1):
                    await replicas[n].obtain((buckets[n],), 1)
                let_in[n] += 1
            except TooManyRequests:
                await asyncio.sleep(0.001)

    await asyncio.gather(*(ask(n, began + 1.5) for n in range(REPLICAS) for _ in range(1 + 3 * n)))
    elapsed = time.monotonic() - began
    await asyncio.gather(*(one.close() for one in replicas))
    exact = rate.limit + elapsed * rate.limit / rate.window
    held = HELD_SHARE * rate.limit
    # What came in the last moment may have found nobody asking.
    assert exact - held - 0.05 * rate.limit / rate.window <= sum(let_in) <= exact + held, (sum(let_in), exact)
    assert all(let_in)
    for client in clients:
        await client.aclose()


async def test_a_redis_that_dies_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    with running_valkey() as own:
        redis = open_redis(own.url)
        one = replica(redis)
        of = Bucket(uuid4().hex, "tenant", Rate(100), SystemClock().monotonic())
        await one.obtain((of,), 1)
        own.kill()
        with pytest.raises(Unavailable):
            await RedisRateLimits(redis).take([Ask("k", Rate(1), 1, 1)])
        allowed = 0
        with suppress(TooManyRequests):
            while allowed < 100:
                await one.obtain((of,), 1)
                allowed += 1
        assert allowed == 100 // REPLICAS
        assert one.is_alone
        await asyncio.to_thread(own.start)
        await one.sweep()
        assert not one.is_alone
        await one.close()
        await redis.aclose()
    assert [record.levelname for record in caplog.records if record.name == "tidewire.gateway"] == ["WARNING"] * 2
