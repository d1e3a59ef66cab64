"""Exactness of the aggregation over PostgreSQL, whatever Kafka does with its records."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from cluster.adapters.streams import PointStore, TableLog
from models.domain.limits import Limits
from models.domain.log import PARTITIONS, LogSlice, Position
from storage import outbox
from storage.relay_sinks import KafkaSink
from streams.aggregate import Aggregator
from streams.records import decode_record
from tests.integration.streams.world import DELAYS, World


class Records:
    """Stands where Kafka stands: keeps what the relay sends."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def send(self, records: list[tuple[int, bytes]]) -> None:
        self.sent += [value for _, value in records]

    async def close(self) -> None:
        """Nothing to close."""


@asynccontextmanager
async def relayed(world: World, step: int = 50) -> AsyncIterator[list[bytes]]:
    """The records of everything in the log, of `step` rows at most."""
    records = Records()
    sink = KafkaSink(records)  # type: ignore[arg-type]
    async with world.engine.read() as conn:
        end = (await outbox.ends(conn)).horizon
        position = await sink.resume(Position(0, 0), end)
        while position < end:
            piece: LogSlice = await outbox.read(conn, outbox.Rows.EVENTS, position, end, step)
            position = await sink.deliver(piece)
    yield records.sent


async def take(worker: Aggregator, record: bytes) -> None:
    """As a worker takes a record."""
    batch = decode_record(record)
    if batch is not None:
        worker.hear(batch)
        await worker.take(batch)


def aggregator(world: World, limits: Limits = Limits()) -> Aggregator:  # noqa: B008
    return Aggregator(TableLog(world.engine), PointStore(world.engine), limits)


async def test_records_in_order_are_counted_once(world: World) -> None:
    for tenant in world.tenants[:6]:
        await world.define(tenant, "delays")
    await world.some_events(800)
    for tenant in world.tenants:
        await world.run(tenant)
    async with relayed(world) as records:
        worker = aggregator(world)
        for record in records:
            await take(worker, record)
    assert await world.counted() == world.events == 800
    assert await world.differences() == []
    for tenant in world.tenants[:6]:
        world.tenants = [tenant]
        assert await world.differences("delays") == []
    assert sum(part.gaps for part in worker.partitions) == 0


async def test_lost_repeated_and_reordered_records(world: World) -> None:
    await world.define(world.tenants[0], "delays")
    await world.some_events(600)
    chance = random.Random(3)
    async with relayed(world, step=20) as records:
        worker = aggregator(world)
        sent = [record for record in records for _ in range(chance.choice([0, 1, 1, 2]))]
        for begin in range(0, len(sent), 9):
            part = sent[begin : begin + 9]
            chance.shuffle(part)
            for record in part:
                await take(worker, record)
        await asyncio.gather(*(worker.catch_up(number) for number in range(PARTITIONS)))
    assert await world.counted() == 600
    assert await world.differences() == []
    assert sum(part.gaps for part in worker.partitions) > 0
    assert sum(part.repeated for part in worker.partitions) > 0


async def test_two_workers_that_both_own_everything(world: World) -> None:
    await world.some_events(600)
    async with relayed(world, step=10) as records:
        workers = [aggregator(world) for _ in range(2)]

        async def all_of(worker: Aggregator, order: list[bytes]) -> None:
            for record in order:
                await take(worker, record)

        await asyncio.gather(*(all_of(worker, records) for worker in workers))
    assert await world.counted() == 600
    assert await world.differences() == []
    assert sum(part.conflicts for worker in workers for part in worker.partitions) > 0


async def test_a_tenant_that_moves_to_another_partition_is_counted_by_both(world: World) -> None:
    tenant = world.tenants[0]
    worker = aggregator(world)
    for shard in (0, 1, 0, 2, 1):
        world.shards[tenant] = shard
        await world.ingest(tenant, [world.event() for _ in range(30)])
        await worker.catch_up(shard)
        other = aggregator(world)
        world.shards[tenant] = shard + 1
        await world.ingest(tenant, [world.event() for _ in range(30)])
        await other.catch_up(shard + 1)
    await asyncio.gather(*(worker.catch_up(number) for number in range(PARTITIONS)))
    assert await world.counted() == 300
    assert await world.differences() == []


