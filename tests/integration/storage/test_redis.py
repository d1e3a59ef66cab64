"""The Redis client under callers that give up, and over a server that hangs."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from storage.redis_client import open_redis
from tests.servers.valkey import ValkeyServer, running_valkey


async def test_two_thousand_cancelled_commands_get_no_answer_of_others(valkey: ValkeyServer) -> None:
    redis = open_redis(valkey.url, max_connections=4, seconds=30)
    dice, answers = random.Random(7), 0

    async def ask(number: int) -> None:
        nonlocal answers
        assert await redis.echo(f"a{number}") == f"a{number}".encode()
        answers += 1
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.echo(f"b{number}")
            pipeline.echo(f"c{number}")
            assert await pipeline.execute() == [f"b{number}".encode(), f"c{number}".encode()]

    async def one(number: int) -> None:
        task = asyncio.create_task(ask(number))
        await asyncio.sleep(dice.random() * 0.02)
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        assert result is None or isinstance(result, asyncio.CancelledError), result

    for start in range(0, 2_000, 40):
        await asyncio.gather(*(one(number) for number in range(start, start + 40)))
        assert await redis.echo(f"{start}") == f"{start}".encode()
    assert 100 < answers < 1_990
    await redis.aclose()


@pytest.fixture
def frozen() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        yield server
        server.process.send_signal(signal.SIGCONT)


async def test_a_frozen_server_is_told_in_time(frozen: ValkeyServer) -> None:
    redis: Redis = open_redis(frozen.url, max_connections=2, seconds=0.2)
    began = time.monotonic()
    answers = await asyncio.gather(*(redis.ping() for _ in range(6)), return_exceptions=True)
    assert all(isinstance(answer, RedisError) for answer in answers)
    assert time.monotonic() - began < 2
    await redis.aclose()
