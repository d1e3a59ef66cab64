"""The interpreter: a pure state machine from (state, event) to (state, commands). See protocol.py for the contract."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.dsl import approvals, nodes, operations, outcomes
from models.domain.dsl.compile import compile_workflow
from models.domain.dsl.evolve import evolve, parent_key
from models.domain.dsl.listening import receive, subscriptions
from models.domain.dsl.nodes import ROOT, Task, Workflow
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.protocol import (
    AppendJournal,
    AskOutcome,
    CancelRequested,
    CancelStep,
    CancelTimer,
    ChangeTasks,
    Command,
    Continue,
    Continued,
    EmitEvents,
    Event,
    Notify,
    OutcomeDecided,
    ResumeRequested,
    RunInfo,
    StartStep,
    StartTimer,
    StepFailed,
    StepRepeated,
    StepSucceeded,
    StepUnknown,
    SuspendRequested,
    TaskAnswered,
    TimerFired,
    UnknownPolicy,
    VersionChanged,
)
from models.domain.dsl.protocol_messages import (
    CancelChild,
    ChildEnded,
    EventReceived,
    Subscribe,
    Unsubscribe,
)
from models.domain.dsl.requests import logical_key
from models.domain.dsl.running import end_child, start_child
from models.domain.dsl.state import Draft, Frame, Key, RunState
from models.domain.dsl.turn import Turn
from models.domain.errors import Conflict
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import RunStatus

__all__ = ["RunState", "Workflow", "advance", "compile_workflow", "replay", "resume", "start", "start_suspended"]


def start(
    workflow: Workflow,
    info: RunInfo,
    input: Any,
    at: datetime,
    limits: Limits = Limits(),  # noqa: B008
) -> tuple[RunState, list[Command]]:
    """Begins a run; the first entry is `run.started`."""
    turn = Turn(workflow, RunState(info, limits, input, hops=info.hops), at)
    turn.start_run()
    turn.drain()
    return _finish(turn)


def start_suspended(
    workflow: Workflow,
    info: RunInfo,
    input: Any,
    at: datetime,
    reason: str,
    limits: Limits = Limits(),  # noqa: B008
) -> tuple[RunState, list[Command]]:
    """As `start`, of a run that was paused before it began: it takes its input, and waits."""
    turn = Turn(workflow, RunState(info, limits, input, hops=info.hops), at)
    turn.start_run()
    operations.suspend(turn, reason)
    return _finish(turn)


def advance(workflow: Workflow, state: RunState, event: Event) -> tuple[RunState, list[Command]]:
    """What follows from an event. The given state is not changed; no commands mean that nothing happened."""
    if state.status.is_final:
        return state, []
    if not _concerns(state, event):
        return state, []
    if isinstance(event, TimerFired) and event.at < state.timers[event.timer].at:
        return state, [StartTimer(event.timer, state.timers[event.timer].at)]
    turn = Turn(workflow, state, event.at)
    _take(turn, event)
    turn.drain()
    return _finish(turn)


def _concerns(state: RunState, event: Event) -> bool:
    """Whether what the event tells of is still open; while the run is suspended, whether that can be taken in."""
    match event:
        case TimerFired() | StepUnknown() | StepRepeated() | Continued() if state.status is RunStatus.SUSPENDED:
            return False  # Asked and told again when the run is resumed.
        case TimerFired():
            return event.timer in state.timers
        case StepSucceeded() | StepFailed() | StepUnknown() | StepRepeated():
            return event.step in state.steps
        case OutcomeDecided():
            return event.step in state.undecided
        case ChildEnded():
            return event.step in state.awaits
        case TaskAnswered():
            return approvals.open_task(state, event.task) is not None
        case Continued():
            return bool(state.ready)
    return True


def _take(turn: Turn, event: Event) -> None:
    if isinstance(event, StepSucceeded):
        turn.succeed(event.step, event.output)
    elif isinstance(event, StepFailed):
        turn.fail(event.step, event.error)
    elif isinstance(event, StepUnknown):
        outcomes.lose(turn, event.step)
    elif isinstance(event, StepRepeated):
        outcomes.repeat(turn, event.step)
    elif isinstance(event, OutcomeDecided):
        outcomes.decide(turn, event)
    elif isinstance(event, TimerFired):
        turn.fire(event.timer)
    elif isinstance(event, EventReceived):
        receive(turn, event.envelope)
        operations.keep_signal(turn, event.envelope)
    elif isinstance(event, ChildEnded):
        end_child(turn, event)
    elif isinstance(event, TaskAnswered):
        approvals.answer(turn, event)
    elif isinstance(event, CancelRequested):
        operations.cancel(turn, event.reason)
    elif isinstance(event, SuspendRequested):
        operations.suspend(turn, event.reason)
    elif isinstance(event, ResumeRequested):
        operations.resume(turn)
    elif isinstance(event, VersionChanged):
        operations.change_version(turn, event)


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
    return resume(workflow, RunState(info, limits, input, hops=info.hops), entries)


def resume(workflow: Workflow, state: RunState, entries: Sequence[Entry]) -> tuple[RunState, list[Command]]:
    """As `replay`, from a state on: that of a snapshot, or of the entries before these."""
    draft = Draft(state)
    for entry in entries:
        if entry.seq != draft.last_seq + 1:
            raise Conflict(f"The journal has entry {entry.seq} after entry {draft.last_seq}.")
        try:
            evolve(workflow, draft, entry)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise Conflict(f"Entry {entry.seq} of the journal does not fit the definition.") from error
    commands = [] if operations.is_suspended(draft) else _open(workflow, draft)
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
    if turn.workflow.has_approvals:
        changes = approvals.changes_of(turn.workflow, draft.info.id, turn.entries, turn.answered)
        commands += [ChangeTasks(tuple(changes))] if changes else []
    if draft.started_awaits or draft.children or draft.stopped_awaits:
        commands += _messages(turn)
    commands += [CancelStep(step) for step in draft.stopped_steps]
    commands += [CancelTimer(name) for name in draft.stopped_timers]
    commands += turn.detached
    if turn.is_resumed:
        return draft.freeze(), commands + _open(turn.workflow, draft, draft.started_steps)
    commands += [_step(turn.workflow, draft, seq, draft.steps[seq]) for seq in draft.started_steps]
    commands += [StartTimer(name, draft.timers[name].at) for name in draft.started_timers]
    if draft.ready and not operations.is_suspended(draft):
        commands.append(Continue())
    return draft.freeze(), commands


def _open(workflow: Workflow, draft: Draft, fresh: Collection[int] = ()) -> list[Command]:
    """All that is open in a run: the host may not know of it. Only `fresh` steps were certainly not begun before."""
    commands: list[Command] = []
    for seq, key in draft.steps.items():
        step, task = _step(workflow, draft, seq, key), workflow.tasks[key[0]]
        asks = isinstance(task, nodes.Step) and task.on_unknown is not UnknownPolicy.RETRY
        commands.append(AskOutcome(step) if asks and seq not in fresh else step)
    commands += [StartTimer(name, timer.at) for name, timer in draft.timers.items()]
    if draft.ready:
        commands.append(Continue())
    return commands


def _messages(turn: Turn) -> Iterator[Command]:
    """What others are told: what this run listens to, and which runs it starts and gives up."""
    draft = turn.draft
    for seq in draft.started_awaits:
        if seq in draft.awaits:
            key = draft.awaits[seq]
            task, frame = turn.workflow.tasks[key[0]], draft.frames[key]
            if isinstance(task, Listen) and frame.listening is not None:
                yield Subscribe(seq, subscriptions(task, frame.listening))
    for seq, key, request in draft.children:
        yield start_child(draft, seq, key, request)
    for seq, stopped in draft.stopped_awaits:
        yield Unsubscribe(seq) if stopped is None else CancelChild(UUID(stopped["run"]))


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
