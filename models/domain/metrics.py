"""Metrics: what is counted, in which windows, and how events become deltas.

An event belongs to the window of its `time`. A metric with a value counts the events that have a number there; one
without counts every event of its type. All of this is pure, so the same functions serve the stream and the recount.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from models.domain.events import LIFECYCLE_PREFIX, RESERVED_TYPES, parse_time
from models.domain.limits import Limits
from models.domain.metric_cells import Cell, cell_of, merge
from models.domain.metric_values import Reader, at_pointer, cut_text, number_reader, text_reader

STEPS = (10, 60, 3600)
OTHER = "other"
_RUN_ENDS = tuple(f"{LIFECYCLE_PREFIX}workflow.{how}.v1" for how in ("completed", "faulted", "cancelled"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_KNOWN_TYPES = 10_000


class Event(Protocol):
    """What a metric looks at in a CloudEvent; `data` may be decoded when it is asked for."""

    @property
    def type(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def time(self) -> str: ...

    @property
    def data(self) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A definition. `since` is the transaction that made it: a tenant's metric counts later events only."""

    name: str
    types: tuple[str, ...] | None
    dimensions: tuple[str, ...]
    readers: tuple[Reader, ...]
    value: Reader | None = None
    unique: Reader | None = None
    since: int = 0

    @property
    def key(self) -> str:
        """The name of its cells: a changed definition begins anew, under another key."""
        return f"{self.name}@{self.since}" if self.since else self.name


class CellKey(NamedTuple):
    """Names a cell; `start` in seconds since 1970, a multiple of `step`."""

    tenant: UUID
    metric: str
    step: int
    start: int
    dimensions: tuple[str, ...]


Deltas = dict[CellKey, Cell]


def _workflow(event: Event, data: Any) -> str:
    namespace, name = at_pointer(("workflow", "namespace"), data), at_pointer(("workflow", "name"), data)
    return f"{namespace}/{name}"


EVENTS = Metric("events", None, ("type", "source"), ())
RUNS = Metric(
    "runs",
    _RUN_ENDS,
    ("workflow", "status"),
    (_workflow, text_reader("/status")),
    value=number_reader("/durationMs", Limits().max_metric_value),
)
BUILT_IN: Mapping[str, Metric] = {metric.name: metric for metric in (EVENTS, RUNS)}


def metric_of(name: str, definition: Mapping[str, Any], since: int, limits: Limits = Limits()) -> Metric:  # noqa: B008
    """A tenant's definition: `type`, `value`, `dimensions`, `unique` as PUT; pointers go into the event's data."""
    dimensions = definition.get("dimensions") or ()
    value, unique = definition.get("value"), definition.get("unique")
    return Metric(
        name,
        (definition["type"],),
        tuple(dimension["name"] for dimension in dimensions),
        tuple(text_reader(dimension["pointer"]) for dimension in dimensions),
        None if value is None else number_reader(value, limits.max_metric_value),
        None if unique is None else text_reader(unique),
        since,
    )


def window_start(at: datetime, step: int) -> int:
    """Where the window of `at` begins, in seconds since 1970."""
    seconds = (at - _EPOCH).days * 86_400 + (at - _EPOCH).seconds
    return seconds - seconds % step


