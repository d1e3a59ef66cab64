"""Decodes Kafka records of the log; see models/domain/log.py."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from models.domain.log import LogRow, Position

_log = logging.getLogger("tidewire.streams")


class Envelope(msgspec.Struct, gc=False):
    """What metrics read of a CloudEvent; `data` is decoded when it is asked for."""

    type: str
    source: str
    time: str
    raw: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="data")

    @property
    def data(self) -> Any:
        """The event's data, None when it has none."""
        return _decode_data(self.raw)


class Row(msgspec.Struct, array_like=True, gc=False):
    """One event of a record; `place` tells its tenant."""

    xid: int
    seq: int
    place: int
    event: Envelope


class _RawRow(msgspec.Struct, array_like=True, gc=False):
    xid: int
    seq: int
    place: int
    event: msgspec.Raw


class _Record(msgspec.Struct):
    partition: int
    after: tuple[int, int]
    until: tuple[int, int]
    tenants: list[tuple[UUID, int]]


class _Fast(_Record):
    rows: list[Row]


class _Careful(_Record):
    rows: list[_RawRow]


_decode_data = msgspec.json.Decoder().decode
_decode_fast = msgspec.json.Decoder(_Fast).decode
_decode_careful = msgspec.json.Decoder(_Careful).decode
_decode_envelope = msgspec.json.Decoder(Envelope).decode


@dataclass(frozen=True, slots=True)
class Batch:
    """All events of a partition in (after, until], in order. `tenants` has ids and shards by place."""

    partition: int
    after: Position
    until: Position
    tenants: list[tuple[UUID, int]]
    rows: list[Row]


def decode_record(value: bytes) -> Batch | None:
    """The batch of a record; None when it is no record. An event that is none is left out and told."""
    try:
        record: _Fast | _Careful = _decode_fast(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            record = _decode_careful(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("a record of the log is not understood and was skipped: %s", error)
            return None
    if isinstance(record, _Fast):
        rows = record.rows
    else:
        rows = [row for raw in record.rows if (row := _row(raw.xid, raw.seq, raw.place, bytes(raw.event)))]
    return Batch(record.partition, Position(*record.after), Position(*record.until), record.tenants, rows)


def batch_of(partition: int, rows: Iterable[LogRow], after: Position, until: Position) -> Batch:
    """The batch of rows that were read from the log itself."""
    places: dict[tuple[UUID, int], int] = {}
    found = []
    for row in rows:
        place = places.setdefault((row.tenant_id, row.shard), len(places))
        if decoded := _row(row.position.xid, row.position.seq, place, row.payload.encode()):
            found.append(decoded)
    return Batch(partition, after, until, list(places), found)


def join(batches: Sequence[Batch], most_rows: int) -> list[Batch]:
    """The same batches of a partition, in fewer: one that begins where its predecessor ends is added to it."""
    joined: list[Batch] = []
    for batch in batches:
        last = joined[-1] if joined else None
        if last is None or batch.after != last.until or len(last.rows) + len(batch.rows) > most_rows:
            joined.append(batch)
            continue
        shift = len(last.tenants)
        for row in batch.rows:
            row.place += shift
        joined[-1] = Batch(
            last.partition, last.after, batch.until, last.tenants + batch.tenants, last.rows + batch.rows
        )
    return joined


def _row(xid: int, seq: int, place: int, event: bytes) -> Row | None:
    try:
        return Row(xid, seq, place, _decode_envelope(event))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.error("log row (%s, %s) is no event and counts in no metric: %s", xid, seq, error)
        return None
