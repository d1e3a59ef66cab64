"""Entries change the state: the same rules live and in a replay, and no expression is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from models.domain.dsl import approvals, extending, nodes, operations, outcomes, subscribing
from models.domain.dsl import evolve_awaits as awaits
from models.domain.dsl.nodes import CONTINUE, END, EXIT, ROOT, Task, Workflow
from models.domain.dsl.nodes_calls import ITERATING, CallOutside, Subscription
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.nodes_extension import Extended
from models.domain.dsl.nodes_run import RunScript, RunWorkflow
from models.domain.dsl.state import Draft, Frame, Key, Timing, Todo, timer_name
from models.domain.journal import Entry, EntryType
from models.domain.runs import RunStatus

ROOT_KEY: Key = (ROOT, ())

_Rule = Callable[[Workflow, Draft, Entry], None]
_Prepare = Callable[[Draft, Key, Frame, Task, Mapping[str, Any]], None]


def evolve(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    """Applies one entry."""
    draft.last_seq = entry.seq
    draft.last_at = entry.at
    _RULES[entry.type](workflow, draft, entry)


def parent_key(task: Task, path: tuple[int, ...], workflow: Workflow) -> Key:
    """The key of the enclosing task's execution."""
    return task.parent, path[: workflow.tasks[task.parent].depth]


# ---------------------------------------------------------------- the run


