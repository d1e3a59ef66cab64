"""Dry runs: what would reach the outside is answered here, and time does not pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.domain.dsl.protocol import (
    ChangeTasks,
    Command,
    Event,
    StartStep,
    StepKind,
    StepSucceeded,
    TaskAnswered,
    TimerFired,
)
from models.domain.dsl.protocol_messages import ChildEnded, StartChild
from models.domain.human_tasks import TaskChange, TaskOpened
from models.domain.runs import RunStatus

_PASSING = (":wait", ":retry")


class DryRun:
    """`outputs` are what calls answer, by the pointer of their task; without one they tell what would be called."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs

    def step(self, step: StartStep, now: datetime) -> Event | None:
        """The answer to a step; None for one that reaches nobody (a script), which is performed."""
        if step.kind is StepKind.SCRIPT and step.task not in self._outputs:
            return None
        return StepSucceeded(step.step, self._answer(step.task, step.kind.value, step.request), now)

    def timer(self, timer: str, at: datetime) -> Event | None:
        """Waiting is over at once; time limits are not met."""
        return TimerFired(timer, at) if timer.endswith(_PASSING) else None

    def answers(self, command: Command, now: datetime) -> list[Event]:
        """What follows from telling others something that they are not told."""
        found: list[Event | None] = []
        if isinstance(command, StartChild):
            found = [self._child(command, now)]
        elif isinstance(command, ChangeTasks):
            found = [self._question(change, now) for change in command.changes]
        return [event for event in found if event is not None]

    def _child(self, child: StartChild, now: datetime) -> Event | None:
        """The end of a run that is not started; None when nobody waits for it."""
        if not child.cause.get("awaited"):
            return None
        asked = {"namespace": child.namespace, "name": child.name, "version": child.version, "input": child.input}
        output = self._answer(child.cause["task"], "run", asked)
        return ChildEnded(0, child.step, RunStatus.COMPLETED, output, None, now)

    def _question(self, change: TaskChange, now: datetime) -> Event | None:
        """The answer of people who are not asked: the first decision, unless there is another one."""
        if not isinstance(change, TaskOpened):
            return None
        decisions = change.ask.get("decisions") or [None]
        answer = {"decision": decisions[0], "data": None, "comment": "", "by": None, "at": now.isoformat()}
        return TaskAnswered(change.seq, {**answer, **(self._outputs.get(change.task) or {})}, now)

    def _answer(self, task: str, kind: str, request: Any) -> Any:
        if task in self._outputs:
            return self._outputs[task]
        return {"wouldCall": {"kind": kind, "request": request}}