class Windows:
    """Windows of 10 s by the `time` of an event; remembers the windows of canonical times, which come in crowds."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def start(self, time: str) -> int | None:
        """None when `time` is not a time: such an event is in no window."""
        if time.endswith("Z") and time[10:11] == "T":
            # All times with these 18 characters (2026-11-24T10:15:3) are in one window.
            prefix = time[:18]
            found = self._known.get(prefix)
            if found is None and (found := _start(time)) is not None and len(time) >= 20:
                self._known[prefix] = found
            return found
        return _start(time)


def _start(time: str) -> int | None:
    try:
        return window_start(parse_time(time), STEPS[0])
    except (ValueError, TypeError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Touched:
    """What an event of some type counts in: the built-in metric of all events, and others."""

    counted: bool
    metrics: tuple[Metric, ...]


class Plan:
    """The metrics of one tenant by the event types that touch them."""

    def __init__(self, own: Iterable[Metric] = ()) -> None:
        self._own: dict[str, list[Metric]] = {}
        for metric in chain((RUNS,), own):
            for kind in metric.types or ():
                self._own.setdefault(kind, []).append(metric)
        self._touched: dict[str, Touched] = {}

    def touched(self, kind: str) -> Touched:
        """The metrics of a type."""
        found = self._touched.get(kind)
        if found is None:
            found = Touched(not kind.startswith(RESERVED_TYPES), tuple(self._own.get(kind, ())))
            if len(self._touched) < _MAX_KNOWN_TYPES:
                self._touched[kind] = found
        return found


class _Group:
    """Events of one cell-to-be."""

    __slots__ = ("count", "uniques", "values")

    def __init__(self) -> None:
        self.count = 0
        self.values: list[int | float] = []
        self.uniques: set[str] = set()


class Fold:
    """Collects events of one tenant, then tells the deltas they make. For one batch of one reader."""

    def __init__(
        self,
        tenant: UUID,
        plan: Plan,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self._tenant, self._plan, self._limits = tenant, plan, limits
        self._windows = Windows()
        # The built-in metric of all events is only counted, and by far the most frequent: it has its own way.
        self._counts: dict[tuple[int, str, str], int] = {}
        self._groups: dict[tuple[Metric, int, tuple[str, ...]], _Group] = {}

    def add(self, event: Event, transaction: int) -> None:
        """Counts an event that was written to the log by `transaction`."""
        kind = event.type
        start = self._windows.start(event.time)
        if start is None:
            return
        touched = self._plan.touched(kind)
        if touched.counted:
            place = (start, kind, event.source)
            self._counts[place] = self._counts.get(place, 0) + 1
        if not touched.metrics:
            return
        data = event.data
        for metric in touched.metrics:
            if transaction > metric.since:
                self._collect(metric, start, event, data)

    def _collect(self, metric: Metric, start: int, event: Event, data: Any) -> None:
        value = None
        if metric.value is not None:
            value = metric.value(event, data)
            if value is None:
                return
        key = (metric, start, tuple([read(event, data) or "" for read in metric.readers]))
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group()
        group.count += 1
        if value is not None:
            group.values.append(value)
        if metric.unique is not None and (unique := metric.unique(event, data)) is not None:
            group.uniques.add(unique)

    def deltas(self) -> Deltas:
        """Cells of 10 s; see `rolled_up` for the longer windows."""
        deltas: Deltas = {}
        for (start, kind, source), count in self._counts.items():
            _put(deltas, self._key(EVENTS, start, (kind, source)), Cell(count))
        for (metric, start, raw), group in self._groups.items():
            cell = cell_of(
                group.count,
                None if metric.value is None else group.values,
                None if metric.unique is None else group.uniques,
            )
            _put(deltas, self._key(metric, start, raw), cell)
        return deltas

    def _key(self, metric: Metric, start: int, raw: Iterable[str]) -> CellKey:
        longest = self._limits.max_dimension_bytes
        return CellKey(self._tenant, metric.key, STEPS[0], start, tuple([cut_text(value, longest) for value in raw]))


def facts_of(
    tenant: UUID,
    event: Event,
    metrics: Iterable[Metric] = (),
    transaction: int = 1,
    limits: Limits = Limits(),  # noqa: B008
) -> Deltas:
    """The deltas of one event, for all windows."""
    fold = Fold(tenant, Plan(metrics), limits)
    fold.add(event, transaction)
    return rolled_up(fold.deltas())


def rolled_up(deltas: Mapping[CellKey, Cell]) -> Deltas:
    """Cells of 10 s together with the cells of the longer windows they add up to."""
    rolled: Deltas = dict(deltas)
    shorter: Mapping[CellKey, Cell] = deltas
    for step in STEPS[1:]:
        longer: Deltas = {}
        for key, cell in shorter.items():
            _put(longer, key._replace(step=step, start=key.start - key.start % step), cell)
        rolled.update(longer)
        shorter = longer
    return rolled


def merged(parts: Iterable[Mapping[CellKey, Cell]]) -> Deltas:
    """Deltas of several batches as if it had been one."""
    together: Deltas = {}
    for key, cell in chain.from_iterable(part.items() for part in parts):
        _put(together, key, cell)
    return together


def _put(deltas: Deltas, key: CellKey, cell: Cell) -> None:
    known = deltas.get(key)
    deltas[key] = cell if known is None else merge(known, cell)


# A dimension of a metric: tenant, metric key, place among the dimensions.
DimensionKey = tuple[UUID, str, int]


def values_of(deltas: Iterable[CellKey]) -> dict[DimensionKey, set[str]]:
    """The dimension values that occur."""
    found: dict[DimensionKey, set[str]] = {}
    for key in deltas:
        for place, value in enumerate(key.dimensions):
            found.setdefault((key.tenant, key.metric, place), set()).add(value)
    return found


def folded(deltas: Mapping[CellKey, Cell], refused: Mapping[DimensionKey, set[str]]) -> Deltas:
    """Deltas in which each refused dimension value reads `other`: a dimension has met its limit of values."""
    if not any(refused.values()):
        return dict(deltas)
    changed: Deltas = {}
    for key, cell in deltas.items():
        dimensions = tuple(
            OTHER if value in refused.get((key.tenant, key.metric, place), ()) else value
            for place, value in enumerate(key.dimensions)
        )
        _put(changed, key._replace(dimensions=dimensions), cell)
    return changed


def group_by(
    cells: Iterable[tuple[tuple[str, ...], int, Cell]], places: Sequence[int]
) -> dict[tuple[str, ...], dict[int, Cell]]:
    """(dimensions, start, cell) merged over all dimensions but those at `places`: dimensions -> start -> cell."""
    groups: dict[tuple[str, ...], dict[int, Cell]] = {}
    for dimensions, start, cell in cells:
        points = groups.setdefault(tuple(dimensions[place] for place in places), {})
        known = points.get(start)
        points[start] = cell if known is None else merge(known, cell)
    return groups
