"""A subscription: messages come in batches, each the result of a step; the next step goes on where the last one ended,
so that no message is lost or taken twice by a run whose host went away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.domain.dsl import listening
from models.domain.dsl.durations import parse_duration
from models.domain.dsl.listening_state import Listening
from models.domain.dsl.nodes_calls import Subscription
from models.domain.dsl.problems import FAULTS, Problem, error_of, problem
from models.domain.dsl.state import Draft, Frame, Key, Todo
from models.domain.dsl.templates import check_size
from models.domain.journal import Entry, EntryType

if TYPE_CHECKING:
    from datetime import datetime

    from models.domain.dsl.nodes import Task
    from models.domain.dsl.turn import Turn


def with_end(request: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The request of the first step, with the moment at which the subscription ends by itself."""
    subscription = request["subscription"]
    if "for" not in subscription["consume"]:
        return request
    try:
        ends_at = at + parse_duration(subscription["consume"]["for"])
    except ValueError as error:
        raise Problem(problem("expression", f"This gives no duration: {error}.")) from None
    return {**request, "subscription": {**subscription, "endsAt": ends_at.isoformat()}}


def receive(turn: Turn, task: Subscription, key: Key, output: Any) -> None:
    """A step ended with {messages, position, ends}; a sample that stands in for it is all there is."""
    frame = turn.draft.frames[key]
    if not isinstance(output, dict) or output.keys() != {"messages", "position", "ends"}:
        output = {"messages": output if isinstance(output, list) else [output], "position": None, "ends": True}
    try:
        check_size(output, turn.draft.limits)
        size = (frame.listening.size if frame.listening else 0) + len(json.dumps(output["messages"]))
        listening.check_limits(turn, len(frame.items or ()) + len(output["messages"]), size)
    except FAULTS as fault:
        return turn.fault(task, key, error_of(fault))
    data = {"items": output["messages"], "position": output["position"], "size": size}
    if output["ends"]:
        data["ends"] = True
    turn.record(EntryType.TASK_RECEIVED, key, data)


def prepare(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    """A subscription begins."""
    if "request" in data:
        frame.request, frame.flow = data["request"], frame.input
        frame.listening = Listening(())
        _ask(draft, key, frame, frame.seq)


def received(draft: Draft, key: Key, frame: Frame, task: Subscription, entry: Entry) -> None:
    """Messages came."""
    assert frame.listening is not None
    assert frame.request is not None
    draft.finish_step(frame.attempt_seq)
    frame.items = [*(frame.items or ()), *entry.data["items"]]
    frame.listening = replace(
        frame.listening, size=entry.data["size"], has_ended=frame.listening.has_ended or "ends" in entry.data
    )
    subscription = {**frame.request["subscription"], "position": entry.data["position"], "taken": len(frame.items)}
    frame.request = {**frame.request, "subscription": subscription}
    go_on(draft, key, frame, task, entry.seq)


def go_on(draft: Draft, key: Key, frame: Frame, task: Subscription, seq: int) -> None:
    """To the next message that is there, to the next step, or to the end."""
    assert frame.listening is not None
    items = frame.items or []
    if task.is_each and frame.iteration < len(items):
        draft.set_todo(key, Todo.ITERATE)
    elif not frame.listening.has_ended:
        _ask(draft, key, frame, seq)
    else:
        frame.flow = list(frame.listening.results) if task.is_each else items
        draft.set_todo(key, Todo.COMPLETE)


def _ask(draft: Draft, key: Key, frame: Frame, seq: int) -> None:
    frame.todo, frame.attempt_seq = Todo.NOTHING, seq
    if key in draft.frames:
        draft.set_todo(key, Todo.NOTHING)
    draft.start_step(seq, key)