async def test_a_metric_counts_from_its_definition_on(world: World) -> None:
    tenant = world.tenants[0]
    world.tenants = [tenant]
    worker = aggregator(world)
    await world.some_events(50)
    await world.define(tenant, "delays")
    await world.some_events(50)
    await worker.catch_up(0)
    await world.some_events(50)
    await worker.catch_up(0)
    assert await world.differences("delays", "events") == []
    other = {**DELAYS, "dimensions": [], "value": None}
    await world.define(tenant, "delays", other)
    await world.some_events(20)
    await worker.catch_up(0)
    assert await world.differences("delays", "events") == []
    sql = "SELECT sum(count)::int FROM metric_points WHERE metric LIKE 'delays@%' AND step = 3600 AND dimensions = '[]'"
    assert await world.owner.fetchval(sql) == 20


async def test_uniques_that_came_before_stay(world: World) -> None:
    tenant = world.tenants[0]
    world.tenants = [tenant]
    await world.define(tenant, "delays")
    event = world.event()
    event["data"]["delay"] = 5
    worker = aggregator(world)
    for number, tail in enumerate(["N1", "N2", "N1", "N1", "N3"]):
        again = {**event, "id": f"{number}", "data": {**event["data"], "tail": tail}}
        await world.ingest(tenant, [again])
        await worker.catch_up(0)
        assert await world.differences("delays") == []


async def test_the_tail_of_a_dimension_is_folded_into_other(world: World) -> None:
    tenant = world.tenants[0]
    world.tenants = [tenant]
    limits = dataclasses.replace(Limits(), max_dimension_values=7)
    await world.define(tenant, "tails", {"type": "flight", "dimensions": [{"name": "tail", "pointer": "/tail"}]})
    for _ in range(3):
        await world.some_events(40)
        await aggregator(world, limits).catch_up(0)
    sql = (
        "SELECT dimensions, sum(count)::int AS n FROM metric_points "
        "WHERE metric LIKE 'tails@%' AND step = 3600 GROUP BY 1"
    )
    found = {row["dimensions"]: row["n"] for row in await world.owner.fetch(sql)}
    assert len(found) == 8
    assert found['["other"]'] >= 100
    assert sum(found.values()) == 120


async def test_changed_points_are_told_with_their_new_totals(world: World) -> None:
    tenant = world.tenants[0]
    worker = aggregator(world)
    event = world.event()
    for count in (1, 2):
        await world.ingest(tenant, [{**event, "id": str(count)}])
        await worker.catch_up(0)
        rows = await world.owner.fetch("SELECT payload->'data'->'points' AS p FROM outbox WHERE topic = 'push'")
        points = orjson.loads(rows[-1]["p"])
        assert {(point["metric"], point["step"], point["count"]) for point in points} == {
            ("events", step, count) for step in (10, 60, 3600)
        }
        assert points[0]["dimensions"] == {"type": "flight", "source": event["source"]}


async def test_an_event_that_cannot_be_read_is_left_out(world: World) -> None:
    tenant = world.tenants[0]
    await world.ingest(tenant, [world.event()])
    await world.owner.execute(
        "INSERT INTO outbox (shard, tenant_id, topic, payload) VALUES (0, $1, 'events', '{\"type\": 7}')", tenant
    )
    await world.ingest(tenant, [world.event()])
    async with relayed(world) as records:
        worker = aggregator(world)
        for record in records:
            await take(worker, record)
        await take(worker, b"\xff not json")
    assert await world.counted() == 2


async def test_positions_of_quiet_partitions_move_on(world: World) -> None:
    await world.some_events(30)
    worker = aggregator(world)
    await asyncio.gather(*(worker.catch_up(number) for number in range(PARTITIONS)))
    await worker.settle()
    store = PointStore(world.engine)
    positions = await store.positions()
    newest = await world.owner.fetchrow(
        "SELECT xid::text::bigint, seq FROM outbox WHERE topic = 'events' ORDER BY xid DESC, seq DESC LIMIT 1"
    )
    assert all(position >= (newest["xid"], newest["seq"]) for position, _ in positions.values())
    behind = aggregator(world)
    await world.some_events(5)
    await asyncio.gather(*(behind.catch_up(number) for number in range(PARTITIONS)))
    await worker.settle()
    await asyncio.gather(*(worker.catch_up(number) for number in range(PARTITIONS)))
    assert await world.counted() == 35
