"""The worker over a log and points in memory: what it reads itself, and when it starts its consumer anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from models.domain.clock import ManualClock
from models.domain.errors import Unavailable
from models.domain.log import PARTITIONS, LogRow, LogSlice, Position, encode_record
from models.domain.metric_cells import Cell
from models.domain.metrics import CellKey, DimensionKey
from streams.agents import RunnerStuck, Take
from streams.aggregate import Aggregator
from streams.config import WorkerConfig
from streams.ports import CellsMoved, Change, Definition, PositionMoved, Told
from streams.records import decode_record
from streams.worker import Worker

TENANT = UUID(int=1)
EVENT = '{"type":"a","source":"s","time":"2026-01-01T00:00:00Z"}'


@dataclass
class Memory:
    """The log and the points."""

    clock: ManualClock
    rows: list[LogRow] = field(default_factory=list)
    points: dict[CellKey, Cell] = field(default_factory=dict)
    at: dict[int, Position] = field(default_factory=lambda: dict.fromkeys(range(PARTITIONS), Position(0, 0)))
    moved_at: dict[int, float] = field(default_factory=lambda: dict.fromkeys(range(PARTITIONS), 0.0))
    away: bool = False
    told: list[Told] = field(default_factory=list)

    def add(self, count: int = 1, partition: int = 0) -> None:
        for _ in range(count):
            self.rows.append(LogRow(Position(len(self.rows) + 1, 0), partition, TENANT, "events", EVENT))

    def record(self, partition: int, after: int, until: int) -> bytes:
        rows = [row for row in self.rows if after < row.position.xid <= until and row.shard == partition]
        return encode_record(partition, Position(after, 0), Position(until, 0), rows)

    def count(self) -> int:
        return sum(cell.count for key, cell in self.points.items() if key.step == 10)

    async def horizon(self) -> Position:
        if self.away:
            raise Unavailable
        return Position(len(self.rows), 0)

    async def events(self, partition: int, after: Position, until: Position, limit: int) -> LogSlice:
        found = [row for row in self.rows if after < row.position <= until and row.shard == partition][:limit]
        return LogSlice(found, after, found[-1].position if len(found) == limit else until)

    async def positions(self) -> Mapping[int, tuple[Position, float]]:
        return {number: (at, self.clock.monotonic() - self.moved_at[number]) for number, at in self.at.items()}

    async def settle(self, moves: Mapping[int, tuple[Position, Position]]) -> set[int]:
        moved = {number for number, (expected, _) in moves.items() if self.at[number] == expected}
        for number in moved:
            self.at[number], self.moved_at[number] = moves[number][1], self.clock.monotonic()
        return moved

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Memory]:
        if self.away:
            raise Unavailable
        yield self

    async def definitions(self, horizon: int) -> tuple[int, Sequence[Definition]]:
        return horizon, []

    async def cells(self, keys: Sequence[CellKey]) -> Mapping[CellKey, Cell]:
        await asyncio.sleep(0)
        return {key: self.points[key] for key in keys if key in self.points}

    async def admit(
        self, values: Mapping[DimensionKey, Iterable[str]], at_most: int
    ) -> Mapping[DimensionKey, set[str]]:
        return {}

    async def apply(
        self, partition: int, expected: Position, to: Position, changes: Sequence[Change], told: Sequence[Told]
    ) -> None:
        if self.at[partition] != expected:
            raise PositionMoved
        for change in changes:
            if self.points.get(change.key, Cell(0)).count != change.known:
                raise CellsMoved
        self.points.update({change.key: change.cell for change in changes})
        self.at[partition], self.moved_at[partition] = to, self.clock.monotonic()
        self.told += told


class Consumer:
    """A runner that does what the test says."""

    def __init__(self, config: WorkerConfig, take: Take) -> None:
        self.take, self.lives, self.place = take, 0, frozenset({0, 1})
        self.fail: Exception | None = None

    def assigned(self) -> frozenset[int]:
        return self.place

    async def run(self, stop: asyncio.Event) -> None:
        self.lives += 1
        if self.fail is not None:
            raise self.fail
        await stop.wait()
        if self.lives > 100:
            raise RunnerStuck


async def prepared() -> None:
    """The topic is there."""


class Stage:
    """A worker with its surroundings."""

    def __init__(self, **settings: float) -> None:
        self.clock = ManualClock()
        self.memory = Memory(self.clock)
        self.aggregator = Aggregator(self.memory, self.memory, clock=self.clock)
        self.runners: list[Consumer] = []
        config = WorkerConfig(care_interval=0.001, **settings)  # type: ignore[arg-type]
        self.worker = Worker(self.aggregator, config, prepared, self.clock, self._build)
        self.stop = asyncio.Event()

    def _build(self, config: WorkerConfig, take: Take) -> Consumer:
        self.runners.append(Consumer(config, take))
        return self.runners[-1]

    async def take(self, value: bytes) -> None:
        """A record, folded before this returns."""
        await self.consumer.take(value)
        await self.worker.inbox.fold_waiting()

    @property
    def consumer(self) -> Consumer:
        return self.runners[0]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.worker.run(self.stop))
        try:
            yield
        finally:
            self.stop.set()
            await task

    async def until(self, condition: Callable[[], bool], step: float = 0.0) -> float:
        """Lets time pass by steps until the condition holds; how much has passed."""
        began = self.clock.monotonic()
        async with asyncio.timeout(5):
            while not condition():
                self.clock.advance(step)
                await asyncio.sleep(0.002)
        return self.clock.monotonic() - began


async def test_records_are_folded_once_whatever_their_order() -> None:
    stage = Stage()
    stage.memory.add(9)
    for after, until in ((0, 3), (0, 3), (6, 9), (2, 5), (3, 6), (0, 9)):
        await stage.take(stage.memory.record(0, after, until))
    assert stage.memory.count() == 9
    health = stage.worker.health()[0]
    assert (health.events, health.gaps, health.lag, health.repeated) == (9, 1, 0, 4)
    assert health.heard_age == health.commit_age == 0


async def test_records_that_overlap_are_folded_once() -> None:
    stage = Stage()
    stage.memory.add(9)
    for after, until in ((0, 3), (1, 5), (2, 4), (4, 9), (0, 9)):
        await stage.take(stage.memory.record(0, after, until))
    assert stage.memory.count() == 9
    assert stage.worker.health()[0].gaps == 0


async def test_a_partition_of_ours_that_became_silent_is_read_from_the_log() -> None:
    stage = Stage()
    stage.memory.add(1)
    await stage.take(stage.memory.record(0, 0, 1))
    stage.memory.add(4)
    assert await stage.worker.care_once() == 0, "not silent long enough"
    stage.clock.advance(3)
    assert await stage.worker.care_once() == 4
    assert stage.memory.count() == 5


async def test_a_partition_of_nobody_is_read_when_it_has_not_moved_for_long() -> None:
    stage = Stage()
    stage.memory.add(2, partition=5)
    stage.clock.advance(3.9)
    assert await stage.worker.care_once() == 0
    stage.clock.advance(0.2)
    assert await stage.worker.care_once() == 2


async def test_two_workers_count_once() -> None:
    stage, other = Stage(), Stage()
    other.aggregator = Aggregator(stage.memory, stage.memory)
    stage.memory.add(40)

    async def all_of(aggregator: Aggregator) -> None:
        for begin in range(0, 40, 2):
            batch = decode_record(stage.memory.record(0, begin, begin + 2))
            assert batch is not None
            await aggregator.take(batch)

    await asyncio.gather(all_of(stage.aggregator), all_of(other.aggregator))
    assert stage.memory.count() == 40


async def test_records_that_came_together_are_folded_in_one_transaction() -> None:
    stage = Stage()
    stage.memory.add(8)
    for after, until in ((0, 2), (2, 4), (6, 8)):
        await stage.consumer.take(stage.memory.record(0, after, until))
    await stage.worker.inbox.fold_waiting()
    assert stage.memory.count() == 8
    assert len(stage.memory.told) == 3, "0 to 4, the gap, 6 to 8"


async def test_a_full_inbox_holds_its_consumer_back() -> None:
    stage = Stage()
    stage.memory.add(9)
    for place in range(4):
        await stage.consumer.take(stage.memory.record(0, place, place + 1))
    waiting = asyncio.create_task(stage.consumer.take(stage.memory.record(0, 4, 5)))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await stage.worker.inbox.fold_waiting()
    await waiting
    assert stage.memory.count() == 4


async def test_a_record_that_cannot_be_folded_now_is_made_up_for() -> None:
    stage = Stage()
    stage.memory.add(6)
    stage.memory.away = True
    await stage.take(stage.memory.record(0, 0, 3))
    assert stage.worker.inbox.failures == 1
    stage.memory.away = False
    await stage.take(stage.memory.record(0, 3, 6))
    assert stage.memory.count() == 6


async def test_a_consumer_that_hears_nothing_is_started_anew_with_growing_patience() -> None:
    stage = Stage(stuck=20.0, most_backoff=0.001)
    async with stage.running():
        await stage.until(lambda: stage.consumer.lives == 1)
        first = await stage.until(lambda: stage.consumer.lives == 2, 1.0)
        second = await stage.until(lambda: stage.consumer.lives == 3, 1.0)
        assert 20 < first < 30 < 40 < second < 50
    assert stage.worker.restarts >= 2


async def test_a_consumer_that_hears_all_partitions_is_left_alone() -> None:
    stage = Stage(stuck=20.0)
    async with stage.running():
        await stage.until(lambda: stage.consumer.lives == 1)
        for _ in range(30):
            stage.clock.advance(1)
            for partition in range(PARTITIONS):
                await stage.take(stage.memory.record(partition, 0, 0))
            await asyncio.sleep(0.002)
        assert stage.consumer.lives == 1


async def test_a_consumer_that_fails_is_started_again_and_metrics_go_on() -> None:
    stage = Stage(most_backoff=0.001)
    stage.consumer.fail = ConnectionError("no broker")
    async with stage.running():
        stage.memory.add(3)
        stage.clock.advance(5)
        await stage.until(lambda: stage.memory.count() == 3)
        await stage.until(lambda: stage.consumer.lives >= 2)


async def test_a_consumer_that_does_not_stop_ends_the_process() -> None:
    stage = Stage()
    stage.consumer.lives = 100
    task = asyncio.create_task(stage.worker.run(asyncio.Event()))
    await stage.until(task.done, 1.0)
    with pytest.raises(RunnerStuck):
        await task


async def test_quiet_partitions_are_settled() -> None:
    stage = Stage()
    stage.memory.add(3, partition=2)
    stage.clock.advance(10)
    await stage.worker.care_once()
    await stage.aggregator.settle()
    assert set(stage.memory.at.values()) == {Position(3, 0)}
    assert [one.lag for one in stage.worker.health().values()] == [0] * PARTITIONS
