"""CloudEvents are checked whole: every fault is told, with its pointer."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.errors import InvalidInput
from models.domain.events import RunFacts, format_time, lifecycle_event, parse_event, parse_time
from models.domain.journal import Entry, EntryType

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "a.b", "data": {"x": 1}}


def test_a_good_event_is_taken_and_gets_a_time() -> None:
    event = parse_event(GOOD, NOW)
    assert (event.id, event.source, event.type, event.time) == ("1", "/s", "a.b", NOW)
    assert event.envelope["time"] == format_time(NOW)


def test_every_fault_is_told_with_its_pointer() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_event({"specversion": "1.0", "id": "", "type": 3, "time": "yesterday", "Bad-Name": "x"}, NOW, "/4")
    pointers = {fault.pointer for fault in caught.value.faults}
    assert pointers == {"/4/id", "/4/source", "/4/type", "/4/time", "/4/Bad-Name"}


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"data": 1, "data_base64": "eA=="},
        {"subject": 5},
        {"time": "0001-01-01T00:00:00+05:00"},
    ],
)
def test_wrong_events_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        parse_event({**GOOD, **change}, NOW)


def test_nobody_can_forge_a_lifecycle_event() -> None:
    with pytest.raises(InvalidInput):
        parse_event({**GOOD, "type": "io.serverlessworkflow.workflow.completed.v1"}, NOW)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.dictionaries(st.text(), s)))
def test_any_json_is_an_event_or_an_invalid_input(raw: object) -> None:
    with contextlib.suppress(InvalidInput):
        parse_event(raw, NOW)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001
def test_times_survive_writing_and_reading(at: datetime) -> None:
    assert parse_time(format_time(at.replace(tzinfo=UTC))) == at.replace(tzinfo=UTC)


def test_a_finished_run_tells_its_duration() -> None:
    facts = RunFacts("r", "ns", "wf", "1.0.0", NOW, NOW)
    entry = Entry(7, EntryType.RUN_COMPLETED, datetime(2026, 3, 1, 12, 0, 1, 500000, tzinfo=UTC))
    event = lifecycle_event(entry, facts)
    assert event is not None
    assert event["id"] == "r/7"
    assert event["type"] == "io.serverlessworkflow.workflow.completed.v1"
    assert event["data"]["durationMs"] == 1500.0


def test_task_entries_are_no_lifecycle_events() -> None:
    entry = Entry(2, EntryType.TASK_STARTED, NOW, "/do/0/a")
    assert lifecycle_event(entry, RunFacts("r", "ns", "wf", "1.0.0", NOW, NOW)) is None
