"""Calls that a session host performs: their whole request is one template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.dsl.expressions import Expression
from models.domain.dsl.nodes import DataFlow, Step
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.templates import Template


@dataclass(slots=True, eq=False, kw_only=True)
class CallOutside(Step):
    """`call: openapi`, `grpc`, `asyncapi`, `mcp` and `a2a`.

    `fixed` is what goes into the request as it is written: expressions that are for each message of a subscription.
    They see the variables of `seen` as these were when the task started.
    """

    request: Template
    fixed: Mapping[str, Any] = field(default_factory=dict)
    seen: tuple[str, ...] = ()


@dataclass(slots=True, eq=False, kw_only=True)
class Subscription(CallOutside):
    """`call: asyncapi` with a subscription. The fields are as those of Listen; `until` is for `is_each` only."""

    until: Expression | None
    is_each: bool
    each: str
    at: str
    each_output: DataFlow | None
    each_export: DataFlow | None


# What works on items one after another.
ITERATING = (Listen, Subscription)
