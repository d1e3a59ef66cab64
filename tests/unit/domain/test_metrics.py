"""The aggregates are functions of the multiset of events: order, split and repetition of merges do not matter."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import metric_sketches as sketches
from models.domain.limits import Limits
from models.domain.metric_cells import Cell, cell_of, merge, shown
from models.domain.metrics import (
    STEPS,
    CellKey,
    Deltas,
    Fold,
    Metric,
    Plan,
    facts_of,
    folded,
    merged,
    metric_of,
    rolled_up,
    values_of,
    window_start,
)

TENANT = UUID(int=7)
DEFINITION = {
    "type": "flight",
    "value": "/delay",
    "dimensions": [{"name": "airport", "pointer": "/origin"}, {"name": "gate", "pointer": "/gates/0"}],
    "unique": "/tail",
}
DELAYS = metric_of("delays", DEFINITION, since=1)


@dataclass(frozen=True)
class Occurrence:
    type: str
    source: str
    time: str
    data: Any


numbers = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(-1e9, 1e9, allow_nan=False),
    st.sampled_from([0, 0.0, -0.0, 1e-9, 5e-7, 1e15, -1e15, 2, 2.0]),
)
events = st.builds(
    Occurrence,
    st.sampled_from(["flight", "other"]),
    st.sampled_from(["a", "b"]),
    st.integers(0, 7_300).map(lambda s: f"2026-01-01T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.5Z"),
    st.fixed_dictionaries(
        {"delay": st.one_of(numbers, st.none(), st.just("7"), st.booleans(), st.just(1e16))},
        optional={
            "origin": st.one_of(st.sampled_from(["JFK", "é" * 200, "nul\0"]), st.integers(0, 2), st.just(True)),
            "gates": st.lists(st.sampled_from(["1", "2"]), max_size=2),
            "tail": st.text(max_size=3),
        },
    ),
)


def packed(deltas: Deltas) -> list[Any]:
    """Every byte of the deltas."""
    return sorted(
        (
            key,
            cell.count,
            cell.total,
            repr((cell.low, cell.high)),
            None if cell.histogram is None else sketches.pack_histogram(cell.histogram),
            None if cell.uniques is None else sketches.pack_uniques(cell.uniques),
        )
        for key, cell in deltas.items()
    )


def fold(batch: Sequence[Occurrence], metrics: Sequence[Metric] = (DELAYS,)) -> Deltas:
    counted = Fold(TENANT, Plan(metrics))
    for event in batch:
        counted.add(event, 2)
    return rolled_up(counted.deltas())


@given(st.lists(events, max_size=40), st.randoms(use_true_random=False))
def test_any_order_and_any_split_give_the_same_bytes(batch: list[Occurrence], chance: random.Random) -> None:
    expected = packed(fold(batch))
    chance.shuffle(batch)
    parts: list[Deltas] = []
    while batch:
        size = chance.randint(1, len(batch))
        parts.append(fold(batch[:size]))
        batch = batch[size:]
    chance.shuffle(parts)
    while len(parts) > 1:
        parts.append(merged([parts.pop(chance.randrange(len(parts))), parts.pop(chance.randrange(len(parts)))]))
    assert packed(parts[0] if parts else {}) == expected


@given(st.lists(events, max_size=15))
def test_a_batch_is_the_sum_of_its_events(batch: list[Occurrence]) -> None:
    single = merged(facts_of(TENANT, event, [DELAYS], 2) for event in batch)
    assert packed(single) == packed(fold(batch))


@given(st.lists(events, max_size=30))
def test_count_sum_and_extremes_are_exact(batch: list[Occurrence]) -> None:
    deltas = fold(batch)
    kept = [e.data["delay"] for e in batch if e.type == "flight" and type(e.data["delay"]) in (int, float)]
    kept = [value for value in kept if abs(value) <= Limits().max_metric_value]
    for step in STEPS:
        cells = [cell for key, cell in deltas.items() if key.metric == "delays@1" and key.step == step]
        assert sum(cell.count for cell in cells) == len(kept)
        assert sum(cell.total for cell in cells) == sum(round(value * 1_000_000) for value in kept)
        if kept:
            assert min(cell.low for cell in cells if cell.low is not None) == min(kept)
            assert max(cell.high for cell in cells if cell.high is not None) == max(kept)
        counted = [cell.count for key, cell in deltas.items() if key.metric == "events" and key.step == step]
        assert sum(counted) == len(batch)


@given(st.lists(numbers, min_size=1, max_size=300))
def test_percentiles_are_within_one_percent(values: list[float]) -> None:
    point = shown(cell_of(len(values), values, None))
    ordered = sorted(values)
    for percent in (50, 90, 99):
        exact = ordered[max(1, math.ceil(len(values) * percent / 100)) - 1]
        assert math.isclose(point[f"p{percent}"], exact, rel_tol=0.01, abs_tol=sketches.SMALLEST)


@given(st.floats(5e-7, 1e15))
def test_a_bucket_stands_for_its_values(value: float) -> None:
    bucket = sketches.bucket_of(value)
    assert 0 < bucket < 2**15
    assert math.isclose(sketches.middle_of(bucket), value, rel_tol=0.01)
    assert sketches.bucket_of(-value) == -bucket
    assert sketches.middle_of(-bucket) == -sketches.middle_of(bucket)
    assert sketches.bucket_of(value * 1.03) > bucket


@given(st.dictionaries(st.integers(-3000, 3000), st.sampled_from([1, 255, 256, 65_536, 2**40]), max_size=50))
def test_a_histogram_survives_its_bytes(histogram: dict[int, int]) -> None:
    assert sketches.unpack_histogram(sketches.pack_histogram(histogram)) == histogram


@pytest.mark.parametrize("wrong", [b"\x03abc", b"\x01\x01", b"\xff"])
def test_other_bytes_are_no_histogram(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a histogram"):
        sketches.unpack_histogram(wrong)


@pytest.mark.parametrize("many", [0, 1, 1_023, 1_024])
def test_uniques_are_exact_below_their_limit(many: int) -> None:
    seen = sketches.uniques_of(f"v{n % many}" for n in range(3 * many) if many)
    expected = many if many < sketches.KEPT_HASHES else pytest.approx(many, rel=0.15)
    assert sketches.estimate_uniques(seen) == expected
    assert sketches.unpack_uniques(sketches.pack_uniques(seen)) == seen


def test_many_uniques_are_within_ten_percent_and_do_not_depend_on_order() -> None:
    texts = [f"plane-{n}" for n in range(50_000)]
    whole = sketches.uniques_of(texts)
    assert sketches.estimate_uniques(whole) == pytest.approx(50_000, rel=0.1)
    random.Random(1).shuffle(texts)
    parts = [sketches.uniques_of(texts[n : n + 700]) for n in range(0, 50_000, 700)]
    together = parts[0]
    for part in parts[1:]:
        together = sketches.merge_uniques(together, part)
    assert together == whole
    assert sketches.merge_uniques(whole, parts[3]) is whole


def test_a_window_is_that_of_the_events_time() -> None:
    at = datetime(2026, 1, 1, 10, 59, 59, 999_999, UTC)
    assert [window_start(at, step) % step for step in STEPS] == [0, 0, 0]
    assert window_start(at, 3600) == int(datetime(2026, 1, 1, 10, tzinfo=UTC).timestamp())
    assert window_start(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), 10) == -10


@pytest.mark.parametrize(
    ("time", "start"),
    [
        ("2026-01-01T10:00:09.999999Z", "2026-01-01T10:00:00+00:00"),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00+00:00"),
        ("2026-01-01T10:00:07-00:30", "2026-01-01T10:30:00+00:00"),
        ("20260101T100007Z", "2026-01-01T10:00:00+00:00"),
        ("2026-01-01 10:00:07Z", "2026-01-01T10:00:00+00:00"),
    ],
)
def test_every_form_of_a_time_has_the_same_window(time: str, start: str) -> None:
    counted = Fold(TENANT, Plan())
    for text in ("2026-01-01T10:00:01Z", time, time):
        counted.add(Occurrence("t", "s", text, {}), 1)
    expected = int(datetime.fromisoformat(start).timestamp())
    assert {key.start for key in counted.deltas()} - {1_767_261_600} == {expected} - {1_767_261_600}


@pytest.mark.parametrize("time", ["", "yesterday", "2026-01-01T10:00:00", "0001-01-01T00:00:00+05:00"])
def test_an_event_without_a_time_is_in_no_window(time: str) -> None:
    assert facts_of(TENANT, Occurrence("t", "s", time, {})) == {}


def test_dimensions_are_texts_of_limited_size() -> None:
    data = {"delay": 1, "origin": "é" * 200, "gates": [{"b": 1, "a": [True]}]}
    (key,) = {key for key in fold([Occurrence("flight", "s", "2026-01-01T00:00:00Z", data)]) if "delays" in key.metric
              and key.step == 10}  # fmt: skip
    assert key.dimensions == ("é" * 128, '{"a":[true],"b":1}')
    nul = Occurrence("flight", "s", "2026-01-01T00:00:00Z", {"delay": 1, "origin": "a\0b\ud800"})
    assert ("a\N{REPLACEMENT CHARACTER}b?", "") in {key.dimensions for key in fold([nul])}


def test_a_metric_counts_only_what_came_after_its_definition() -> None:
    event = Occurrence("flight", "s", "2026-01-01T00:00:00Z", {"delay": 1})
    keys = [{key.metric for key in facts_of(TENANT, event, [DELAYS], xid)} for xid in (1, 2)]
    assert keys == [{"events"}, {"events", "delays@1"}]


def test_lifecycle_events_count_as_runs_and_not_as_events() -> None:
    data = {"workflow": {"namespace": "demo", "name": "hello"}, "status": "completed", "durationMs": 12.5}
    ended = Occurrence("io.serverlessworkflow.workflow.completed.v1", "tidewire", "2026-01-01T00:00:00Z", data)
    started = Occurrence("io.serverlessworkflow.workflow.started.v1", "tidewire", "2026-01-01T00:00:00Z", data)
    assert facts_of(TENANT, started) == {}
    deltas = facts_of(TENANT, ended)
    assert {(key.metric, key.step, key.dimensions) for key in deltas} == {
        ("runs", step, ("demo/hello", "completed")) for step in STEPS
    }
    assert {shown(cell)["avg"] for cell in deltas.values()} == {12.5}


def test_values_over_the_limit_are_folded_into_other() -> None:
    keys = [CellKey(TENANT, "m", 10, 0, (a, b)) for a in ("x", "y", "z") for b in ("1", "2")]
    deltas = {key: Cell(1) for key in keys}
    assert values_of(deltas) == {(TENANT, "m", 0): {"x", "y", "z"}, (TENANT, "m", 1): {"1", "2"}}
    after = folded(deltas, {(TENANT, "m", 0): {"y", "z"}})
    assert {key.dimensions: cell.count for key, cell in after.items()} == {
        ("x", "1"): 1, ("x", "2"): 1, ("other", "1"): 2, ("other", "2"): 2,
    }  # fmt: skip


def test_what_is_shown() -> None:
    point = shown(merge(cell_of(2, [1, 2.5], ["a", "b"]), cell_of(2, [-4, 0], ["b"])))
    assert point == {
        "count": 4, "sum": -0.5, "min": -4.0, "max": 2.5, "avg": -0.125, "p50": 0.0,
        "p90": pytest.approx(2.5, rel=0.01), "p99": pytest.approx(2.5, rel=0.01), "uniques": 2,
    }  # fmt: skip
    assert shown(Cell(3)) == {
        "count": 3, "sum": 0.0, "min": None, "max": None, "avg": None, "p50": None, "p90": None, "p99": None,
        "uniques": None,
    }  # fmt: skip
