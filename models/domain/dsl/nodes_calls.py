"""Calls that a session host performs: their whole request is one template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.dsl.nodes import Step
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
