"""A cell: everything a metric knows about one window and one combination of dimension values.

Each part is a commutative, associative function of the multiset of events (docs/decisions/0003), so cells made in any
order and from any split of the same events have the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.metric_sketches import (
    Histogram,
    Uniques,
    bucket_of,
    estimate_uniques,
    merge_histograms,
    merge_uniques,
    percentiles,
    uniques_of,
)

MILLION = 1_000_000
_SHOWN_PERCENTS = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class Cell:
    """`total` is the sum in whole millionths. Without a value `histogram`, `low` and `high` are None; without a unique
    pointer `uniques` is None."""

    count: int
    total: int = 0
    low: float | None = None
    high: float | None = None
    histogram: Histogram | None = None
    uniques: Uniques | None = None


def cell_of(count: int, values: Sequence[int | float] | None, uniques: Iterable[str] | None) -> Cell:
    """The cell of `count` events; `values` are their values, all finite, `uniques` what to count once each."""
    hashes = None if uniques is None else uniques_of(uniques)
    if values is None:
        return Cell(count, uniques=hashes)
    different = Counter(values)
    histogram: dict[int, int] = {}
    total = 0
    for value, times in different.items():
        bucket = bucket_of(value)
        histogram[bucket] = histogram.get(bucket, 0) + times
        total += millionths(value) * times
    # Adding 0.0 turns -0.0, which equals 0.0 but has other bytes, into 0.0.
    return Cell(count, total, min(different) + 0.0, max(different) + 0.0, histogram, hashes)


def millionths(value: int | float) -> int:
    """The value in whole millionths; the same for 2 and 2.0."""
    return round(value * MILLION)


def merge(one: Cell, other: Cell) -> Cell:
    """The cell of the events of both."""
    histogram = one.histogram
    if histogram is None or other.histogram is None:
        histogram = histogram if other.histogram is None else other.histogram
    else:
        histogram = merge_histograms(histogram, other.histogram)
    uniques = one.uniques
    if uniques is None or other.uniques is None:
        uniques = uniques if other.uniques is None else other.uniques
    else:
        uniques = merge_uniques(uniques, other.uniques)
    return Cell(
        one.count + other.count,
        one.total + other.total,
        _outer(min, one.low, other.low),
        _outer(max, one.high, other.high),
        histogram,
        uniques,
    )


def _outer(choose: Any, one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return float(choose(one, other))


def shown(cell: Cell) -> dict[str, Any]:
    """As a Point of the API without its start: counts, and values in the unit of the metric."""
    point: dict[str, Any] = {
        "count": cell.count,
        "sum": cell.total / MILLION,
        "min": cell.low,
        "max": cell.high,
        "avg": None,
        "p50": None,
        "p90": None,
        "p99": None,
        "uniques": None if cell.uniques is None else estimate_uniques(cell.uniques),
    }
    if cell.histogram and cell.low is not None and cell.high is not None:
        point["avg"] = cell.total / (MILLION * cell.count)
        for percent, value in zip(_SHOWN_PERCENTS, percentiles(cell.histogram, _SHOWN_PERCENTS), strict=True):
            point[f"p{percent}"] = min(max(value, cell.low), cell.high)
    return point
