"""Metric points: reading series, and writing deltas together with the position they reach, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context
from typing import Any

import orjson

from models.domain.errors import Fault, InvalidInput, LimitExceeded, NotFound
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from models.domain.metric_cells import Cell, shown
from models.domain.metric_sketches import unpack_histogram, unpack_uniques
from models.domain.metrics import BUILT_IN, Metric, group_by, metric_of
from storage.postgres import ReadConn
from storage.queries import load

_SQL = load("metric_points")
# Wide enough for numeric(38, 6), unlike the default of 28 digits.
_WIDE = Context(prec=60)
_ROWS_BETWEEN_PAUSES = 500


@dataclass(frozen=True, slots=True)
class PointSeries:
    """The points of one combination of dimension values, oldest first, as `Point` of the API (`start` a datetime)."""

    dimensions: Mapping[str, str]
    points: Sequence[Mapping[str, Any]]


async def read_series(
    conn: ReadConn,
    scope: TenantScope,
    metric: str,
    start: datetime,
    end: datetime,
    step: int,
    by: Sequence[str] = (),
    limits: Limits = Limits(),  # noqa: B008
) -> list[PointSeries]:
    """Windows of `step` seconds that begin in [start, end), merged over all dimensions but `by`.

    NotFound for an unknown metric, InvalidInput for an unknown dimension, LimitExceeded for too many cells.
    """
    definition = await metric_named(conn, scope, metric)
    cells = await read_cells(conn, scope, definition, start, end, step, by, limits)
    return [
        PointSeries(
            dict(zip(by, values, strict=True)),
            [{"start": datetime.fromtimestamp(at, UTC), **shown(points[at])} for at in sorted(points)],
        )
        for values, points in sorted(cells.items())
    ]


async def read_cells(
    conn: ReadConn,
    scope: TenantScope,
    metric: Metric,
    start: datetime,
    end: datetime,
    step: int,
    by: Sequence[str],
    limits: Limits,
) -> dict[tuple[str, ...], dict[int, Cell]]:
    """As `read_series`, with the cells themselves: dimensions -> start in seconds since 1970 -> cell."""
    places = places_of(metric, by)
    most = limits.max_metric_cells
    rows = await conn.fetch(_SQL["series"], scope.tenant_id, metric.key, step, start, end, most + 1)
    if len(rows) > most:
        raise LimitExceeded("max_metric_cells", most, pointer="/from")
    cells = []
    for number, row in enumerate(rows):
        cells.append((tuple(orjson.loads(row["dimensions"])), int(row["start"].timestamp()), cell_of_row(row)))
        if number % _ROWS_BETWEEN_PAUSES == 0:
            await asyncio.sleep(0)
    return group_by(cells, places)


async def metric_named(conn: ReadConn, scope: TenantScope, name: str) -> Metric:
    """The built-in metric or the tenant's own; NotFound when there is none."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    row = await conn.fetchrow(_SQL["definition"], scope.tenant_id, name)
    if row is None:
        raise NotFound(f"There is no metric {name}.")
    return metric_of(name, row["definition"], row["since"])


def places_of(metric: Metric, by: Sequence[str]) -> list[int]:
    """Where these dimensions stand; InvalidInput for one that the metric does not have."""
    known = ", ".join(metric.dimensions) or "it has none"
    faults = [
        Fault("/by", f"{name[:80]} is not a dimension of {metric.name}: {known}")
        for name in by
        if name not in metric.dimensions
    ]
    if len(set(by)) != len(by):
        faults.append(Fault("/by", "a dimension is named twice"))
    if faults:
        raise InvalidInput("The dimensions are not valid.", faults)
    return [metric.dimensions.index(name) for name in by]


def cell_of_row(row: Mapping[str, Any]) -> Cell:
    """The cell of a stored point."""
    histogram, uniques = row["histogram"], row["uniques"]
    return Cell(
        row["count"],
        int(_WIDE.scaleb(row["sum"], 6)),
        row["min"],
        row["max"],
        None if histogram is None else unpack_histogram(histogram),
        None if uniques is None else unpack_uniques(uniques),
    )
