"""Rate limits of replicas over shared buckets, on a clock of the test."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from models.domain.clock import ManualClock
from models.domain.errors import TooManyRequests
from models.domain.limits import Limits
from models.domain.rate_limits import HELD_SHARE, Ask, Rate, share_of, take
from serve.gateway.buckets import Bucket, policy_header, state_header
from serve.gateway.counters import GatewayCounters
from serve.gateway.limiter import RateLimiter
from tests.unit.serve.fake_gateway import FakeRates

REPLICAS = 4


def limiter(store: FakeRates, clock: ManualClock, replicas: int = REPLICAS) -> RateLimiter:
    return RateLimiter(store, clock, Limits(), replicas, GatewayCounters(CollectorRegistry()))


def bucket(rate: Rate, clock: ManualClock, key: str = "t", scope: str = "tenant") -> Bucket:
    return Bucket(key, scope, rate, clock.monotonic())


async def allowed(one: RateLimiter, of: Bucket, cost: int = 1) -> bool:
    if one.spend((of,), cost):
        return True
    try:
        await one.obtain((of,), cost)
    except TooManyRequests:
        return False
    return True


@given(
    limit=st.integers(1, 5_000), window=st.integers(1, 3_600),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 400), st.integers(0, 400)), max_size=60),
)
def test_a_bucket_never_gives_more_than_its_rate(
    limit: int, window: int, steps: list[tuple[float, int, int]]
) -> None:
    rate, now, paid, given_out = Rate(limit, window), 0.0, 0.0, 0
    for pause, least, more in steps:
        now += pause
        ask = Ask("k", rate, least, least + more)
        paid, found = take(paid, now * 1e6, ask)
        assert found.granted == 0 or least <= found.granted <= least + more
        given_out += found.granted
        assert given_out <= limit + now * limit / window + 1e-3
        if not found.granted and least <= limit:
            _, again = take(paid, (now + found.wait) * 1e6 + 1, ask)
            assert again.granted >= least, "what Redis told as the wait is enough"


def test_units_that_come_back_can_be_taken_again() -> None:
    rate = Rate(100)
    paid, first = take(0.0, 0.0, Ask("k", rate, 1, 100))
    paid, back = take(paid, 0.0, Ask("k", rate, 0, 0, back=40))
    _, again = take(paid, 0.0, Ask("k", rate, 1, 100))
    assert (first.granted, back.left, again.granted) == (100, 40, 40)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.sampled_from([40, 400, 2_000, 8_000]))
def test_four_replicas_together_keep_the_limit_to_one_percent(seed: int, limit: int) -> None:
    asyncio.run(_four_replicas(random.Random(seed), limit))


async def _four_replicas(dice: random.Random, limit: int) -> None:
    """More is wanted than there is, unevenly, with replicas that stop asking; then what was let in is compared."""
    clock = ManualClock()
    store, rate = FakeRates(clock), Rate(limit, 10)
    replicas = [limiter(store, clock) for _ in range(REPLICAS)]
    buckets = [bucket(rate, clock) for _ in range(REPLICAS)]
    weights = [dice.random() ** 2 + 0.01 for _ in range(REPLICAS)]
    let_in = 0
    seconds, ticks = 20, 200
    for tick in range(ticks):
        if tick % 40 == 0:
            weights = [dice.choice([0.01, 0.1, 1.0]) for _ in range(REPLICAS)]
        wanted = int(3 * limit / 10 * seconds / ticks) + limit // 20 + 1
        for chosen in dice.choices(range(REPLICAS), weights, k=wanted):
            let_in += await allowed(replicas[chosen], buckets[chosen])
        clock.advance(seconds / ticks)
        if tick % 5 == 4:
            for one in replicas:
                await one.sweep()
    elapsed = clock.monotonic() - seconds / ticks
    exact = limit + elapsed * limit / 10
    error = max(HELD_SHARE * limit, REPLICAS)
    assert let_in <= exact + 1
    # What one tick brings may come after the last try of it.
    assert let_in >= exact - error - limit / 10 * seconds / ticks - 1
    for one in replicas:
        await one.close()


async def test_most_requests_need_no_round_trip() -> None:
    clock = ManualClock()
    store = FakeRates(clock)
    one, of = limiter(store, clock), bucket(Rate(60_000), clock)
    for _ in range(1_000):
        assert await allowed(one, of)
        await asyncio.sleep(0)
        clock.advance(0.001)
    assert store.calls < 200
    await one.close()


async def test_held_units_stay_within_the_slice_and_go_back() -> None:
    clock = ManualClock()
    store, rate = FakeRates(clock), Rate(4_000)
    one, of = limiter(store, clock), bucket(rate, clock)
    for _ in range(500):
        assert await allowed(one, of)
        assert of.tokens <= rate.slice_for(REPLICAS) == 10
    await one.sweep()
    await one.sweep()
    assert of.tokens == 0
    _, shared = take(store.paid["t"], 0.0, Ask("t", rate, 0, 0))
    assert shared.left == 3_500
    await one.close()


async def test_a_request_takes_from_each_bucket_or_from_none() -> None:
    clock = ManualClock()
    store = FakeRates(clock)
    one = limiter(store, clock, 1)
    tenant, user = bucket(Rate(1_000), clock, "t"), bucket(Rate(3), clock, "u", "user")
    for _ in range(3):
        await one.obtain((tenant, user), 1)
    with pytest.raises(TooManyRequests, match="user"):
        await one.obtain((tenant, user), 1)
    await one.close()
    _, shared = take(store.paid["t"], 0.0, Ask("t", Rate(1_000), 0, 0))
    assert shared.left == 997


async def test_a_refusal_tells_when_to_come_back_and_is_remembered() -> None:
    clock = ManualClock()
    store = FakeRates(clock)
    one, of = limiter(store, clock, 1), bucket(Rate(60), clock)
    await one.obtain((of,), 60)
    with pytest.raises(TooManyRequests) as told:
        await one.obtain((of,), 5)
    assert told.value.retry_after == pytest.approx(5.0, abs=0.01)
    calls = store.calls
    for _ in range(100):
        with pytest.raises(TooManyRequests):
            await one.obtain((of,), 5)
    assert store.calls == calls
    clock.advance(5.0)
    await one.obtain((of,), 5)
    await one.close()


async def test_what_can_never_be_paid_is_refused_at_once() -> None:
    clock = ManualClock()
    store = FakeRates(clock)
    one, of = limiter(store, clock), bucket(Rate(10), clock)
    with pytest.raises(TooManyRequests, match="costs 11"):
        await one.obtain((of,), 11)
    assert store.calls == 0
    await one.close()


async def test_many_at_once_share_one_call() -> None:
    clock = ManualClock()
    store = FakeRates(clock)
    one, of = limiter(store, clock), bucket(Rate(300), clock)
    answers = await asyncio.gather(*(allowed(one, of) for _ in range(400)))
    assert sum(answers) == 300
    assert store.calls < 20
    await one.close()


async def test_without_the_shared_buckets_each_replica_allows_its_share(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    store = FakeRates(clock)
    store.away = True
    one, of = limiter(store, clock), bucket(Rate(400), clock)
    with caplog.at_level(logging.WARNING, "tidewire.gateway"):
        answers = [await allowed(one, of) for _ in range(200)]
        assert sum(answers) == 100 == share_of(Rate(400), REPLICAS).capacity
        assert one.is_alone
        store.away = False
        await one.sweep()
    assert not one.is_alone
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "shared rate limits are away", "shared rate limits are back"
    ]
    await one.close()


async def test_a_store_that_hangs_counts_as_away() -> None:
    clock = ManualClock()
    never: Callable[[], object] = asyncio.Event().wait

    class Hanging(FakeRates):
        async def take(self, asks: object) -> object:  # type: ignore[override]
            return await never()  # type: ignore[misc]

    limits = Limits(rate_limit_patience_seconds=0.01)
    one = RateLimiter(Hanging(clock), clock, limits, 1, GatewayCounters(CollectorRegistry()))
    of = bucket(Rate(10), clock)
    assert await allowed(one, of)
    assert one.is_alone
    await one.close()


async def test_a_caller_that_gives_up_does_not_take_the_others_with_it() -> None:
    clock = ManualClock()
    one, of = limiter(FakeRates(clock), clock), bucket(Rate(300), clock)
    first = asyncio.create_task(one.obtain((of,), 1))
    second = asyncio.create_task(one.obtain((of,), 1))
    await asyncio.sleep(0)
    first.cancel()
    await second
    await one.close()


def test_headers_are_those_of_the_draft() -> None:
    clock = ManualClock()
    tenant, user = bucket(Rate(6_000), clock, uuid4().hex), bucket(Rate(600), clock, uuid4().hex, "user")
    user.left, user.tokens = 290, 10
    assert policy_header((tenant, user)) == b'"tenant";q=6000;qu="units";w=60, "user";q=600;qu="units";w=60'
    assert state_header((tenant, user)) == b'"tenant";r=6000;t=0, "user";r=300;t=30'
