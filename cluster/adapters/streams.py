"""Binds the ports of the streams room to storage, and gives the process `streams` its main loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from cluster.crash.watch import Unwatched, Watch
from models.domain.limits import Limits
from models.domain.log import LogSlice, Position
from models.domain.metric_cells import Cell
from models.domain.metrics import CellKey, DimensionKey
from storage import metric_writer, outbox
from storage.kafka import KafkaConfig, create_topic, quiet_client
from storage.postgres import Database, WriteConn
from streams.aggregate import Aggregator
from streams.ports import CellsMoved, Change, Definition, PositionMoved, Told
from streams.worker import Worker, WorkerConfig


def quiet_clients() -> None:
    """See quiet_client; Faust repeats what its client says."""
    quiet_client()
    for name in ("faust", "mode"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class StreamsDeps:
    """What a streams worker works with; the database is opened and closed by the caller, with 10 connections.

    Servers and topic of `worker` are those of `kafka`.
    """

    database: Database
    kafka: KafkaConfig
    worker: WorkerConfig
    limits: Limits = field(default_factory=Limits)
    watch: Watch = field(default_factory=Unwatched)


def build_worker(deps: StreamsDeps) -> Worker:
    """A worker over the tables."""
    watch = deps.watch
    log = watch.port("streams.log", TableLog(deps.database))
    store = watch.port("streams.store", PointStore(deps.database))
    aggregator = watch.port("streams.aggregator", Aggregator(log, store, deps.limits))
    config = replace(deps.worker, servers=deps.kafka.servers, topic=deps.kafka.topic)
    return Worker(aggregator, config, partial(create_topic, deps.kafka))


async def run_streams(deps: StreamsDeps, stop: asyncio.Event) -> None:
    """The process `streams`: until `stop`. Raises RunnerStuck when only a new process helps."""
    quiet_clients()
    await build_worker(deps).run(stop)


class TableLog:
    """The log as a table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def horizon(self) -> Position:
        """See streams/ports.py."""
        async with self._database.read() as conn:
            return (await outbox.ends(conn)).horizon

    async def events(self, partition: int, after: Position, until: Position, limit: int) -> LogSlice:
        """See streams/ports.py."""
        async with self._database.read() as conn:
            return await outbox.read(conn, outbox.Rows.EVENTS, after, until, limit, partition)


class PointStore:
    """Metric points in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def positions(self) -> Mapping[int, tuple[Position, float]]:
        """See streams/ports.py."""
        async with self._database.read() as conn:
            return await metric_writer.positions(conn)

    async def settle(self, moves: Mapping[int, tuple[Position, Position]]) -> set[int]:
        """See streams/ports.py."""
        async with self._database.unit_of_work() as conn:
            return await metric_writer.settle(conn, moves)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PointTransaction]:
        """See streams/ports.py."""
        async with self._database.unit_of_work() as conn:
            yield PointTransaction(conn)


class PointTransaction:
    """See MetricTransaction in streams/ports.py."""

    def __init__(self, conn: WriteConn) -> None:
        self._conn = conn

    async def definitions(self, horizon: int) -> tuple[int, Sequence[Definition]]:
        """Definitions from a horizon on."""
        after, rows = await metric_writer.definitions_from(self._conn, horizon)
        return after, [Definition(row["tenant_id"], row["name"], row["definition"], row["since"]) for row in rows]

    async def cells(self, keys: Sequence[CellKey]) -> Mapping[CellKey, Cell]:
        """Those that exist."""
        return await metric_writer.read_cells(self._conn, keys)

    async def admit(
        self, values: Mapping[DimensionKey, Iterable[str]], at_most: int
    ) -> Mapping[DimensionKey, set[str]]:
        """Values that found no room."""
        return await metric_writer.admit(self._conn, values, at_most)

    async def apply(
        self, partition: int, expected: Position, to: Position, changes: Sequence[Change], told: Sequence[Told]
    ) -> None:
        """Everything, or PositionMoved or CellsMoved."""
        writes = [metric_writer.CellWrite(one.key, one.cell, one.known, one.same_uniques) for one in changes]
        push = [(one.tenant_id, one.shard, one.payload) for one in told]
        applied = await metric_writer.apply(self._conn, partition, expected, to, writes, push)
        if not applied.moved:
            raise PositionMoved
        if not applied.written:
            raise CellsMoved
