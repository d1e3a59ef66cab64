"""Reads the log: rows whose transactions have all ended, in an order in which none can appear behind a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.domain.log import LogRow, LogSlice, Position, before_transaction
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("outbox")


class Rows(StrEnum):
    """Which rows a reader wants."""

    ALL = "read"
    EVENTS = "read_events"
    PUSH = "read_push"
    LIFECYCLE = "read_lifecycle"


@dataclass(frozen=True, slots=True)
class Ends:
    """`horizon`: up to here the log is final. `newest`: the last final row, or None when the log is empty."""

    horizon: Position
    newest: Position | None


async def ends(conn: ReadConn) -> Ends:
    """Where the final part of the log ends now."""
    row = await conn.fetchrow(_SQL["ends"])
    newest = None if row["xid"] is None else Position(row["xid"], row["seq"])
    return Ends(before_transaction(row["horizon"]), newest)


async def read(
    conn: ReadConn, rows: Rows, after: Position, until: Position, limit: int, partition: int | None = None
) -> LogSlice:
    """At most `limit` rows in (after, until]; the slice ends at its last row when there are more.

    `until` must be final (a horizon, or a position read before). `partition` narrows EVENTS only.
    """
    place: list[Any] = [str(after.xid), after.seq, str(until.xid), until.seq, limit]
    if rows is Rows.EVENTS:
        place.append(partition)
    found = [
        LogRow(Position(row["xid"], row["seq"]), row["shard"], row["tenant_id"], row["topic"], row["payload"])
        for row in await conn.fetch(_SQL[rows.value], *place)
    ]
    return LogSlice(found, after, found[-1].position if len(found) == limit else until)


async def cursors(conn: ReadConn) -> Mapping[str, Position]:
    """Sink -> the position up to which it has everything."""
    return {row["sink"]: Position(row["xid"], row["seq"]) for row in await conn.fetch(_SQL["cursors"])}


async def move_cursor(conn: WriteConn, sink: str, to: Position) -> None:
    """Never moves back."""
    await conn.execute(_SQL["move_cursor"], sink, str(to.xid), to.seq)


async def trim(conn: WriteConn, keep_transactions: int, limit: int) -> int:
    """Deletes at most `limit` rows that every reader has passed, but none of the last `keep_transactions`."""
    return int((await conn.execute(_SQL["trim"], keep_transactions, limit)).rpartition(" ")[2])
