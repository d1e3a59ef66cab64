"""From the outbox to metric points and live channels, over real brokers that die and forget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Literal
from uuid import uuid4

import pytest

from cluster.adapters.streams import RelayDeps, StreamsDeps, build_relay, build_worker
from storage.kafka import KafkaConfig
from storage.redis_client import open_redis
from storage.relay import Relay
from streams.worker import Worker, WorkerConfig
from tests.integration.streams.world import World
from tests.servers.kafka import ApacheKafkaServer, KafkaServer, running_kafka
from tests.servers.valkey import ValkeyServer

BROKERS = [
    pytest.param(KafkaServer, id="embedded"),
    pytest.param(ApacheKafkaServer, id="apache", marks=pytest.mark.real_kafka),
]


@pytest.fixture(scope="module", params=BROKERS)
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaServer]:
    with running_kafka(request.param) as server:
        yield server


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> float:
    """Waits for a condition; how long it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
    return time.monotonic() - began


@asynccontextmanager
async def running(
    world: World,
    kafka: KafkaServer,
    valkey: ValkeyServer,
    runner: Literal["faust", "plain"] = "faust",
    stuck: float = 4.0,
    forget_after: int | None = None,
) -> AsyncIterator[tuple[Relay, Worker]]:
    """A relay and a worker, as their processes run them."""
    stop = asyncio.Event()
    redis = open_redis(valkey.url)
    await redis.delete("push:x")
    name = uuid4().hex[:8]
    config = KafkaConfig(kafka.servers, topic=f"log-{name}", forget_after=forget_after)
    relay = build_relay(RelayDeps(world.engine, redis, config))
    worker = build_worker(StreamsDeps(world.engine, config, WorkerConfig(group=name, runner=runner, stuck=stuck)))
    tasks = [asyncio.create_task(relay.run(stop)), asyncio.create_task(worker.run(stop))]
    try:
        yield relay, worker
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        await redis.aclose()


def heard(worker: Worker, seconds: float = 3.0) -> bool:
    """Whether records of all partitions arrive."""
    return all(one.heard_age is not None and one.heard_age < seconds for one in worker.health().values())


async def all_counted(world: World) -> bool:
    return await world.counted() == world.events


@pytest.mark.parametrize("runner", ["faust", "plain"])
async def test_events_flow_and_a_broker_that_forgot_everything_is_survived(
    world: World, kafka: KafkaServer, valkey: ValkeyServer, runner: Literal["faust", "plain"]
) -> None:
    async with running(world, kafka, valkey, runner) as (relay, worker):
        await world.some_events(200)

        async def joined() -> bool:
            return heard(worker)

        print("joined", await until(joined))
        await until(lambda: all_counted(world))
        gaps = sum(one.gaps for one in worker.health().values())
        took = []
        for _ in range(10):
            await world.some_events(3)
            took.append(await until(lambda: all_counted(world)))
        print("event to point", sorted(round(one * 1000) for one in took))
        assert sum(one.gaps for one in worker.health().values()) == gaps, "records did not come through Kafka"
        kafka.kill()
        kafka.wipe()
        await world.some_events(100)
        print("without kafka", await until(lambda: all_counted(world)))
        kafka.start()
        await world.some_events(100)
        print("again", await until(joined, 60), worker.restarts)
        await world.some_events(100)
        await until(lambda: all_counted(world))
        assert await world.differences() == []


@pytest.mark.parametrize("runner", ["faust", "plain"])
async def test_a_topic_that_was_made_anew_is_read_on(
    world: World, kafka: KafkaServer, valkey: ValkeyServer, runner: Literal["faust", "plain"]
) -> None:
    async with running(world, kafka, valkey, runner, stuck=30.0, forget_after=60_000) as (_, worker):

        async def joined() -> bool:
            return heard(worker)

        await until(joined)
        for _ in range(6):
            await world.some_events(60)
            await until(lambda: all_counted(world))
        print("heard again after", await until(joined), {p: h.gaps for p, h in worker.health().items()})
        assert worker.restarts == 0
        assert await world.differences() == []
