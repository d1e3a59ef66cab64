"""The log of everything that leaves: positions in it, and the records in which Kafka carries it.

A record says: these are all rows of this partition in (after, until]. See docs/decisions/0001 and 0002.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

PARTITIONS = 8


class Position(NamedTuple):
    """A place in the log: the transaction that wrote the row, and the row's number."""

    xid: int
    seq: int


START = Position(0, 0)
_LAST_SEQ = 2**63 - 1


def before_transaction(xid: int) -> Position:
    """After every row of the transactions below `xid`, before every other."""
    return Position(xid - 1, _LAST_SEQ) if xid > 0 else START


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row of the log; `payload` is JSON text."""

    position: Position
    shard: int
    tenant_id: UUID
    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class LogSlice:
    """All rows (of those asked for) in (after, until], in order."""

    rows: Sequence[LogRow]
    after: Position
    until: Position


def partition_of(shard: int) -> int:
    """The partition that carries the rows of a shard."""
    return shard % PARTITIONS


def encode_record(partition: int, after: Position, until: Position, rows: Iterable[LogRow]) -> bytes:
    """JSON: `tenants` is [[id, shard], ...], `rows` is [[xid, seq, place in tenants, event], ...]."""
    places: dict[tuple[UUID, int], int] = {}
    parts = []
    for row in rows:
        place = places.setdefault((row.tenant_id, row.shard), len(places))
        parts.append(f"[{row.position.xid},{row.position.seq},{place},{row.payload}]")
    tenants = ",".join(f'["{tenant}",{shard}]' for tenant, shard in places)
    return (
        f'{{"partition":{partition},"after":[{after.xid},{after.seq}],"until":[{until.xid},{until.seq}],'
        f'"tenants":[{tenants}],"rows":[{",".join(parts)}]}}'
    ).encode()


def split_records(piece: LogSlice, max_bytes: int) -> Iterator[LogSlice]:
    """The slice in parts that fit into records of `max_bytes`; a row that fits into none is left out, so that its
    reader finds a gap and reads the row from the log itself."""
    after, size = piece.after, 0
    rows: list[LogRow] = []
    for row in piece.rows:
        length = len(row.payload.encode()) + 100
        if rows and (size + length > max_bytes):
            yield LogSlice(rows, after, rows[-1].position)
            after, rows, size = rows[-1].position, [], 0
        if length > max_bytes:
            after = row.position
            continue
        rows.append(row)
        size += length
    yield LogSlice(rows, after, piece.until)
