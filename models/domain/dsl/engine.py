"""The interpreter: a pure state machine from (state, event) to (state, commands). See protocol.py for the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from models.domain.dsl import nodes
from models.domain.dsl.compile import compile_workflow
from models.domain.dsl.evolve import evolve, parent_key
from models.domain.dsl.nodes import ROOT, Task, Workflow
from models.domain.dsl.protocol import (
    AppendJournal,
    AskOutcome,
    CancelRequested,
    CancelStep,
    CancelTimer,
    Command,
    Continue,
    Continued,
    EmitEvents,
    Event,
    Notify,
    RunInfo,
    StartStep,
    StartTimer,
    StepFailed,
    StepSucceeded,
    StepUnknown,
    TimerFired,
    UnknownPolicy,
)
from models.domain.dsl.requests import logical_key
from models.domain.dsl.state import Draft, Frame, Key, RunState
from models.domain.dsl.turn import Turn
from models.domain.errors import Conflict
from models.domain.journal import Entry
from models.domain.limits import Limits

__all__ = ["RunState", "Workflow", "advance", "compile_workflow", "replay", "start"]


def start(
    workflow: Workflow,
    info: RunInfo,
    input: Any,
    at: datetime,
    limits: Limits = Limits(),  # noqa: B008
) -> tuple[RunState, list[Command]]:
    """Begins a run; the first entry is `run.started`."""
    turn = Turn(workflow, RunState(info, limits, input), at)
    turn.start_run()
    turn.drain()
    return _finish(turn)


def advance(workflow: Workflow, state: RunState, event: Event) -> tuple[RunState, list[Command]]:
    """What follows from an event. The given state is not changed; no commands mean that nothing happened."""
    if state.status.is_final:
        return state, []
    if isinstance(event, TimerFired):
        timer = state.timers.get(event.timer)
        if timer is None:
            return state, []
        if event.at < timer.at:
            return state, [StartTimer(event.timer, timer.at)]
    elif isinstance(event, StepSucceeded | StepFailed | StepUnknown):
        if event.step not in state.steps:
            return state, []
    elif isinstance(event, Continued) and not state.ready:
        return state, []
    turn = Turn(workflow, state, event.at)
    _take(turn, event)
    turn.drain()
    return _finish(turn)


def _take(turn: Turn, event: Event) -> None:
    if isinstance(event, StepSucceeded):
        turn.succeed(event.step, event.output)
    elif isinstance(event, StepFailed):
        turn.fail(event.step, event.error)
    elif isinstance(event, StepUnknown):
        turn.lose(event.step)
    elif isinstance(event, TimerFired):
        turn.fire(event.timer)
    elif isinstance(event, CancelRequested):
        turn.cancel(event.reason)


def replay(
    workflow: Workflow,
    info: RunInfo,
    input: Any,
    entries: Sequence[Entry],
    at: datetime,
    limits: Limits = Limits(),  # noqa: B008
) -> tuple[RunState, list[Command]]:
    """The state that these entries led to, and the commands that are still open: nothing is decided anew.

    Without entries the run has not begun, so this begins it, as `start` does. Conflict when the entries are not those
    of a run of this workflow.
    """
    if not entries:
        return start(workflow, info, input, at, limits)
    draft = Draft(RunState(info, limits, input))
    for entry in entries:
        if entry.seq != draft.last_seq + 1:
            raise Conflict(f"The journal has entry {entry.seq} after entry {draft.last_seq}.")
        try:
            evolve(workflow, draft, entry)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise Conflict(f"Entry {entry.seq} of the journal does not fit the definition.") from error
    commands: list[Command] = []
    for seq, key in draft.steps.items():
        step = _step(workflow, draft, seq, key)
        task = workflow.tasks[key[0]]
        asks = isinstance(task, nodes.Step) and task.on_unknown is UnknownPolicy.STOP
        commands.append(AskOutcome(step) if asks else step)
    commands += [StartTimer(name, timer.at) for name, timer in draft.timers.items()]
    if draft.ready:
        commands.append(Continue())
    return draft.freeze(), commands


# ---------------------------------------------------------------- commands


def _finish(turn: Turn) -> tuple[RunState, list[Command]]:
    draft = turn.draft
    commands: list[Command] = []
    if turn.entries:
        commands.append(AppendJournal(tuple(turn.entries)))
    if turn.events:
        commands.append(EmitEvents(tuple(turn.events)))
    if turn.notifications:
        commands.append(Notify(tuple(turn.notifications)))
    commands += [CancelStep(step) for step in draft.stopped_steps]
    commands += [CancelTimer(name) for name in draft.stopped_timers]
    commands += [_step(turn.workflow, draft, seq, draft.steps[seq]) for seq in draft.started_steps]
    commands += [StartTimer(name, draft.timers[name].at) for name in draft.started_timers]
    if draft.ready:
        commands.append(Continue())
    return draft.freeze(), commands


def _step(workflow: Workflow, draft: Draft, seq: int, key: Key) -> StartStep:
    frame, task = draft.frames[key], workflow.tasks[key[0]]
    assert isinstance(task, nodes.Step)
    assert frame.request is not None
    attempt, deadline = frame.attempt, frame.deadline
    for child, around in _enclosing(workflow, draft, key):
        if child.part == "try":
            attempt += around.attempt - 1
        if around.deadline is not None and (deadline is None or around.deadline < deadline):
            deadline = around.deadline
    return StartStep(
        step=seq,
        task=key[0],
        path=key[1],
        attempt=attempt,
        kind=task.step,
        idempotency_key=logical_key(draft.info.id, key),
        request=frame.request,
        deadline=deadline,
    )


def _enclosing(workflow: Workflow, draft: Draft, key: Key) -> Iterator[tuple[Task, Frame]]:
    """Each task from this one up to the root (without it), with the frame around it."""
    while key[0] != ROOT:
        task = workflow.tasks[key[0]]
        key = parent_key(task, key[1], workflow)
        yield task, draft.frames[key]
