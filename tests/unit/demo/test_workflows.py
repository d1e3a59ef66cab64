"""The demo's workflow documents: valid, and they do what their titles say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import cluster.demo
from cluster.demo.material import Moment
from cluster.demo.register import METRICS
from cluster.demo.replay import event_of
from models.domain.dsl.engine import Workflow, advance, compile_workflow, start
from models.domain.dsl.protocol import (
    Command,
    EmitEvents,
    Notify,
    RunInfo,
    StartStep,
    StartTimer,
    StepFailed,
    StepSucceeded,
    TimerFired,
)
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.runs import RunStatus, WorkflowRef
from models.domain.triggers import event_matches
from serve.definitions import parse_definition
from serve.records import NewVersion
from serve.schemas.metrics import MetricRequest
from tests.unit.demo.test_replay import material

FOLDER = Path(cluster.demo.__file__).parent / "workflows"
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
NAMES = ("late-flights", "cancelled-flights", "hourly-summary")


def document(name: str) -> NewVersion:
    return parse_definition((FOLDER / f"{name}.yaml").read_bytes(), "application/yaml", Limits())


def event(moment: Moment) -> dict[str, Any]:
    stuff = material([100], [5 if moment is Moment.DEPARTED else float("nan")])
    return event_of(stuff.flights[0], moment, 0, AT)


class Run:
    """A run of a document, step by step."""

    def __init__(self, name: str, input: Any) -> None:
        self.workflow: Workflow = compile_workflow(document(name).definition)
        self.state, self.commands = start(self.workflow, RunInfo(uuid7(), WorkflowRef("f", name, "1")), input, AT)

    def tell(self, event: Any) -> None:
        self.state, self.commands = advance(self.workflow, self.state, event)

    def one(self, kind: type[Command]) -> Any:
        [found] = [command for command in self.commands if isinstance(command, kind)]
        return found

    def none(self, kind: type[Command]) -> bool:
        return not any(isinstance(command, kind) for command in self.commands)


def test_these_are_all() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_documents_are_valid_and_say_what_they_are_for(name: str) -> None:
    version = document(name)
    assert version.ref.name == name
    assert version.title
    assert version.summary


@pytest.mark.parametrize("definition", METRICS.values(), ids=METRICS)
def test_metrics_are_valid(definition: dict[str, Any]) -> None:
    MetricRequest.model_validate(definition)


@pytest.mark.parametrize(
    ("name", "moment"), [("late-flights", Moment.BOARDING), ("cancelled-flights", Moment.CANCELLED)]
)
def test_each_is_started_by_its_moment_alone(name: str, moment: Moment) -> None:
    for other in Moment:
        matches = any(event_matches(one, event(other)) for one in [document(name).triggers["on"]])
        assert matches is (other is moment), other


@pytest.mark.parametrize("probability", [0.1, 0.69, 0.9])
def test_a_flight_that_will_be_late_is_told(probability: float) -> None:
    run = Run("late-flights", [event(Moment.BOARDING)])
    step: StartStep = run.one(StartStep)
    assert step.request["model"] == "flight-delay"
    assert step.request["inputs"] == event(Moment.BOARDING)["data"]["features"]
    run.tell(StepSucceeded(step.step, {"minutes": 41.6, "late_probability": probability}, AT))
    [told] = run.one(EmitEvents).events
    assert told["type"] == METRICS["predicted-delay"]["type"]
    assert told["data"] == {"flight": "UA 0", "origin": "UA", "minutes": 42, "probability": probability}
    assert run.state.status is RunStatus.COMPLETED
    if probability < 0.7:
        assert run.none(Notify)
        return
    [note] = run.one(Notify).notifications
    assert note.title == "UA 0 will probably be late"
    assert "probability of 90 %; about 42 minutes" in note.body
    assert (note.to, note.severity) == ("all", "warning")


def test_a_cancelled_flight_gets_an_incident_although_the_desk_is_busy() -> None:
    run = Run("cancelled-flights", [event(Moment.CANCELLED)])
    first: StartStep = run.one(StartStep)
    assert first.request["connection"] == "incident-desk"
    assert first.request["uri"] == "/incidents"
    busy = {"type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication", "status": 503, "title": "busy"}
    run.tell(StepFailed(first.step, busy, AT))
    timer: StartTimer = run.one(StartTimer)
    assert AT < timer.at <= AT + timedelta(seconds=5)
    run.tell(TimerFired(timer.timer, timer.at))
    again: StartStep = run.one(StartStep)
    run.tell(StepSucceeded(again.step, {"number": "INC-000123", "flight": "UA 0", "state": "open"}, timer.at))
    [note] = run.one(Notify).notifications
    assert (note.title, note.severity) == ("UA 0 is cancelled", "critical")
    assert "Incident INC-000123 is open." in note.body
    assert run.state.status is RunStatus.COMPLETED


def test_an_hour_is_summed_up() -> None:
    run = Run("hourly-summary", {})
    step: StartStep = run.one(StartStep)
    assert step.request["uri"] == "/summary"
    answer = {"departures": 40, "late": 7, "average_delay": 12.5, "cancelled": 1, "incidents": 1}
    run.tell(StepSucceeded(step.step, answer, AT))
    [note] = run.one(Notify).notifications
    assert note.title == "40 departures in the last hour, 7 of them late"
    assert note.body == "On average 12.5 minutes late. Cancelled: 1. Incidents opened: 1."
