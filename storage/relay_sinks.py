"""The three sinks of the relay."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from models.domain.clock import Clock, SystemClock
from models.domain.errors import Unavailable
from models.domain.events import LIFECYCLE_PREFIX, RUN_TYPES
from models.domain.limits import Limits
from models.domain.log import PARTITIONS, START, LogRow, LogSlice, Position, encode_record, partition_of, split_records
from models.domain.push import runs_channel
from storage.kafka import LogProducer
from storage.outbox import Rows
from storage.postgres import Database
from storage.push_writer import Message, PushWriter
from storage.search import index_runs

_log = logging.getLogger("tidewire.relay")
_INDEXED = frozenset(
    f"{LIFECYCLE_PREFIX}workflow.{what}.v1" for what in ("started", "completed", "faulted", "cancelled")
)


class KafkaSink:
    """Accepted events and lifecycle events, in records that leave no gap within a partition."""

    name = "kafka"
    rows = Rows.EVENTS

    def __init__(
        self,
        producer: LogProducer,
        *,
        gather: float = 0.04,
        heartbeat: float = 1.0,
        limits: Limits = Limits(),  # noqa: B008
        clock: Clock = SystemClock(),  # noqa: B008
    ) -> None:
        self.gather = gather
        self._producer, self._heartbeat, self._limits, self._clock = producer, heartbeat, limits, clock
        # Up to where each partition was told, and when.
        self._told: list[Position] = []
        self._told_at = [float("-inf")] * PARTITIONS

    async def resume(self, cursor: Position, horizon: Position) -> Position:
        """The cursor: everything before was acknowledged."""
        self._told = [cursor] * PARTITIONS
        return cursor

    async def deliver(self, piece: LogSlice) -> Position:
        """Sends a record to each partition with rows, or that was not told anything for a second."""
        now = self._clock.monotonic()
        parts: list[list[LogRow]] = [[] for _ in range(PARTITIONS)]
        for row in piece.rows:
            parts[partition_of(row.shard)].append(row)
        due = [p for p in range(PARTITIONS) if parts[p] or now - self._told_at[p] >= self._heartbeat]
        records = [(p, record) for p in due for record in self._records(p, parts[p], piece.until)]
        if records:
            await self._producer.send(records)
        for partition in due:
            self._told[partition], self._told_at[partition] = piece.until, now
        return piece.until

    def _records(self, partition: int, rows: list[LogRow], until: Position) -> Iterable[bytes]:
        whole = LogSlice(rows, self._told[partition], until)
        for part in split_records(whole, self._limits.max_record_bytes):
            yield encode_record(partition, part.after, part.until, part.rows)

    async def close(self) -> None:
        """Closes the producer."""
        await self._producer.close()


class _Pushed(msgspec.Struct):
    """A row of topic push."""

    channel: str
    data: msgspec.Raw


class _Workflow(msgspec.Struct):
    namespace: str
    name: str
    version: str


class _RunData(msgspec.Struct):
    """Data of a lifecycle event, see models/domain/events.py."""

    run: str
    workflow: _Workflow
    status: str
    createdAt: str
    seq: int
    startedAt: str | None = None
    endedAt: str | None = None
    error: Any = None


class _Lifecycle(msgspec.Struct):
    type: str
    data: _RunData


class _Type(msgspec.Struct):
    type: str


_decode_pushed = msgspec.json.Decoder(_Pushed).decode
_decode_type = msgspec.json.Decoder(_Type).decode
_decode_lifecycle = msgspec.json.Decoder(_Lifecycle).decode
_encode = msgspec.json.encode


def lifecycle_of(row: LogRow) -> _Lifecycle | None:
    """The lifecycle event of a run in a row; None when the row is something else."""
    try:
        if row.topic != "events" or _decode_type(row.payload).type not in RUN_TYPES:
            return None
        return _decode_lifecycle(row.payload)
    except msgspec.DecodeError as error:
        _log.error("log row %s is not a lifecycle event: %s", row.position, error)
        return None


def message_of(row: LogRow) -> Message | None:
    """The publication that a row asks for; None when there is none."""
    if row.topic == "push":
        try:
            pushed = _decode_pushed(row.payload)
        except msgspec.DecodeError as error:
            _log.error("log row %s is no publication: %s", row.position, error)
            return None
        return Message(pushed.channel, bytes(pushed.data))
    event = lifecycle_of(row)
    return None if event is None else Message(runs_channel(row.tenant_id), _encode({"run": _run(event.data)}))


def _run(data: _RunData) -> dict[str, Any]:
    return {
        "id": data.run,
        "workflow": data.workflow,
        "status": data.status,
        "created_at": data.createdAt,
        "started_at": data.startedAt,
        "ended_at": data.endedAt,
        "error": data.error,
        "last_seq": data.seq,
    }


class PushSink:
    """Live channels. Redis keeps its own position, which counts more than the cursor."""

    name = "push"
    rows = Rows.PUSH
    gather = 0.0

    def __init__(self, writer: PushWriter) -> None:
        self._writer = writer
        # Where Redis stands; behind the loop's position while nothing comes for a channel.
        self._written = START

    async def resume(self, cursor: Position, horizon: Position) -> Position:
        """The position of Redis; the cursor when Redis was wiped, or is of another database and ahead of this one."""
        known = await self._writer.position()
        if known is not None and known > horizon:
            _log.warning("Redis was written from another database; its channels go on from here")
            await self._writer.forget_position()
            known = None
        self._written = cursor if known is None else known
        return self._written

    async def deliver(self, piece: LogSlice) -> Position:
        """Publishes; where Redis stands after it, which is elsewhere when another relay was faster."""
        messages = [message for row in piece.rows if (message := message_of(row)) is not None]
        if not messages:
            return piece.until
        self._written = await self._writer.publish(self._written, piece.until, messages)
        return self._written

    async def close(self) -> None:
        """Nothing of its own."""


class SearchSink:
    """The full-text index of runs: at their start (input) and at their end (all)."""

    name = "search"
    rows = Rows.LIFECYCLE
    gather = 0.1

    def __init__(self, database: Database, limits: Limits = Limits()) -> None:  # noqa: B008
        self._database, self._limits = database, limits

    async def resume(self, cursor: Position, horizon: Position) -> Position:
        """The cursor."""
        return cursor

    async def deliver(self, piece: LogSlice) -> Position:
        """Indexes; a run that PostgreSQL cannot index is left out and told in the log."""
        runs = []
        for row in piece.rows:
            event = lifecycle_of(row)
            if event is not None and event.type in _INDEXED:
                runs.append((row.tenant_id, UUID(event.data.run)))
        if runs:
            try:
                await self._index(runs)
            except Unavailable:
                raise
            except Exception:
                await self._index_one_by_one(runs)
        return piece.until

    async def _index(self, runs: list[tuple[UUID, UUID]]) -> None:
        async with self._database.unit_of_work() as conn:
            await index_runs(conn, runs, self._limits)

    async def _index_one_by_one(self, runs: list[tuple[UUID, UUID]]) -> None:
        for run in runs:
            try:
                await self._index([run])
            except Unavailable:
                raise
            except Exception:
                _log.exception("run %s of tenant %s cannot be found by its text", run[1], run[0])

    async def close(self) -> None:
        """Nothing of its own."""
