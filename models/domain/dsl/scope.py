"""The variables that an expression sees at one place of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from models.domain.dsl.authorization import describe
from models.domain.dsl.nodes import Task, Workflow
from models.domain.dsl.nodes_extension import Extended
from models.domain.dsl.problems import Problem, problem
from models.domain.dsl.state import Draft
from models.domain.events import format_time

RUNTIME = {"name": "Tidewire", "version": "0.1.0", "metadata": {}}


class TaskScope:
    """The scope of one execution of a task; what is not known yet is null."""

    __slots__ = (
        "_draft",
        "_path",
        "_spent",
        "_task",
        "_workflow",
        "extra",
        "input",
        "output",
        "raw",
        "raw_output",
        "started_at",
    )

    def __init__(self, workflow: Workflow, draft: Draft, task: Task, path: tuple[int, ...], raw: Any) -> None:
        self._workflow, self._draft, self._task, self._path = workflow, draft, task, path
        self.raw = raw
        self.input: Any = None
        self.output: Any = None
        self.raw_output: Any = None
        self.started_at: datetime | None = None
        self.extra: Mapping[str, Any] | None = None
        self._spent = 0

    def get(self, name: str) -> Any:
        """The value of `$name`."""
        if self.extra is not None and name in self.extra:
            return self.extra[name]
        if name in self._task.variables:
            return self._variable(*self._task.variables[name])
        found = _GETTERS.get(name)
        return None if found is None else found(self)

    def spend(self, count: int) -> None:
        """Counts items that expressions go over; Problem when there are too many."""
        self._spent += count
        limit = self._draft.limits.max_expression_items
        if self._spent > limit:
            raise Problem(problem("expression", f"It goes over more than {limit:,} items (max_expression_items)."))

    def _variable(self, pointer: str, role: str) -> Any:
        depth = self._workflow.tasks[pointer].depth
        frame = self._draft.frames[pointer, self._path[:depth]]
        if role == "error":
            return frame.error
        return frame.iteration if role == "index" else (frame.items or [])[frame.iteration]

    def context(self) -> Any:
        return self._draft.context

    def secrets(self) -> dict[str, Any]:
        return dict(self._draft.info.secrets)

    def authorization(self) -> dict[str, Any] | None:
        frame = self._draft.frames.get((self._task.pointer, self._path))
        return None if frame is None else describe(frame.request)

    def task(self) -> dict[str, Any]:
        if self._task.extends is not None:
            return self._extended(self._task.extends)
        if isinstance(self._task, Extended):
            return {**self._task.definition, **self._described()}
        return self._described()

    def _described(self) -> dict[str, Any]:
        return {
            "name": self._task.name,
            "reference": self._task.reference,
            "definition": self._task.definition,
            "input": self.raw,
            "output": self.raw_output,
            "startedAt": describe_time(self.started_at or self._draft.last_at),
        }

    def _extended(self, task: Task) -> dict[str, Any]:
        """A task of an extension sees the one that it is around."""
        frame = self._draft.frames[task.pointer, self._path[: task.depth]]
        return {
            **task.definition,
            "name": task.name,
            "reference": task.reference,
            "definition": task.definition,
            "input": frame.raw,
            "output": (frame.outputs or {}).get(0),
            "startedAt": describe_time(frame.started_at),
        }

    def workflow(self) -> dict[str, Any]:
        return {
            "id": str(self._draft.info.id),
            "definition": self._workflow.definition,
            "input": self._draft.raw_input,
            "startedAt": describe_time(self._draft.started_at or self._draft.last_at),
        }


_GETTERS: dict[str, Callable[[TaskScope], Any]] = {
    "context": TaskScope.context,
    "input": lambda scope: scope.input,
    "output": lambda scope: scope.output,
    "secrets": TaskScope.secrets,
    "task": TaskScope.task,
    "workflow": TaskScope.workflow,
    "runtime": lambda scope: RUNTIME,
    "authorization": TaskScope.authorization,
}


def describe_time(at: datetime | None) -> dict[str, Any] | None:
    """The date time descriptor of the DSL."""
    if at is None:
        return None
    milliseconds = int(at.timestamp() * 1000)
    return {"iso8601": format_time(at), "epoch": {"seconds": milliseconds // 1000, "milliseconds": milliseconds}}
