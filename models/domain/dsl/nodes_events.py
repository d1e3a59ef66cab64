"""Nodes of tasks that wait for events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.dsl.expressions import Expression
from models.domain.dsl.nodes import DataFlow, Task
from models.domain.dsl.templates import Template

Wanted = Any
"""A literal, an Expression that sees the value, or a mapping of names to more of these."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """A value that an event must have: what is expected, or else the first that came under this name.

    `is_simple`: it can be looked at before the run is asked.
    """

    name: str
    from_: Expression
    expect: Template | None
    is_simple: bool


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted. `static` is the part of `wanted` that needs nothing of the run."""

    type: str | None
    wanted: Mapping[str, Wanted]
    static: Mapping[str, Any]
    correlations: tuple[Correlation, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Listen(Task):
    """Waits for events.

    `filters` has first those of `to`, `count` of them, then those of an `until` that is a strategy of its own.
    `strategy` and `until_strategy` are one, any or all. With `is_each` every event is worked off by `do`, which sees it
    under the names `each` and `at`.
    """

    strategy: str
    filters: tuple[EventFilter, ...]
    count: int
    until: Expression | None
    until_strategy: str | None
    read: str
    is_each: bool
    each: str
    at: str
    each_output: DataFlow | None
    each_export: DataFlow | None
