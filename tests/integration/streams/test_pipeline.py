"""From the outbox to metric points and live channels, over real brokers that die and forget."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest

from cluster.adapters.relay import RelayDeps, build_relay
from cluster.adapters.streams import StreamsDeps, build_worker
from storage.kafka import KafkaConfig, recreate_topic
from storage.redis_client import open_redis
from storage.relay import Relay
from streams.worker import Worker, WorkerConfig
from tests.integration.streams.world import World
from tests.servers.kafka import ApacheKafkaServer, KafkaServer, apache_jars, running_kafka
from tests.servers.valkey import ValkeyServer

BROKERS = [
    pytest.param(KafkaServer, id="embedded"),
    pytest.param(ApacheKafkaServer, id="apache", marks=pytest.mark.real_kafka),
]


@pytest.fixture(scope="module", params=BROKERS)
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaServer]:
    if request.param is ApacheKafkaServer:
        try:
            apache_jars()
        except FileNotFoundError as reason:
            pytest.skip(str(reason))
    with running_kafka(request.param) as server:
        yield server


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> float:
    """Waits for a condition; how long it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return time.monotonic() - began


@dataclass
class Pipeline:
    """What runs."""

    world: World
    kafka: KafkaConfig
    relay: Relay
    worker: Worker

    async def counted(self) -> bool:
        """Whether every event is in the points."""
        return await all_counted(self.world)

    def gaps(self) -> int:
        """How often the log had to be read."""
        return sum(one.gaps for one in self.worker.health().values())


@asynccontextmanager
async def running(
    world: World, kafka: KafkaServer, valkey: ValkeyServer, runner: Literal["faust", "plain"]
) -> AsyncIterator[Pipeline]:
    """A relay and a worker, as their processes run them."""
    stop, name = asyncio.Event(), uuid4().hex[:8]
    redis = open_redis(valkey.url)
    await redis.delete("push:x")
    config = KafkaConfig(kafka.servers, topic=name)
    relay = build_relay(RelayDeps(world.engine, redis, config))
    worker = build_worker(StreamsDeps(world.engine, config, WorkerConfig(group=name, runner=runner)))
    tasks = [asyncio.create_task(relay.run(stop)), asyncio.create_task(worker.run(stop))]
    try:
        yield Pipeline(world, config, relay, worker)
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        await redis.aclose()


async def all_counted(world: World) -> bool:
    return await world.counted() == world.events


@pytest.mark.parametrize("runner", ["faust", "plain"])
async def test_events_flow_and_a_broker_that_forgets_is_survived(
    world: World, kafka: KafkaServer, valkey: ValkeyServer, runner: Literal["faust", "plain"]
) -> None:
    async with running(world, kafka, valkey, runner) as pipeline:
        await world.some_events(200)
        await events_come_through_kafka(world, pipeline)
        if runner == "plain" and type(kafka) is KafkaServer:
            return  # The embedded broker needs 8 s for each join; Faust goes on alone.
        if type(kafka) is KafkaServer:
            await a_topic_made_anew_is_read_on(world, pipeline)
        kafka.kill()
        kafka.wipe()
        await world.some_events(100)
        await until(pipeline.counted, 10)
        kafka.start()
        await events_come_through_kafka(world, pipeline, 60)
        assert await world.differences() == []


async def events_come_through_kafka(world: World, pipeline: Pipeline, seconds: float = 30) -> None:
    """In the end ten times in a row, soon, and without reading the log."""
    took: list[float] = []
    async with asyncio.timeout(seconds):
        while len(took) < 10:
            gaps = pipeline.gaps()
            await world.some_events(3)
            took.append(await until(pipeline.counted))
            if pipeline.gaps() != gaps:
                took.clear()
    assert sorted(took)[5] < 0.5


async def a_topic_made_anew_is_read_on(world: World, pipeline: Pipeline) -> None:
    """Its offsets begin at 0 again; nothing is started anew for that."""
    restarts = pipeline.worker.restarts
    await recreate_topic(pipeline.kafka)
    await events_come_through_kafka(world, pipeline)
    assert pipeline.worker.restarts == restarts


KILLS = 10


async def test_a_worker_that_is_killed_again_and_again_counts_exactly(
    world: World, valkey: ValkeyServer, tmp_path: Path
) -> None:
    with running_kafka() as kafka:
        name = uuid4().hex[:8]
        await world.define(world.tenants[0], "delays")
        stop = asyncio.Event()
        redis = open_redis(valkey.url)
        await redis.delete("push:x")
        relay = build_relay(RelayDeps(world.engine, redis, KafkaConfig(kafka.servers, topic=name)))
        tasks = [asyncio.create_task(relay.run(stop)), asyncio.create_task(feed(world, stop))]
        kills = 0
        try:
            while kills < KILLS:
                with worker_process(world, kafka, name, tmp_path) as process:
                    await until_ready(process)
                    if kills == KILLS // 2:
                        await asyncio.sleep(9)  # once long enough to have joined the group
                    await asyncio.sleep(world.chance.uniform(0, 0.8))
                    process.kill()
                    kills += 1
            stop.set()
            await asyncio.gather(*tasks)
            with worker_process(world, kafka, name, tmp_path):
                await until(lambda: all_counted(world))
        finally:
            stop.set()
            await asyncio.gather(*tasks, return_exceptions=True)
            await redis.aclose()
    assert world.events > 500
    assert await world.differences() == []
    world.tenants = world.tenants[:1]
    assert await world.differences("delays") == []


async def feed(world: World, stop: asyncio.Event) -> None:
    """Events without a pause."""
    while not stop.is_set():
        await world.some_events(20)
        await world.run(world.chance.choice(world.tenants))
        await asyncio.sleep(0.1)


@contextmanager
def worker_process(world: World, kafka: KafkaServer, name: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own."""
    command = [sys.executable, "-m", "tests.integration.streams.worker_process", world.dsn, kafka.servers, name]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


async def until_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert line == b"ready\n", line
