"""The checker that judges crashes finds each kind of damage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

import pytest

from tests.chaos.checker import Evidence, violations

R1 = "00000000-0000-4000-8000-000000000001"
RUN = {"id": R1, "name": "flow", "status": "completed", "last_seq": 4, "ended_at": "t"}
KEY = str(uuid5(UUID(R1), "/do/0/a#"))


def journal() -> list[dict[str, Any]]:
    kinds = ["run.started", "task.started", "task.completed", "run.completed"]
    return [
        {
            "run_id": R1,
            "seq": i + 1,
            "type": kind,
            "task": "/do/0/a" if "task" in kind else "",
            "path": [],
            "epoch": 3,
        }
        for i, kind in enumerate(kinds)
    ]


def events() -> list[dict[str, Any]]:
    return [{"id": f"{R1}/1"}, {"id": f"{R1}/4"}]


def test_a_sound_journal_passes() -> None:
    assert violations(Evidence([RUN], journal(), events(), [R1], {"k": 1})) == []


def test_a_step_that_may_be_repeated_may_arrive_twice() -> None:
    assert violations(Evidence([RUN], journal(), arrivals={KEY: 2}, never_again={("other", "/do/0/a")})) == []


def lost_row(e: Evidence) -> None:
    e.journal = [row for row in e.journal if row["seq"] != 2]


def doubled_row(e: Evidence) -> None:
    e.journal = [*e.journal, e.journal[1]]


def late_writer(e: Evidence) -> None:
    e.journal = [*e.journal[:3], {**e.journal[3], "epoch": 2}]


def life_after_death(e: Evidence) -> None:
    e.journal = [*e.journal, {**e.journal[3], "seq": 5}]
    e.runs = [{**RUN, "last_seq": 5}]


def wrong_status(e: Evidence) -> None:
    e.runs = [{**RUN, "status": "faulted"}]


def lost_run(e: Evidence) -> None:
    e.accepted = [R1, "r2"]


def doubled_effect(e: Evidence) -> None:
    e.target_effects = {"k": 2}


def repeated_step(e: Evidence) -> None:
    e.arrivals, e.never_again = {KEY: 2}, {("flow", "/do/0/a")}


def unknown_arrival(e: Evidence) -> None:
    e.arrivals = {str(uuid5(UUID(R1), "/do/1/b#")): 1}


def lost_event(e: Evidence) -> None:
    e.lifecycle_events = e.lifecycle_events[:1]


def doubled_event(e: Evidence) -> None:
    e.lifecycle_events = [*e.lifecycle_events, e.lifecycle_events[0]]


def never_ended(e: Evidence) -> None:
    e.runs = [{**RUN, "status": "running", "last_seq": 3, "ended_at": None}]
    e.journal = e.journal[:3]
    e.lifecycle_events = e.lifecycle_events[:1]


def completed_twice(e: Evidence) -> None:
    rows = list(e.journal)
    rows[1] = {**rows[1], "type": "task.completed"}
    e.journal = rows


@pytest.mark.parametrize(
    "damage",
    [
        lost_row,
        doubled_row,
        late_writer,
        life_after_death,
        wrong_status,
        lost_run,
        doubled_effect,
        repeated_step,
        unknown_arrival,
        lost_event,
        doubled_event,
        never_ended,
        completed_twice,
    ],
)
def test_each_kind_of_damage_is_found(damage: Callable[[Evidence], None]) -> None:
    evidence = Evidence([RUN], journal(), events(), [R1], {"k": 1})
    damage(evidence)
    assert violations(evidence)
