"""Follows the steps of a conformance scenario, whoever executes its workflow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.specification.gherkin import Scenario
from tests.unit.domain.dsl_documents import parse


@dataclass(frozen=True)
class Outcome:
    """What became of a run; `order` has the names of the tasks that completed."""

    status: str
    output: Any
    error: Any
    order: list[str]


Execute = Callable[[str, Any, Any], Outcome]
"""Name of the scenario, definition and input to outcome."""


class Player:
    """Follows the steps of a scenario."""

    def __init__(self, scenario: Scenario, execute: Execute) -> None:
        self.name = scenario.name
        self.definition: Any = None
        self.input: Any = None
        self._execute = execute
        self._outcome: Outcome | None = None
        for step in scenario.steps:
            self._follow(step.text, parse(step.block) if step.block is not None else None)

    @property
    def ran(self) -> Outcome:
        assert self._outcome is not None
        return self._outcome

    def _follow(self, text: str, block: Any) -> None:
        for pattern, act in _STEPS:
            found = re.fullmatch(pattern, text)
            if found:
                return act(self, *found.groups(), block)
        raise AssertionError(f"a step that is not known: {text}")

    def define(self, block: Any) -> None:
        self.definition = block

    def give(self, block: Any) -> None:
        self.input = block

    def execute(self, block: Any) -> None:
        self._outcome = self._execute(self.name, self.definition, self.input)

    def completes(self, block: Any) -> None:
        assert self.ran.status == "completed", self.ran.error

    def completes_with(self, block: Any) -> None:
        assert self.ran.output == block

    def faults(self, block: Any) -> None:
        assert self.ran.status == "faulted"

    def faults_with(self, block: Any) -> None:
        assert self.ran.error == block

    def has(self, names: str, block: Any) -> None:
        for name in re.findall(r"'([^']+)'", names):
            self._value(name)

    def has_value(self, name: str, block: Any) -> None:
        assert self._value(name) == block

    def has_items(self, name: str, count: str, block: Any) -> None:
        assert len(self._value(name)) == int(count)

    def first(self, name: str, block: Any) -> None:
        assert self.ran.order[0] == name

    def last(self, name: str, block: Any) -> None:
        assert self.ran.order[-1] == name

    def after(self, name: str, other: str, block: Any) -> None:
        assert self.ran.order.index(name) > self.ran.order.index(other)

    def _value(self, path: str) -> Any:
        value = self.ran.output
        for name in path.split("."):
            assert name in value, path
            value = value[name]
        return value


_STEPS: list[tuple[str, Any]] = [
    (r"a workflow with definition:", Player.define),
    (r"given the workflow input is:", Player.give),
    (r"the workflow is executed", Player.execute),
    (r"the workflow should complete", Player.completes),
    (r"the workflow should complete with output:", Player.completes_with),
    (r"the workflow should fault", Player.faults),
    (r"the workflow should fault with error:", Player.faults_with),
    (r"the workflow output should have properties (.*)", Player.has),
    (r"the workflow output should have a '(.*)' property with value:", Player.has_value),
    (r"the workflow output should have a '(.*)' property containing (\d+) items", Player.has_items),
    (r"(\S+) should run first", Player.first),
    (r"(\S+) should run last", Player.last),
    (r"(\S+) should run after (\S+)", Player.after),
]
