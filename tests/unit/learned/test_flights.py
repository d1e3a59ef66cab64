"""The flight-delay model: what it is told was known in time, and its figures are honest."""

from __future__ import annotations

import numpy as np
import pytest

from models.learned.flights.evaluation import evaluate
from models.learned.flights.features import CATEGORIES, FEATURES, NOTICE, feature_columns
from models.learned.flights.source import WEATHER, Departures
from models.learned.flights.training import feature_table, train

CHOICE = np.random.default_rng(5)


def departures(count: int = 2_000) -> Departures:
    """A year of made-up flights; those from JFK in the evening are late."""
    scheduled = np.sort(CHOICE.uniform(0, 525_600, count))
    hour = scheduled / 60 % 24
    origin = CHOICE.choice(np.array(["JFK", "EWR"], dtype=object), count)
    delay = np.where((origin == "JFK") & (hour > 16), 40.0, -2.0) + CHOICE.normal(0, 5, count)
    delay[CHOICE.random(count) < 0.03] = np.nan
    return Departures(
        scheduled=scheduled, delay=delay, month=np.floor(scheduled / 43_800) + 1, weekday=scheduled // 1440 % 7,
        hour=hour, distance=CHOICE.uniform(100, 3000, count),
        carrier=CHOICE.choice(np.array(["UA", "AA"], dtype=object), count),
        flight=np.array([str(n) for n in range(count)], dtype=object), tail=np.array(["N1"] * count, dtype=object),
        origin=origin, destination=CHOICE.choice(np.array(["LAX", "BOS", "ORD"], dtype=object), count),
        weather={name: CHOICE.normal(size=count) for name in WEATHER},
    )  # fmt: skip


def test_nothing_that_comes_later_changes_a_feature() -> None:
    known = departures(400)
    columns = feature_columns(known)
    chosen = 200
    moment = known.scheduled[chosen] - NOTICE
    left = known.scheduled + np.nan_to_num(known.delay)
    later = (left > moment) & np.isfinite(known.delay)
    worse = known.delay.copy()
    # All that have not left by then leave even later, this one too.
    worse[later] += 500
    changed = feature_columns(type(known)(**{**{n: getattr(known, n) for n in known.__slots__}, "delay": worse}))
    for name in FEATURES:
        assert columns[name][chosen] == pytest.approx(changed[name][chosen], nan_ok=True) or (
            columns[name][chosen] == changed[name][chosen]
        ), name


def test_recent_delays_are_those_of_the_last_ninety_minutes() -> None:
    known = departures(3)
    small = Departures(
        **{**{name: getattr(known, name) for name in known.__slots__},
           "scheduled": np.array([0.0, 60.0, 150.0]), "delay": np.array([10.0, 30.0, 0.0]),
           "origin": np.array(["JFK"] * 3, dtype=object), "carrier": np.array(["UA", "AA", "UA"], dtype=object)}
    )  # fmt: skip
    columns = feature_columns(small)
    # At 105 the first (left at 10) is ninety-five minutes ago, the second left at 90.
    assert columns["recent_delay"][2] == 30.0
    assert np.isnan(columns["carrier_recent_delay"][2])
    assert columns["overdue"].tolist() == [0.0, 0.0, 0.0]
    late = Departures(**{**{n: getattr(small, n) for n in small.__slots__}, "delay": np.array([10.0, np.nan, 0.0])})
    # The second should have left at 60 and has not: nobody knows yet that it never will.
    assert feature_columns(late)["overdue"][2] == 1.0


def test_training_learns_and_is_measured_on_months_it_has_not_seen() -> None:
    made = departures()
    trained = train(made, rows=1_000)
    assert trained.rows == 1_000
    assert trained.metrics["held_out_departures"] == int((np.isfinite(made.delay) & (made.month >= 10)).sum())
    assert trained.metrics["mae_minutes"] < trained.metrics["mae_minutes_of_median"]
    assert trained.metrics["late_auc"] > 0.9
    again = train(made, rows=1_000)
    assert again.metrics == trained.metrics
    table = feature_table(feature_columns(made))
    assert table.shape == (len(made), len(FEATURES))
    assert [type(value) for value in table[0][: len(CATEGORIES)]] == [str] * len(CATEGORIES)


def test_figures_stand_beside_what_needs_no_model() -> None:
    actual = np.array([0.0, 0.0, 20.0, 40.0])
    found = evaluate(actual, np.zeros(4), np.array([0.1, 0.4, 0.6, 0.9]), np.array([0.0, 0.0, 30.0]))
    assert found["mae_minutes"] == found["mae_minutes_of_median"] == 15.0
    assert found["mae_minutes_of_mean"] == 15.0
    assert found["late_base_rate"] == 0.5
    assert found["late_auc"] == 1.0
    assert found["late_at_probability_0.5"] == {"precision": 1.0, "recall": 1.0, "called_late": 0.5}
    assert found["late_at_probability_0.3"]["precision"] == pytest.approx(2 / 3, abs=1e-3)
