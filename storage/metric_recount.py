"""Counts a metric again from what happened, the events and the journal, to prove that the stream counted right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.domain.events import RESERVED_TYPES, RUN_TYPES, RunFacts, lifecycle_event
from models.domain.identity import TenantScope
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.metric_cells import Cell
from models.domain.metrics import STEPS, Fold, Metric, Plan, folded, rolled_up, values_of
from models.domain.task_events import task_events
from storage.metric_points import metric_named, read_cells
from storage.postgres import ReadConn
from storage.queries import load

_SQL = load("metric_points")
# Dimensions -> start in seconds since 1970 -> cell.
Cells = dict[tuple[str, ...], dict[int, Cell]]
_XIDS = 2**32


@dataclass(frozen=True, slots=True)
class _Occurrence:
    """An event as the stream saw it."""

    type: str
    source: str
    time: str
    data: Any


async def recount(
    conn: ReadConn,
    scope: TenantScope,
    metric: str,
    start: datetime,
    end: datetime,
    step: int,
    limits: Limits = Limits(),  # noqa: B008
) -> Cells:
    """The cells of windows of `step` seconds that begin in [start, end); see `recount_all`."""
    return (await recount_all(conn, scope, metric, start, end, limits))[step]


async def recount_all(
    conn: ReadConn,
    scope: TenantScope,
    metric: str,
    start: datetime,
    end: datetime,
    limits: Limits = Limits(),  # noqa: B008
) -> dict[int, Cells]:
    """The cells of windows that begin in [start, end), by the length of the window in seconds.

    Reads the whole span; a proof for tests and operators, not for requests. NotFound for an unknown metric.
    Transactions are told apart by 32 bits, so a definition must be younger than 2 billion transactions.
    """
    definition = await metric_named(conn, scope, metric)
    fold = Fold(scope.tenant_id, Plan([definition] if definition.since else ()), limits)
    last = datetime.fromtimestamp(end.timestamp() + STEPS[-1], UTC)
    for row in await conn.fetch(_SQL["recount_events"], scope.tenant_id, start, last):
        _add(fold, definition, row["xmin"], row["envelope"])
    for row in await conn.fetch(_SQL["recount_journal"], scope.tenant_id, start, last):
        if event := _lifecycle(row):
            _add(fold, definition, row["xmin"], event)
    if any(kind.startswith(RESERVED_TYPES) and kind not in RUN_TYPES for kind in definition.types or ()):
        for row in await conn.fetch(_SQL["recount_tasks"], scope.tenant_id, start, last):
            for event in task_events(_entry(row), _facts(row), row["tells_tasks"]):
                _add(fold, definition, row["xmin"], event)
    refused = await _refused(conn, scope, definition, fold, limits)
    cells: dict[int, Cells] = {step: {} for step in STEPS}
    for key, cell in rolled_up(folded(fold.deltas(), refused)).items():
        if key.metric == definition.key and start.timestamp() <= key.start < end.timestamp():
            cells[key.step].setdefault(key.dimensions, {})[key.start] = cell
    return cells


async def differences(
    conn: ReadConn,
    scope: TenantScope,
    metric: str,
    start: datetime,
    end: datetime,
    limits: Limits = Limits(),  # noqa: B008
) -> list[str]:
    """One sentence for each cell of any window length in which points and recount differ; empty when exact."""
    definition = await metric_named(conn, scope, metric)
    found = []
    for step, counted in (await recount_all(conn, scope, metric, start, end, limits)).items():
        stored = await read_cells(conn, scope, definition, start, end, step, definition.dimensions, limits)
        for dimensions in sorted({*stored, *counted}):
            have, want = stored.get(dimensions, {}), counted.get(dimensions, {})
            found += [
                f"{metric} step {step} {dimensions} at {at}: {have.get(at)} is not {want.get(at)}"
                for at in sorted({*have, *want})
                if have.get(at) != want.get(at)
            ]
    return found


def _add(fold: Fold, metric: Metric, xmin: int, envelope: Mapping[str, Any]) -> None:
    # The row's transaction is known by its lowest 32 bits; nearer than half of them is after.
    later = not metric.since or 0 < (xmin - metric.since) % _XIDS < _XIDS // 2
    event = _Occurrence(envelope["type"], envelope["source"], envelope["time"], envelope.get("data"))
    fold.add(event, metric.since + 1 if later else metric.since)


def _lifecycle(row: Mapping[str, Any]) -> dict[str, Any] | None:
    return lifecycle_event(_entry(row), _facts(row))


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(row["seq"], EntryType(row["type"]), row["at"], row.get("task", ""), data=row["data"])


def _facts(row: Mapping[str, Any]) -> RunFacts:
    return RunFacts(
        str(row["id"]), row["namespace"], row["name"], row["version"], row["created_at"], row["started_at"]
    )


async def _refused(
    conn: ReadConn, scope: TenantScope, metric: Metric, fold: Fold, limits: Limits
) -> dict[tuple[Any, str, int], set[str]]:
    """Values that found no room: those beside the kept ones of a dimension that is full."""
    kept: dict[int, set[str]] = {}
    for row in await conn.fetch(_SQL["dimension_values"], scope.tenant_id, metric.key):
        kept.setdefault(row["place"], set()).add(row["value"])
    refused = {}
    for key, values in values_of(fold.deltas()).items():
        known = kept.get(key[2], set()) if key[1] == metric.key else values
        if len(known) >= limits.max_dimension_values:
            refused[key] = values - known
    return refused
