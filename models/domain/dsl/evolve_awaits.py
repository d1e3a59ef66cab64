"""What entries change in tasks that wait for what comes through the inbox: events, and ends of other runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.domain.dsl import subscribing
from models.domain.dsl.listening_state import Listening
from models.domain.dsl.nodes import Task, Workflow
from models.domain.dsl.nodes_calls import ITERATING, Subscription
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.nodes_run import RunScript
from models.domain.dsl.state import Draft, Frame, Key, Todo
from models.domain.journal import Entry


def prepare_listen(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    """A listen begins."""
    if "expect" in data:
        frame.listening = Listening(tuple(data["expect"]))
        frame.flow = frame.input
        frame.todo = Todo.NOTHING
        draft.start_await(frame.seq, key)


def prepare_child(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    """Another run begins."""
    if "request" not in data:
        return
    request = data["request"]
    draft.children.append((frame.seq, key, request))
    if request["await"]:
        frame.request = request
        frame.todo = Todo.NOTHING
        draft.start_await(frame.seq, key)
    else:
        frame.flow, frame.todo = frame.input, Todo.COMPLETE


def prepare_script(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    """A script begins; without await its task is done at once."""
    assert isinstance(task, RunScript)
    if "request" not in data:
        return
    if not task.is_awaited:
        frame.flow, frame.todo = frame.input, Todo.COMPLETE
        return
    frame.todo = Todo.NOTHING
    frame.request = data["request"]
    frame.attempt_seq = frame.seq
    draft.start_step(frame.seq, key)


def task_received(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    """A listen took an event."""
    key = (entry.task, entry.path)
    task, frame, data = workflow.tasks[entry.task], draft.own(key), entry.data
    if isinstance(task, Subscription):
        return subscribing.received(draft, key, frame, task, entry)
    assert isinstance(task, Listen)
    assert frame.listening is not None
    frame.listening = replace(
        frame.listening,
        keys={**frame.listening.keys, **data.get("keys", {})},
        heard=frame.listening.heard | {data["filter"]},
        size=data.get("size", frame.listening.size),
    )
    draft.hops = max(draft.hops, data.get("hops", 0))
    if "item" in data:
        frame.items = [*(frame.items or ()), data["item"]]
    if data.get("ends"):
        _end(draft, frame)
    if not frame.listening.is_busy:
        _go_on(draft, key, frame, task)


def task_iterated(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    """The work on one event is done."""
    key = (entry.task, entry.path)
    task, frame, data = workflow.tasks[entry.task], draft.own(key), entry.data
    assert isinstance(task, ITERATING)
    assert frame.listening is not None
    frame.listening = replace(frame.listening, results=(*frame.listening.results, data["output"]), is_busy=False)
    frame.iteration += 1
    frame.next, frame.visits, frame.flow = 0, None, frame.input
    if "context" in data:
        draft.context = data["context"]
    if data.get("ends"):
        _end(draft, frame)
        frame.items = (frame.items or [])[: frame.iteration]
    if isinstance(task, Subscription):
        return subscribing.go_on(draft, key, frame, task, entry.seq)
    _go_on(draft, key, frame, task)


def begin_iteration(frame: Frame) -> None:
    """The first task for an event was started or skipped."""
    if frame.listening is not None and not frame.listening.is_busy:
        frame.listening = replace(frame.listening, is_busy=True)


def _end(draft: Draft, frame: Frame) -> None:
    assert frame.listening is not None
    frame.listening = replace(frame.listening, has_ended=True)
    if frame.seq in draft.awaits:
        draft.stop_await(frame.seq, frame)


def _go_on(draft: Draft, key: Key, frame: Frame, task: Listen) -> None:
    assert frame.listening is not None
    items = frame.items or []
    if task.is_each and frame.iteration < len(items):
        return draft.set_todo(key, Todo.ITERATE)
    if not frame.listening.has_ended:
        return draft.set_todo(key, Todo.NOTHING)
    frame.flow = list(frame.listening.results) if task.is_each else items
    draft.set_todo(key, Todo.COMPLETE)
