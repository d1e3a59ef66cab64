"""What the streams room needs from others; cluster/adapters/streams.py provides it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from models.domain.errors import TidewireError
from models.domain.log import LogSlice, Position
from models.domain.metric_cells import Cell
from models.domain.metrics import CellKey, DimensionKey


class PositionMoved(TidewireError):
    """Another worker has moved this partition; nothing was written."""


class CellsMoved(TidewireError):
    """A cell is not as it was when it was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric of a tenant as PUT, and the transaction that wrote it."""

    tenant_id: UUID
    name: str
    definition: Mapping[str, Any]
    since: int


@dataclass(frozen=True, slots=True)
class Change:
    """A cell to be written. `known` is the count it was read with, 0 when it is new; a cell's count only grows.

    `same_uniques`: the stored uniques need not be written again.
    """

    key: CellKey
    cell: Cell
    known: int
    same_uniques: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A message for a live channel, written to the log; `payload` is JSON text."""

    tenant_id: UUID
    shard: int
    payload: str


class LogReader(Protocol):
    """The log as a table."""

    async def horizon(self) -> Position:
        """Up to here the log is final now."""

    async def events(self, partition: int, after: Position, until: Position, limit: int) -> LogSlice:
        """At most `limit` rows of topic events of a partition in (after, until]."""


class MetricTransaction(Protocol):
    """One transaction: all of it is committed, or nothing."""

    async def definitions(self, horizon: int) -> tuple[int, Sequence[Definition]]:
        """Definitions that transactions from `horizon` on wrote, and the horizon for the next time."""

    async def cells(self, keys: Sequence[CellKey]) -> Mapping[CellKey, Cell]:
        """Those that exist."""

    async def admit(
        self, values: Mapping[DimensionKey, Iterable[str]], at_most: int
    ) -> Mapping[DimensionKey, set[str]]:
        """Keeps dimension values apart, at most so many of each dimension; those that found no room."""

    async def apply(
        self, partition: int, expected: Position, to: Position, changes: Sequence[Change], told: Sequence[Told]
    ) -> None:
        """Writes cells, messages and the new position; PositionMoved or CellsMoved."""


class MetricStore(Protocol):
    """Metric points and the positions they reach."""

    async def positions(self) -> Mapping[int, tuple[Position, float]]:
        """Partition -> position, and seconds since it last moved."""

    async def settle(self, moves: Mapping[int, tuple[Position, Position]]) -> set[int]:
        """Moves partitions without events (expected, to); those that stood at `expected` and were moved."""

    def transaction(self) -> AbstractAsyncContextManager[MetricTransaction]:
        """Commits at the end of the block."""
