"""The node of a task that an extension of `use.extensions` is around."""

from __future__ import annotations

from dataclasses import dataclass

from models.domain.dsl.expressions import Expression
from models.domain.dsl.nodes import Task


@dataclass(slots=True, eq=False, kw_only=True)
class Extended(Task):
    """Runs the tasks of `before`, the task itself (part `task`), and those of `after`, if `when` holds; else the task
    alone."""

    when: Expression | None
