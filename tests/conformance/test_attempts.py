"""AttemptCounter over Redis, and in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from models.domain.clock import SystemClock
from models.domain.errors import Unavailable
from serve.auth.throttle import LocalCounter
from serve.ports import AttemptCounter
from storage.redis_attempts import RedisAttemptCounter
from storage.redis_client import open_redis
from tests.servers.valkey import ValkeyServer, running_valkey


@pytest.fixture(params=["redis", "local"])
async def counter(request: pytest.FixtureRequest, valkey: ValkeyServer) -> AsyncIterator[AttemptCounter]:
    if request.param == "local":
        yield LocalCounter(SystemClock())
        return
    redis = open_redis(valkey.url)
    yield RedisAttemptCounter(redis)
    await redis.aclose()


async def test_counts_by_key(counter: AttemptCounter) -> None:
    first, second = uuid4().hex, uuid4().hex
    assert [(await counter.hit(first, 60))[0] for _ in range(3)] == [1, 2, 3]
    assert (await counter.hit(second, 60))[0] == 1


async def test_tells_when_the_window_ends(counter: AttemptCounter) -> None:
    key = uuid4().hex
    _, left = await counter.hit(key, 60)
    assert 59 < left <= 60
    _, later = await counter.hit(key, 900)
    assert later <= left


async def test_forgives_what_was_counted(counter: AttemptCounter) -> None:
    key = uuid4().hex
    await counter.forgive(key)
    await counter.hit(key, 60)
    await counter.hit(key, 60)
    await counter.forgive(key)
    assert (await counter.hit(key, 60))[0] == 2


async def test_counts_all_that_come_at_once(counter: AttemptCounter) -> None:
    key = uuid4().hex
    answers = await asyncio.gather(*(counter.hit(key, 60) for _ in range(200)))
    assert sorted(count for count, _ in answers) == list(range(1, 201))


async def test_a_window_begins_anew_when_it_has_ended(counter: AttemptCounter) -> None:
    key = uuid4().hex
    _, left = await counter.hit(key, 1)
    await asyncio.sleep(left + 0.02)
    assert (await counter.hit(key, 1))[0] == 1


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        yield server


async def test_a_dead_redis_is_unavailable_and_its_return_found(own_valkey: ValkeyServer) -> None:
    redis = open_redis(own_valkey.url)
    counter = RedisAttemptCounter(redis)
    await counter.hit("key", 60)
    own_valkey.kill()
    with pytest.raises(Unavailable):
        await counter.hit("key", 60)
    with pytest.raises(Unavailable):
        await counter.forgive("key")
    await asyncio.to_thread(own_valkey.start)
    assert (await counter.hit("key", 60))[0] == 1
    await redis.aclose()
