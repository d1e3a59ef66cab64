"""Exact aggregation: records and gaps in, metric points and positions out, each batch in one transaction.

Kafka may lose, repeat or reorder records, and two workers may own a partition at once. None of it matters: the
position is kept with the result and moved by compare-and-set, and what a record does not tell is read from the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from models.domain.clock import Clock, SystemClock
from models.domain.limits import Limits
from models.domain.log import PARTITIONS, Position
from models.domain.metric_cells import Cell, merge
from models.domain.metrics import CellKey, Deltas, DimensionKey, Fold, folded, merged, rolled_up, values_of
from streams.caches import CellCache, Definitions, Vocabulary
from streams.ports import CellsMoved, Change, LogReader, MetricStore, MetricTransaction, PositionMoved
from streams.records import Batch, Row, batch_of
from streams.told import changed_points

_log = logging.getLogger("tidewire.streams")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class AggregatorConfig:
    """`gap_rows` are read from the log at once when a record is missing."""

    gap_rows: int = 5_000
    cached_cells: int = 4_096
    cached_values: int = 200_000


@dataclass(slots=True)
class Partition:
    """Where one partition stands. `covered` is at or after `stored`: between them there are no events.

    `heard_at`: when Kafka last had a record of it for this worker; `mine`: whether it ever had.
    """

    number: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    stored: Position | None = None
    covered: Position | None = None
    newest: Position | None = None
    heard_at: float | None = None
    mine: bool = False
    committed_at: float | None = None
    events: int = 0
    gaps: int = 0
    repeated: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class _Work:
    """What a batch changes, and what was asked about dimension values on the way."""

    changes: list[Change]
    asked: Mapping[DimensionKey, set[str]]
    refused: Mapping[DimensionKey, set[str]]


class Aggregator:
    """Folds the log into metric points. One for each worker process, on one event loop."""

    def __init__(
        self,
        log: LogReader,
        store: MetricStore,
        limits: Limits = Limits(),  # noqa: B008
        config: AggregatorConfig = AggregatorConfig(),
        clock: Clock = SystemClock(),  # noqa: B008
    ) -> None:
        self._source, self._store, self._limits, self._config, self._clock = log, store, limits, config, clock
        self.partitions = [Partition(number) for number in range(PARTITIONS)]
        self._definitions = Definitions(limits)
        self._cells = CellCache(config.cached_cells)
        self._vocabulary = Vocabulary(config.cached_values)

    def hear(self, batch: Batch) -> None:
        """Notes that Kafka has brought something of a partition."""
        part = self.partitions[batch.partition]
        part.heard_at, part.mine = self._clock.monotonic(), True
        part.newest = max(batch.until, part.newest or batch.until)

    async def take(self, batch: Batch) -> int:
        """Folds one batch and what is missing before it; how many events were new."""
        part = self.partitions[batch.partition]
        async with part.lock:
            return await self._retrying(part, batch)

    async def catch_up(self, partition: int) -> int:
        """Folds everything final of a partition from the log itself; how many events were new."""
        part = self.partitions[partition]
        async with part.lock:
            horizon = await self._source.horizon()
            part.newest = max(horizon, part.newest or horizon)
            return await self._retrying(part, Batch(partition, horizon, horizon, [], []))

    async def ages(self) -> Mapping[int, float]:
        """Partition -> seconds since its position moved, by whichever worker."""
        return {number: age for number, (_, age) in (await self._store.positions()).items()}

    async def settle(self) -> None:
        """Stores how far partitions without events have come, so that others see it and the log can be trimmed."""
        async with AsyncExitStack() as locks:
            moves = {}
            for part in self.partitions:
                if part.stored is not None and part.covered is not None and part.covered > part.stored:
                    await locks.enter_async_context(part.lock)
                    if part.stored is not None and part.covered > part.stored:
                        moves[part.number] = (part.stored, part.covered)
            if moves:
                settled = await self._store.settle(moves)
                for number, (_, covered) in moves.items():
                    self.partitions[number].stored = covered if number in settled else None

    async def _retrying(self, part: Partition, batch: Batch) -> int:
        events = 0
        for left in reversed(range(_TRIES)):
            try:
                if part.stored is None or part.covered is None:
                    await self._load(part)
                events += await self._advance(part, batch)
                return events
            except (PositionMoved, CellsMoved):
                part.conflicts += 1
                part.stored = None
                self._cells.clear()
                if not left:
                    raise
        return events

    async def _load(self, part: Partition) -> None:
        positions = await self._store.positions()
        part.stored = part.covered = positions[part.number][0]

    async def _advance(self, part: Partition, batch: Batch) -> int:
        events = 0
        while batch.after > _known(part.covered):
            piece = await self._source.events(part.number, _known(part.covered), batch.after, self._config.gap_rows)
            part.gaps += bool(piece.rows)
            events += await self._fold(part, batch_of(part.number, piece.rows, piece.after, piece.until))
        if batch.until <= _known(part.covered):
            part.repeated += bool(batch.rows)
            return events
        return events + await self._fold(part, batch)

    async def _fold(self, part: Partition, batch: Batch) -> int:
        """Applies the rows of the batch after `covered`; the batch begins at or before it."""
        covered = _known(part.covered)
        rows = batch.rows
        if batch.after < covered:
            rows = [row for row in rows if (row.xid, row.seq) > covered]
        if rows:
            async with self._store.transaction() as transaction:
                work = await self._work(transaction, batch, rows)
                told = changed_points(work.changes, self._definitions, dict(batch.tenants))
                await transaction.apply(part.number, _known(part.stored), batch.until, work.changes, told)
            self._cells.keep(work.changes)
            self._vocabulary.learn(work.asked, work.refused)
            part.stored = batch.until
            part.committed_at = self._clock.monotonic()
            part.events += len(rows)
        part.covered = batch.until
        return len(rows)

    async def _work(self, transaction: MetricTransaction, batch: Batch, rows: Sequence[Row]) -> _Work:
        await self._definitions.refresh(transaction)
        plan = self._definitions.plan
        folds = {tenant: Fold(tenant, plan(tenant), self._limits) for tenant, _ in batch.tenants}
        add = [folds[tenant].add for tenant, _ in batch.tenants]
        for row in rows:
            add[row.place](row.event, row.xid)
        deltas = merged(fold.deltas() for fold in folds.values())
        asked = self._vocabulary.unknown(values_of(deltas))
        refused = await transaction.admit(asked, self._limits.max_dimension_values) if asked else {}
        rolled = rolled_up(folded(deltas, self._vocabulary.refused(refused)))
        known = await self._known_cells(transaction, rolled)
        return _Work([_change(key, delta, known.get(key)) for key, delta in rolled.items()], asked, refused)

    async def _known_cells(self, transaction: MetricTransaction, deltas: Deltas) -> Mapping[CellKey, Cell]:
        known = self._cells.known(deltas)
        missing = [key for key in deltas if key not in known]
        if missing:
            known.update(await transaction.cells(missing))
        return known


def _known(position: Position | None) -> Position:
    assert position is not None
    return position


def _change(key: CellKey, delta: Cell, stored: Cell | None) -> Change:
    if stored is None:
        return Change(key, delta, 0)
    whole = merge(stored, delta)
    return Change(key, whole, stored.count, whole.uniques is stored.uniques)
