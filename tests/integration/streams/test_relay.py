"""The relay's sinks over PostgreSQL and Valkey: nothing lost, nothing doubled, whatever restarts."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from models.domain.errors import Unavailable
from models.domain.journal import EntryType
from models.domain.log import LogSlice, Position
from models.domain.push import Publication
from storage import outbox
from storage.outbox import Rows
from storage.push_writer import PushWriter
from storage.redis_client import open_redis
from storage.redis_push_reader import RedisChannelLog
from storage.relay import Relay, RelayConfig
from storage.relay_sinks import PushSink, SearchSink
from tests.integration.streams.world import World
from tests.servers.valkey import ValkeyServer, running_valkey

CONFIG = RelayConfig(batch_rows=50, cursor_interval=0.0, kept_transactions=0)


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[ValkeyServer]:
    """Of this module alone: it is wiped."""
    with running_valkey() as server:
        yield server


@pytest.fixture
async def redis(own_valkey: ValkeyServer) -> AsyncIterator[Redis]:
    client = open_redis(own_valkey.url)
    await client.flushall()
    yield client
    await client.aclose()


def pusher(world: World, redis: Redis, config: RelayConfig = CONFIG) -> Relay:
    return Relay(world.engine, [PushSink(PushWriter(redis))], config)


async def drain(relay: Relay) -> int:
    """Until nothing is left."""
    total = 0
    while count := sum((await relay.run_once()).values()):
        total += count
    return total


async def published(redis: Redis, channel: str) -> list[Publication]:
    return list((await RedisChannelLog(redis).read(channel, 0, 10_000)).publications)


async def values(redis: Redis, channel: str) -> list[Any]:
    return [orjson.loads(one.data) for one in await published(redis, channel)]


async def test_rows_become_publications_in_order(world: World, redis: Redis) -> None:
    tenant = world.tenants[0]
    for number in range(120):
        await world.push(tenant, f"inbox:{tenant}.1", {"n": number})
    assert await drain(pusher(world, redis)) == 120
    found = await published(redis, f"inbox:{tenant}.1")
    assert [one.offset for one in found] == list(range(1, 121))
    assert await values(redis, f"inbox:{tenant}.1") == [{"n": number} for number in range(120)]


async def test_runs_are_told_from_their_lifecycle_events(world: World, redis: Redis) -> None:
    tenant = world.tenants[0]
    await world.ingest(tenant, [world.event(), {**world.event(), "data": {"say": '"io.serverlessworkflow.'}}])
    run = await world.run(tenant, EntryType.RUN_FAULTED)
    await drain(pusher(world, redis))
    started, ended = [value["run"] for value in await values(redis, f"runs:{tenant}")]
    assert set(started) == {
        "id", "workflow", "status", "created_at", "started_at", "ended_at", "error", "last_seq",
    }  # fmt: skip
    assert (started["id"], started["status"], started["last_seq"], started["ended_at"]) == (
        str(run),
        "running",
        1,
        None,
    )
    assert (ended["status"], ended["last_seq"]) == ("faulted", 2)
    assert ended["ended_at"] > ended["started_at"]
    assert ended["workflow"] == {"namespace": "demo", "name": "hello", "version": "1.0.0"}


async def test_a_relay_that_lost_its_cursor_publishes_nothing_twice(world: World, redis: Redis) -> None:
    tenant = world.tenants[0]
    for number in range(60):
        await world.push(tenant, "metrics:x", {"n": number})
    await drain(pusher(world, redis))
    await world.owner.execute("UPDATE relay_cursor SET xid = '0', seq = 0")
    await world.push(tenant, "metrics:x", {"n": 60})
    assert await drain(pusher(world, redis)) == 1
    assert [value["n"] for value in await values(redis, "metrics:x")] == list(range(61))


async def test_a_relay_that_begins_anew_publishes_nothing_twice(world: World, redis: Redis) -> None:
    """It died between Redis and its cursor; its successor begins before it has looked at the log."""
    tenant, stop = world.tenants[0], asyncio.Event()
    for number in range(20):
        await world.push(tenant, "inbox:x", {"n": number})
    await drain(pusher(world, redis))
    await world.owner.execute("UPDATE relay_cursor SET xid = '0', seq = 0")
    task = asyncio.create_task(pusher(world, redis).run(stop))
    await world.push(tenant, "inbox:x", {"n": 20})
    async with asyncio.timeout(20):
        while len(await published(redis, "inbox:x")) < 21:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    stop.set()
    await task
    assert [value["n"] for value in await values(redis, "inbox:x")] == list(range(21))


async def test_two_relays_publish_everything_once(world: World, redis: Redis) -> None:
    tenant = world.tenants[0]
    stop = asyncio.Event()
    relays = [pusher(world, redis, RelayConfig(batch_rows=7, cursor_interval=0.1)) for _ in range(2)]
    tasks = [asyncio.create_task(relay.run(stop)) for relay in relays]
    for number in range(150):
        await world.push(tenant, "inbox:x", {"n": number})
    async with asyncio.timeout(20):
        while len(await published(redis, "inbox:x")) < 150:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*tasks)
    found = await published(redis, "inbox:x")
    assert [one.offset for one in found] == list(range(1, 151))
    assert [value["n"] for value in await values(redis, "inbox:x")] == list(range(150))


async def test_a_wiped_redis_goes_on_in_a_new_epoch(world: World, redis: Redis) -> None:
    tenant, log, relay = world.tenants[0], RedisChannelLog(redis), pusher(world, redis)
    for number in range(3):
        await world.push(tenant, "inbox:x", {"n": number})
    await drain(relay)
    before = (await log.read("inbox:x", 0, 10)).top
    await redis.flushall()
    await world.push(tenant, "inbox:x", {"n": 3})
    await drain(relay)
    after = await log.read("inbox:x", 0, 10)
    assert after.top.epoch != before.epoch
    assert [orjson.loads(one.data)["n"] for one in after.publications] == [3]


async def test_a_redis_that_went_back_gets_what_it_forgot(world: World, redis: Redis) -> None:
    tenant, relay = world.tenants[0], pusher(world, redis)
    await world.push(tenant, "inbox:x", {"n": 0})
    await drain(relay)
    kept = {key: await redis.dump(key) for key in await redis.keys("*")}
    await world.push(tenant, "inbox:x", {"n": 1})
    await drain(relay)
    await redis.flushall()
    for key, dump in kept.items():
        await redis.restore(key, 0, dump)
    await world.push(tenant, "inbox:x", {"n": 2})
    await drain(relay)
    assert [value["n"] for value in await values(redis, "inbox:x")] == [0, 1, 2]


async def test_a_redis_of_another_database_is_taken_over(world: World, redis: Redis) -> None:
    await redis.set("push:x", "900000000 5")
    await world.push(world.tenants[0], "inbox:x", {"n": 0})
    assert await drain(pusher(world, redis)) == 1
    assert await values(redis, "inbox:x") == [{"n": 0}]


async def test_rows_that_are_no_publications_are_left_out(world: World, redis: Redis) -> None:
    tenant = world.tenants[0]
    for payload in ('{"channel": 7, "data": 1}', "[]", '"x"', '{"channel": "inbox:x"}'):
        sql = "INSERT INTO outbox (shard, tenant_id, topic, payload) VALUES (0, $1, 'push', $2::text::json)"
        await world.owner.execute(sql, tenant, payload)
    await world.push(tenant, "inbox:x", {"n": 0})
    await drain(pusher(world, redis))
    assert await values(redis, "inbox:x") == [{"n": 0}]


async def test_an_open_transaction_holds_readers_back_and_loses_nothing(world: World, redis: Redis) -> None:
    tenant, relay = world.tenants[0], pusher(world, redis)
    sql = "INSERT INTO outbox (shard, tenant_id, topic, payload) VALUES (0, $1, 'push', $2::text::json)"
    async with world.owner.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(sql, tenant, '{"channel": "inbox:x", "data": "first"}')
        await world.push(tenant, "inbox:x", "second")
        assert await drain(relay) == 0
        await transaction.commit()
    assert await drain(relay) == 2
    assert await values(redis, "inbox:x") == ["first", "second"]


async def test_a_sink_that_is_away_holds_up_no_other(world: World) -> None:
    nowhere = open_redis("unix:///nonexistent/valkey.sock", seconds=0.2)
    relay = Relay(world.engine, [PushSink(PushWriter(nowhere)), SearchSink(world.engine)], RelayConfig())
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    run = await world.run(world.tenants[0])
    async with asyncio.timeout(10):
        while not await world.owner.fetchval("SELECT 1 FROM run_search WHERE run_id = $1", run):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    stop.set()
    await task
    assert relay.states["push"].failures > 0
    assert relay.states["push"].error == "Unavailable"
    assert relay.states["search"].error is None
    with pytest.raises(Unavailable):
        await relay.run_once()
    await nowhere.aclose()


@pytest.mark.parametrize(
    ("query", "found"),
    [("world", True), ("hello", True), ("faulted", True), ("boom", True), ("nothing", False), ('"late flight"', True)],
)
async def test_runs_are_found_by_their_text(world: World, query: str, found: bool) -> None:
    error = {"title": "Boom", "detail": "late\nflight", "nul": "a\0b"}
    run = await world.run(world.tenants[0], EntryType.RUN_FAULTED, error={**error, "nul": ""})
    with_nul = await world.run(world.tenants[0], EntryType.RUN_FAULTED, error={"detail": "tailwind a\0b"})
    large = await world.run(world.tenants[0], input={"text": "word " * 60_000}, output=["x" * 200_000])
    await drain(Relay(world.engine, [SearchSink(world.engine)], CONFIG))
    sql = "SELECT run_id FROM run_search WHERE document @@ websearch_to_tsquery('simple', $1)"
    assert (run in {row["run_id"] for row in await world.owner.fetch(sql, query)}) == found
    assert [row["run_id"] for row in await world.owner.fetch(sql, "tailwind")] == [with_nul]
    assert [row["run_id"] for row in await world.owner.fetch(sql, "word")] == [large]


async def test_the_log_is_trimmed_behind_its_slowest_reader(world: World, redis: Redis) -> None:
    await world.some_events(40)
    relay = Relay(world.engine, [PushSink(PushWriter(redis)), SearchSink(world.engine)], CONFIG)
    await drain(relay)
    assert await relay.trim() == 0, "Kafka has read nothing"
    async with world.engine.read() as conn:
        newest = (await outbox.ends(conn)).newest
    assert newest is not None
    await world.owner.execute("UPDATE relay_cursor SET xid = $1::text::xid8, seq = $2", str(newest.xid), newest.seq)
    assert await relay.trim() == 0, "the metrics have read nothing"
    await world.owner.execute("UPDATE metric_offsets SET xid = $1::text::xid8, seq = $2", str(newest.xid), newest.seq)
    await world.some_events(5)
    assert await relay.trim() == 40
    assert await world.owner.fetchval("SELECT count(*) FROM outbox") == 5


async def test_reading_in_pieces_gives_every_row_once(world: World) -> None:
    await world.some_events(100)
    async with world.engine.read() as conn:
        end = (await outbox.ends(conn)).horizon
        pieces: list[LogSlice] = []
        for limit in (7, 1, 200):
            at, rows = Position(0, 0), []
            while at < end:
                pieces.append(await outbox.read(conn, Rows.ALL, at, end, limit))
                at = pieces[-1].until
                rows += [row.position for row in pieces[-1].rows]
            assert len(rows) == len(set(rows)) == 100
            assert rows == sorted(rows)


async def test_a_row_is_on_the_screen_of_gateways_within_a_tenth_of_a_second(world: World, redis: Redis) -> None:
    relay, stop = pusher(world, redis, RelayConfig()), asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    feed = RedisChannelLog(redis).feed()
    assert await anext(feed) == []
    took = []
    for number in range(30):
        await asyncio.sleep(world.chance.uniform(0, 0.08))
        await world.push(world.tenants[0], "inbox:x", number)
        began = time.monotonic()
        (told,) = await anext(feed)
        took.append(time.monotonic() - began)
        assert (told.publication.offset, told.publication.data) == (number + 1, str(number).encode())
    stop.set()
    await task
    await feed.aclose()  # type: ignore[attr-defined]
    assert statistics.median(took) < 0.1
