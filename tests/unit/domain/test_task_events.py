"""Lifecycle events of tasks and correlations, as the DSL reference lists them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from models.domain.dsl.validation import check_definition
from models.domain.events import RunFacts, lifecycle_event
from models.domain.journal import Entry, EntryType
from models.domain.task_events import task_events, tells_tasks
from tests.unit.domain.dsl_documents import with_parts

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = "2026-03-01T12:00:00.000000Z"
FACTS = RunFacts("r", "ns", "wf", "1.0.0", AT, AT)
ERROR = {"type": "https://x.example/e", "status": 400}


def told(kind: EntryType, tasks: bool = True, **data: Any) -> dict[str, dict[str, Any]]:
    """Type -> data of the events of an entry."""
    events = list(task_events(Entry(5, kind, AT, "/do/0/a", data=data), FACTS, tasks))
    assert len({event["id"] for event in events}) == len(events)
    return {event["type"].removeprefix("io.serverlessworkflow.").removesuffix(".v1"): event["data"] for event in events}


def test_a_started_task_is_told_as_created_and_started() -> None:
    found = told(EntryType.TASK_STARTED, input={})
    about = {"workflow": "wf-r.ns", "task": "/do/0/a", "run": "r"}
    assert found == {"task.created": {**about, "createdAt": TIME}, "task.started": {**about, "startedAt": TIME}}


@pytest.mark.parametrize(
    ("kind", "what", "more"),
    [
        (EntryType.TASK_RETRIED, "retried", {}),
        (EntryType.TASK_CANCELLED, "cancelled", {}),
        (EntryType.TASK_COMPLETED, "completed", {}),
        (EntryType.TASK_FAULTED, "faulted", {"error": ERROR}),
    ],
)
def test_what_happens_to_a_task_is_told(kind: EntryType, what: str, more: dict[str, Any]) -> None:
    (data,) = told(kind, **more).values()
    assert data == {"workflow": "wf-r.ns", "task": "/do/0/a", "run": "r", f"{what}At": TIME, **more}


def test_tasks_are_told_only_where_the_document_asks() -> None:
    assert told(EntryType.TASK_STARTED, tasks=False, input={}) == {}
    asking = with_parts(
        "document: {dsl: 1.0.3, namespace: n, name: m, version: 1.0.0, metadata: {lifecycleEvents: tasks}}"
    )
    assert check_definition(asking) == []
    assert tells_tasks(asking)
    assert not tells_tasks(with_parts("timeout: {after: PT1H}"))


def test_correlation_is_told_in_any_case() -> None:
    found = told(EntryType.TASK_STARTED, tasks=False, input={}, expect=[{}])
    assert found == {"workflow.correlation-started": {"name": "wf-r.ns", "run": "r", "startedAt": TIME}}
    found = told(EntryType.TASK_RECEIVED, tasks=False, filter=0, keys={"order": 7}, ends=True)
    assert found == {
        "workflow.correlation-completed": {
            "name": "wf-r.ns", "run": "r", "completedAt": TIME, "correlationKeys": {"order": 7}
        }
    }  # fmt: skip
    assert told(EntryType.TASK_RECEIVED, tasks=False, filter=0) == {}


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (EntryType.RUN_COMPLETED, "completedAt"),
        (EntryType.RUN_FAULTED, "faultedAt"),
        (EntryType.RUN_CANCELLED, "cancelledAt"),
        (EntryType.RUN_SUSPENDED, "suspendedAt"),
        (EntryType.RUN_RESUMED, "resumedAt"),
    ],
)
def test_events_of_runs_have_the_members_of_the_reference(kind: EntryType, member: str) -> None:
    event = lifecycle_event(Entry(5, kind, AT), FACTS)
    assert event is not None
    assert event["data"][member] == TIME
    assert event["data"]["name"] == "wf-r.ns"


def test_the_event_of_a_start_names_the_definition() -> None:
    event = lifecycle_event(Entry(1, EntryType.RUN_STARTED, AT), FACTS)
    assert event is not None
    assert event["data"]["definition"] == {"namespace": "ns", "name": "wf", "version": "1.0.0"}
    assert event["data"]["startedAt"] == TIME