def _run_started(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    draft.status = RunStatus.RUNNING
    draft.started_at = entry.at
    draft.input = draft.context = entry.data.get("input", draft.raw_input)
    frame = Frame(entry.seq, draft.raw_input, draft.input, entry.at, Todo.NEXT, flow=draft.input)
    if not workflow.root.parts["do"].tasks:
        frame.todo = Todo.COMPLETE
    draft.add(ROOT_KEY, frame)
    _start_timeout(draft, ROOT_KEY, frame, entry)


def _run_ended(status: RunStatus) -> _Rule:
    def rule(_: Workflow, draft: Draft, entry: Entry) -> None:
        for key in list(draft.frames):
            draft.remove(key)
        draft.status = status
        draft.ended_at = entry.at
        draft.output = entry.data.get("output")
        draft.error = entry.data.get("error")

    return rule


def _no_effect(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Told for people."""


# ---------------------------------------------------------------- a task starts


def _task_started(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    task = workflow.tasks[entry.task]
    parent = _enter(workflow, draft, task, entry)
    data = entry.data
    frame = Frame(entry.seq, parent.flow, data["input"], entry.at, Todo.RUN)
    key = (entry.task, entry.path)
    prepare = _PREPARE.get(type(task))
    if prepare is not None:
        prepare(draft, key, frame, task, data)
    draft.add(key, frame)
    _start_timeout(draft, key, frame, entry)


def _enter(workflow: Workflow, draft: Draft, task: Task, entry: Entry) -> Frame:
    """What it means for the parent that a child is started or skipped."""
    key = parent_key(task, entry.path, workflow)
    parent = draft.own(key)
    owner = workflow.tasks[task.parent]
    if isinstance(owner, nodes.Fork):
        parent.next += 1
        if parent.next >= len(task.siblings.tasks):
            draft.set_todo(key, Todo.NOTHING)
        return parent
    draft.set_todo(key, Todo.NOTHING)
    if isinstance(owner, nodes.Try):
        _enter_try(draft, parent, task, entry.data)
    elif isinstance(owner, ITERATING):
        awaits.begin_iteration(parent)
    if task.siblings.counts_visits:
        visits = parent.visits = parent.visits or {}
        visits[task.index] = visits.get(task.index, 0) + 1
    return parent


def _enter_try(draft: Draft, parent: Frame, task: Task, data: Mapping[str, Any]) -> None:
    draft.stop_timer(timer_name(parent.attempt_seq, Timing.RETRY))
    if task.part != parent.part:
        parent.part, parent.visits = task.part, None
        parent.error, parent.flow = data["caught"], parent.input
        draft.stop_attempt(parent)


def _prepare_list(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    frame.flow = data.get("with", frame.input)
    frame.todo = Todo.NEXT if task.parts["do"].tasks else Todo.COMPLETE


def _prepare_for(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    frame.flow = frame.input
    frame.items = data.get("items")
    frame.todo = Todo.ITERATE if frame.items and task.parts["do"].tasks else Todo.COMPLETE


def _prepare_fork(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    frame.flow = frame.input
    frame.outputs = {}
    frame.todo = Todo.BRANCH


def _prepare_try(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    frame.flow = frame.input
    frame.part, frame.attempt_seq = "try", frame.seq
    frame.todo = Todo.NEXT if task.parts["try"].tasks else Todo.COMPLETE
    _start_attempt(draft, key, frame, data)


def _start_attempt(draft: Draft, key: Key, frame: Frame, data: Mapping[str, Any]) -> None:
    if "attemptUntil" in data:
        draft.start_timer(frame.attempt_seq, Timing.ATTEMPT, key, datetime.fromisoformat(data["attemptUntil"]))


def _prepare_wait(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    if "until" in data:
        frame.todo = Todo.NOTHING
        draft.start_timer(frame.seq, Timing.WAIT, key, datetime.fromisoformat(data["until"]))


def _prepare_step(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    if "request" in data:
        frame.todo = Todo.NOTHING
        frame.request = data["request"]
        frame.attempt_seq = frame.seq
        draft.start_step(frame.seq, key)


_PREPARE: dict[type[Task], _Prepare] = {
    nodes.Do: _prepare_list,
    nodes.CallFunction: _prepare_list,
    nodes.For: _prepare_for,
    nodes.Fork: _prepare_fork,
    nodes.Try: _prepare_try,
    nodes.Wait: _prepare_wait,
    nodes.CallHttp: _prepare_step,
    nodes.CallPredict: _prepare_step,
    CallOutside: _prepare_step,
    Subscription: subscribing.prepare,
    nodes.Approval: approvals.begin,
    Listen: awaits.prepare_listen,
    RunWorkflow: awaits.prepare_child,
    RunScript: awaits.prepare_script,
    Extended: extending.prepare,
}


def _start_timeout(draft: Draft, key: Key, frame: Frame, entry: Entry) -> None:
    if "deadline" in entry.data:
        frame.deadline = datetime.fromisoformat(entry.data["deadline"])
        draft.start_timer(frame.seq, Timing.TIMEOUT, key, frame.deadline)


# ---------------------------------------------------------------- a task ends


def _task_skipped(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    task = workflow.tasks[entry.task]
    parent = _enter(workflow, draft, task, entry)
    _go_on(workflow, draft, task, entry.path, parent.flow, CONTINUE)


def _task_completed(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    task = workflow.tasks[entry.task]
    draft.remove((entry.task, entry.path))
    data = entry.data
    if "context" in data:
        draft.context = data["context"]
    _go_on(workflow, draft, task, entry.path, data["output"], data.get("then", task.then))


def _go_on(workflow: Workflow, draft: Draft, task: Task, path: tuple[int, ...], output: Any, then: str) -> None:
    """What it means for the parent that a child is done."""
    key = parent_key(task, path, workflow)
    parent, owner = draft.own(key), workflow.tasks[task.parent]
    if isinstance(owner, Extended):
        return extending.go_on(draft, key, parent, owner, task, output, then)
    if then == END:
        parent.then, parent.flow = END, output
        return draft.set_todo(key, Todo.COMPLETE)
    if isinstance(owner, nodes.Fork):
        return _join(draft, key, parent, owner, task, output)
    parent.flow = output
    parent.next = target_of(task, then)
    if parent.next < len(task.siblings.tasks):
        return draft.set_todo(key, Todo.NEXT)
    if isinstance(owner, ITERATING):
        return draft.set_todo(key, Todo.ITERATE)
    if isinstance(owner, nodes.For):
        parent.iteration += 1
        parent.next, parent.visits = 0, None
        if parent.iteration < len(parent.items or ()):
            return draft.set_todo(key, Todo.ITERATE)
    draft.set_todo(key, Todo.COMPLETE)


def target_of(task: Task, then: str) -> int:
    """The place of the task that follows."""
    if then == CONTINUE:
        return task.index + 1
    return len(task.siblings.tasks) if then == EXIT else task.siblings.names[then]


def _join(draft: Draft, key: Key, fork: Frame, owner: nodes.Fork, task: Task, output: Any) -> None:
    outputs = fork.outputs = fork.outputs or {}
    outputs[task.index] = output
    if owner.compete:
        fork.flow = output
        draft.set_todo(key, Todo.COMPLETE)
    elif len(outputs) == len(task.siblings.tasks):
        fork.flow = [outputs[index] for index in range(len(outputs))]
        draft.set_todo(key, Todo.COMPLETE)


def _task_faulted(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    task = workflow.tasks[entry.task]
    draft.remove((entry.task, entry.path))
    key = parent_key(task, entry.path, workflow)
    draft.own(key).error = entry.data["error"]
    draft.set_todo(key, Todo.FAIL)


def _task_cancelled(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    draft.remove((entry.task, entry.path))


def _task_retried(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    key = (entry.task, entry.path)
    frame, data = draft.own(key), entry.data
    frame.attempt = data["attempt"]
    if frame.request is not None:
        draft.finish_step(frame.attempt_seq)
        frame.attempt_seq = entry.seq
        outcomes.begin_again(draft, key, frame)
        return draft.start_step(entry.seq, key)
    frame.error, frame.flow, frame.next, frame.visits = None, frame.input, 0, None
    draft.stop_attempt(frame)
    frame.attempt_seq = entry.seq
    draft.set_todo(key, Todo.NEXT)
    if "at" in data:
        draft.set_todo(key, Todo.NOTHING)
        draft.start_timer(entry.seq, Timing.RETRY, key, datetime.fromisoformat(data["at"]))
    _start_attempt(draft, key, frame, data)


def _task_received(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    awaits.task_received(workflow, draft, entry)
    operations.forget_heard(draft, entry)


_RULES: dict[EntryType, _Rule] = {
    EntryType.RUN_STARTED: _run_started,
    EntryType.RUN_COMPLETED: _run_ended(RunStatus.COMPLETED),
    EntryType.RUN_FAULTED: _run_ended(RunStatus.FAULTED),
    EntryType.RUN_CANCELLED: _run_ended(RunStatus.CANCELLED),
    EntryType.RUN_SUSPENDED: operations.suspended,
    EntryType.RUN_RESUMED: operations.resumed,
    EntryType.RUN_CANCELLING: operations.cancelling,
    EntryType.RUN_EDITED: operations.edited,
    EntryType.RUN_SIGNALLED: operations.signalled,
    EntryType.RUN_MOVED: _no_effect,
    EntryType.RUN_MOVE_REFUSED: _no_effect,
    EntryType.TASK_STARTED: _task_started,
    EntryType.TASK_COMPLETED: _task_completed,
    EntryType.TASK_FAULTED: _task_faulted,
    EntryType.TASK_RETRIED: _task_retried,
    EntryType.TASK_CANCELLED: _task_cancelled,
    EntryType.TASK_SKIPPED: _task_skipped,
    EntryType.TASK_OUTCOME_UNKNOWN: outcomes.unknown,
    EntryType.TASK_OUTCOME_DECIDED: outcomes.decided,
    EntryType.TASK_ESCALATED: approvals.escalated,
    EntryType.TASK_RECEIVED: _task_received,
    EntryType.TASK_ITERATED: awaits.task_iterated,
}
