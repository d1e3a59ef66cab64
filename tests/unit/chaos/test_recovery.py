"""How long recoveries took is read from the journal."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.chaos.recovery import Step, percentile, recoveries, steps


def test_the_first_step_under_a_new_epoch_ends_a_recovery() -> None:
    done = [Step(1.0, 7, 3, 0.5), Step(12.0, 7, 4, 9.0), Step(13.0, 7, 4, 9.0), Step(25.5, 7, 5, 9.0)]
    assert recoveries([10.0, 25.0], done) == [2.0, 0.5]


def test_steps_of_new_runs_and_of_the_old_epoch_end_nothing() -> None:
    done = [Step(1.0, 7, 3, 0.5), Step(10.5, 7, 3, 0.5), Step(11.0, 7, 4, 10.9)]
    assert recoveries([10.0], done) == []


def test_rows_become_steps_in_order() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    runs = [{"id": 1, "shard": 7, "created_at": early}]
    journal = [{"run_id": 1, "at": late, "epoch": 2}, {"run_id": 1, "at": early, "epoch": 1}]
    assert [step.epoch for step in steps(runs, journal)] == [1, 2]


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
