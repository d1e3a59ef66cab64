"""Readiness: says what is missing, in time, whatever is broken."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from cluster.adapters.readiness import ApiReadiness
from storage import shards
from storage.redis_client import open_redis
from tests.servers.valkey import ValkeyServer, running_valkey
from tests.storage_kit import Api


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        yield server


@pytest.fixture
async def redis(own_valkey: ValkeyServer) -> AsyncIterator[Redis]:
    client = open_redis(own_valkey.url)
    yield client
    await client.aclose()


async def test_all_is_well_when_every_shard_has_an_owner(api: Api, redis: Redis) -> None:
    async with api.engine.unit_of_work() as conn:
        await shards.release(conn, "a")
    readiness = ApiReadiness(api.app, redis)
    assert await readiness.check() == {
        "postgres": "ok", "redis": "ok", "shards": "64 of 64 shards have no owner"
    }  # fmt: skip
    async with api.engine.unit_of_work() as conn:
        await shards.beat(conn, "a", timedelta(minutes=1))
        await shards.acquire(conn, "a", 60)
    assert (await readiness.check())["shards"] == "4 of 64 shards have no owner"
    async with api.engine.unit_of_work() as conn:
        await shards.acquire(conn, "a", 64)
    assert set((await readiness.check()).values()) == {"ok"}
    async with api.engine.unit_of_work() as conn:
        await shards.beat(conn, "a", timedelta(minutes=-1))
    assert (await readiness.check())["shards"] == "64 of 64 shards have no owner"


async def test_a_closed_database_is_told(api: Api, redis: Redis) -> None:
    await api.app.close()
    parts = await ApiReadiness(api.app, redis).check()
    assert parts["redis"] == "ok"
    assert "ok" not in (parts["postgres"], parts["shards"])


async def test_a_frozen_redis_is_told_in_time(api: Api, redis: Redis, own_valkey: ValkeyServer) -> None:
    readiness = ApiReadiness(api.app, redis)
    assert own_valkey.process is not None
    own_valkey.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        answers = await asyncio.gather(*(readiness.check() for _ in range(20)))
        assert time.monotonic() - began < 2
    finally:
        own_valkey.process.send_signal(signal.SIGCONT)
    assert {answer["redis"] for answer in answers} == {"does not answer"}
    assert {answer["postgres"] for answer in answers} == {"ok"}


async def test_a_dead_redis_is_told_and_its_return_found(api: Api, redis: Redis, own_valkey: ValkeyServer) -> None:
    readiness = ApiReadiness(api.app, redis)
    own_valkey.kill()
    assert (await readiness.check())["redis"] == "does not answer"
    await asyncio.to_thread(own_valkey.start)
    assert (await readiness.check())["redis"] == "ok"
