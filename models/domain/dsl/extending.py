"""What entries change in a task that an extension is around.

The data of the extension's tasks goes nowhere, unless one before the task says `then: exit`: then the task is left out
and that one's output is the task's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.domain.dsl.nodes import CONTINUE, END, EXIT, Task
from models.domain.dsl.nodes_extension import Extended
from models.domain.dsl.state import Draft, Frame, Key, Todo

_ORDER = ("before", "task", "after")


def prepare(draft: Draft, key: Key, frame: Frame, task: Task, data: Mapping[str, Any]) -> None:
    """The extension begins; or only the task does."""
    frame.flow, frame.then = frame.input, None
    frame.part = "before" if data.get("applies") and task.parts["before"].tasks else "task"
    # Whether the tasks after it run is known from the beginning.
    frame.items = [True] if data.get("applies") else None
    frame.todo = Todo.NEXT


def go_on(draft: Draft, key: Key, frame: Frame, owner: Extended, task: Task, output: Any, then: str) -> None:
    """A task of the extension, or the extended one, is done."""
    if then == END and frame.part != "task":
        frame.then, frame.flow = END, output
        return draft.set_todo(key, Todo.COMPLETE)
    if frame.part == "task":
        frame.outputs = {0: output}
        frame.then = None if then == CONTINUE else then
    elif then == EXIT and frame.part == "before":
        frame.flow, frame.then = output, owner.definition.get("then")
        return draft.set_todo(key, Todo.COMPLETE)
    elif then != EXIT:
        frame.flow = output
        siblings = task.siblings
        frame.next = task.index + 1 if then == CONTINUE else siblings.names[then]
        if frame.next < len(siblings.tasks):
            return draft.set_todo(key, Todo.NEXT)
    _next_part(draft, key, frame, owner)


def _next_part(draft: Draft, key: Key, frame: Frame, owner: Extended) -> None:
    frame.next, frame.visits = 0, None
    if frame.part == "before":
        frame.part, frame.flow = "task", frame.input
        return draft.set_todo(key, Todo.NEXT)
    output = (frame.outputs or {}).get(0)
    frame.flow = output
    if frame.part == "task" and frame.items and owner.parts["after"].tasks:
        frame.part = "after"
        return draft.set_todo(key, Todo.NEXT)
    draft.set_todo(key, Todo.COMPLETE)
