"""`call: approval`: asks people and waits. What is asked stands in the entry that starts the task, so a replay asks the
same; the answer comes from outside, as the result of a step does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from models.domain.dsl import nodes
from models.domain.dsl.nodes import Task, Workflow
from models.domain.dsl.problems import FAULTS, Problem, error_of, problem
from models.domain.dsl.protocol import Notification, TaskAnswered
from models.domain.dsl.state import Draft, Frame, Key, RunState, Timing, Todo, timer_name
from models.domain.dsl.templates import check_size
from models.domain.errors import InvalidInput
from models.domain.events import format_time
from models.domain.human_tasks import (
    FAULT,
    Answer,
    TaskChange,
    TaskClosed,
    TaskMoved,
    TaskOpened,
    TaskStatus,
    parse_ask,
    parse_assignee,
    task_id,
)
from models.domain.journal import Entry, EntryType

if TYPE_CHECKING:
    from models.domain.dsl.scope import TaskScope
    from models.domain.dsl.turn import Turn

# ---------------------------------------------------------------- before the start


def prepare(turn: Turn, task: Task, key: Key, scope: TaskScope, data: dict[str, Any]) -> None:
    """What is asked goes into the entry."""
    assert isinstance(task, nodes.Approval)
    found = task.arguments.evaluate(data["input"], scope)
    if isinstance(found, Mapping) and task.form is not None:
        found = {**found, "form": task.form}
    try:
        data["ask"] = parse_ask(found, turn.at, turn.draft.limits)
    except InvalidInput as error:
        told = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in error.faults[:10])
        raise Problem(problem("validation", f"Nobody can be asked like this. {told}")) from None
    # The entry that is about to be written opens the task.
    opened = task_id(turn.draft.info.id, turn.draft.last_seq + 1, turn.at)
    _tell(turn, task.pointer, opened, 0, data["ask"]["assignee"], data["ask"])


# ---------------------------------------------------------------- entries change the state


def begin(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    """The task is open: its times run."""
    if "ask" not in data:
        return
    frame.todo = Todo.NOTHING
    frame.request = data["ask"]
    draft.start_timer(frame.seq, Timing.DUE, key, datetime.fromisoformat(data["ask"]["due"]))
    _start_escalation(draft, key, frame)


def escalated(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of `task.escalated`: the next escalation, if there is one, begins to wait."""
    key = (entry.task, entry.path)
    frame = draft.own(key)
    frame.iteration = entry.data["escalation"]
    draft.stop_timer(timer_name(frame.seq, Timing.ESCALATION))
    _start_escalation(draft, key, frame)


def _start_escalation(draft: Draft, key: Key, frame: Frame) -> None:
    planned = (frame.request or {}).get("escalations", ())
    if frame.iteration < len(planned):
        at = datetime.fromisoformat(planned[frame.iteration]["at"])
        draft.start_timer(frame.seq, Timing.ESCALATION, key, at)


# ---------------------------------------------------------------- what happens


def open_task(state: RunState, seq: int) -> Key | None:
    """The execution whose question entry `seq` asked, while it is open."""
    return next((key for key, frame in state.frames.items() if frame.seq == seq and _is_asking(frame)), None)


def _is_asking(frame: Frame) -> bool:
    return frame.request is not None and "onTimeout" in frame.request


def answer(turn: Turn, event: TaskAnswered) -> None:
    """Somebody answered: that is the output."""
    key = open_task_of(turn, event.task)
    task = turn.workflow.tasks[key[0]]
    turn.answered.add(key)
    try:
        check_size(event.answer, turn.draft.limits)
    except FAULTS as fault:
        return turn.fault(task, key, error_of(fault))
    turn.complete(task, key, dict(event.answer))


def open_task_of(turn: Turn, seq: int) -> Key:
    """As open_task, of one that is known to be open."""
    return next(key for key, frame in turn.draft.frames.items() if frame.seq == seq)


def escalate(turn: Turn, key: Key) -> None:
    """Nobody answered until now: it goes to the next."""
    frame = turn.draft.frames[key]
    assert frame.request is not None
    step = frame.request["escalations"][frame.iteration]
    number = frame.iteration + 1
    turn.record(EntryType.TASK_ESCALATED, key, {"to": step["to"], "escalation": number})
    opened = task_id(turn.draft.info.id, frame.seq, frame.started_at)
    _tell(turn, key[0], opened, number, step["to"], frame.request)


def overdue(turn: Turn, task: Task, key: Key) -> None:
    """Nobody answered in time: an error, or the decision that was chosen for this case."""
    frame = turn.draft.frames[key]
    assert frame.request is not None
    decision = frame.request["onTimeout"]
    if decision == FAULT:
        return turn.fault(task, key, {**problem("timeout", "Nobody answered in time."), "instance": task.pointer})
    turn.complete(task, key, Answer(decision, None, "", None, format_time(turn.at)).json)


# ---------------------------------------------------------------- what the host stores


def changes_of(
    workflow: Workflow, run_id: UUID, entries: Collection[Entry], answered: Collection[Key]
) -> list[TaskChange]:
    """What new entries do to the tasks of people, in their order."""
    changes: list[TaskChange] = []
    # Those whose arguments were not valid asked nothing.
    silent: set[Key] = set()
    for entry in entries:
        if not entry.task or not isinstance(workflow.tasks[entry.task], nodes.Approval):
            continue
        key = (entry.task, entry.path)
        if entry.type is EntryType.TASK_STARTED:
            (silent.discard if "ask" in entry.data else silent.add)(key)
        found = None if key in silent else _change(run_id, entry, key in answered)
        if found is not None:
            changes.append(found)
    return changes


def asked_anew(workflow: Workflow, state: RunState, entries: Collection[Entry]) -> list[TaskChange]:
    """The questions that are open in a run that begins with these entries, copies of another run's: it asks its own."""
    changes = changes_of(workflow, state.info.id, entries, ())
    return [
        one for one in changes if not isinstance(one, TaskClosed) and (one.task, one.path) in state.frames
    ]


def _change(run_id: UUID, entry: Entry, is_answered: bool) -> TaskChange | None:
    place = (entry.task, entry.path)
    match entry.type:
        case EntryType.TASK_STARTED:
            return TaskOpened(task_id(run_id, entry.seq, entry.at), entry.seq, *place, entry.data["ask"], entry.at)
        case EntryType.TASK_ESCALATED:
            return TaskMoved(entry.seq, *place, entry.data["to"], entry.data["escalation"], entry.at)
        case EntryType.TASK_COMPLETED | EntryType.TASK_FAULTED:
            status = TaskStatus.ANSWERED if is_answered else TaskStatus.EXPIRED
            return TaskClosed(entry.seq, *place, status, entry.at)
        case EntryType.TASK_CANCELLED:
            return TaskClosed(entry.seq, *place, TaskStatus.CANCELLED, entry.at)
    return None


def _tell(turn: Turn, task: str, id: UUID, number: int, to: Any, ask: Mapping[str, Any]) -> None:
    """Whoever a task comes to hears of it."""
    key, audience = f"task:{id}:{number}", parse_assignee(to).audience
    turn.notifications.append(
        Notification(key, task, audience, ask["title"], ask["body"], "warning", f"/tasks/{id}")
    )
