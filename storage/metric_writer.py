"""Writes metric points: cells and the position they reach, by compare-and-set, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from models.domain.log import Position
from models.domain.metric_cells import Cell
from models.domain.metric_sketches import pack_histogram, pack_uniques
from models.domain.metrics import CellKey, DimensionKey
from storage.metric_points import cell_of_row
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("metric_points")


@dataclass(frozen=True, slots=True)
class CellWrite:
    """A cell's new content. `known` is the count it was read with, 0 when it is new; `same_uniques` leaves them."""

    key: CellKey
    cell: Cell
    known: int
    same_uniques: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply met. Unless both are true the transaction must be rolled back."""

    moved: bool
    written: bool


async def positions(conn: ReadConn) -> dict[int, tuple[Position, float]]:
    """Partition -> position, and seconds since it moved."""
    return {
        row["partition"]: (Position(row["xid"], row["seq"]), row["age"]) for row in await conn.fetch(_SQL["positions"])
    }


async def settle(conn: WriteConn, moves: Mapping[int, tuple[Position, Position]]) -> set[int]:
    """Moves partitions (expected, to) without writing points; those that stood at `expected`."""
    rows = await conn.fetch(
        _SQL["settle"],
        list(moves),
        [str(expected.xid) for expected, _ in moves.values()],
        [expected.seq for expected, _ in moves.values()],
        [str(to.xid) for _, to in moves.values()],
        [to.seq for _, to in moves.values()],
    )
    return {row["partition"] for row in rows}


async def definitions_from(conn: ReadConn, horizon: int) -> tuple[int, list[Mapping[str, Any]]]:
    """Definitions (tenant_id, name, definition, since) that transactions from `horizon` on wrote; the next horizon."""
    rows = await conn.fetch(_SQL["definitions_from"], str(horizon))
    return rows[0]["horizon"], [row for row in rows if row["name"] is not None]


async def read_cells(conn: ReadConn, keys: Sequence[CellKey]) -> dict[CellKey, Cell]:
    """Those that exist."""
    rows = await conn.fetch(_SQL["cells"], *_key_columns(keys))
    return {keys[row["n"] - 1]: cell_of_row(row) for row in rows}


async def admit(
    conn: WriteConn, values: Mapping[DimensionKey, Iterable[str]], at_most: int
) -> dict[DimensionKey, set[str]]:
    """Keeps these values apart as far as each dimension has room; those that found none."""
    asked = [(*key, value) for key, some in values.items() for value in sorted(some)]
    rows = await conn.fetch(_SQL["admitted"], *_columns(asked, 4))
    old = {asked[row["n"] - 1] for row in rows}
    counts: dict[tuple[UUID, str, int], int] = {}
    for row in await conn.fetch(_SQL["count_values"], *_columns(list(values), 3)):
        counts[row["tenant_id"], row["metric"], row["place"]] = row["known"]
    new: list[tuple[UUID, str, int, str]] = []
    refused: dict[DimensionKey, set[str]] = {}
    for tenant, metric, place, value in asked:
        key = (tenant, metric, place)
        if (*key, value) in old:
            continue
        if counts.get(key, 0) < at_most:
            counts[key] = counts.get(key, 0) + 1
            new.append((*key, value))
        else:
            refused.setdefault(key, set()).add(value)
    if new:
        await conn.execute(_SQL["admit"], *_columns(new, 4))
    return refused


async def apply(
    conn: WriteConn,
    partition: int,
    expected: Position,
    to: Position,
    writes: Sequence[CellWrite],
    told: Sequence[tuple[UUID, int, str]],
) -> Applied:
    """Writes cells, push rows (tenant, shard, payload) and the position, in one statement."""
    cells = [write.cell for write in writes]
    row = await conn.fetchrow(
        _SQL["apply"],
        partition,
        str(expected.xid),
        expected.seq,
        str(to.xid),
        to.seq,
        *_key_columns([write.key for write in writes]),
        [write.known for write in writes],
        [cell.count for cell in cells],
        [Decimal(f"{cell.total}E-6") for cell in cells],
        [cell.low for cell in cells],
        [cell.high for cell in cells],
        [None if cell.histogram is None else pack_histogram(cell.histogram) for cell in cells],
        [_uniques(write) for write in writes],
        *_columns(told, 3),
    )
    return Applied(row["moved"] == 1, row["written"] == len(writes))


def _uniques(write: CellWrite) -> bytes | None:
    if write.cell.uniques is None or (write.same_uniques and write.known):
        return None
    return pack_uniques(write.cell.uniques)


def _key_columns(keys: Sequence[CellKey]) -> list[list[Any]]:
    return [
        [key.tenant for key in keys],
        [key.metric for key in keys],
        [key.step for key in keys],
        [datetime.fromtimestamp(key.start, UTC) for key in keys],
        [orjson.dumps(key.dimensions).decode() for key in keys],
    ]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]
