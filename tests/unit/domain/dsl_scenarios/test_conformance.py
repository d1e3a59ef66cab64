"""The conformance scenarios of the specification on the real engine, with stand-ins of the services they call."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from models.domain.runs import RunStatus
from tests.unit.domain.dsl_documents import parse
from tests.unit.domain.dsl_scenarios.gherkin import Scenario, scenarios
from tests.unit.domain.dsl_scenarios.world import World

FEATURES = Path(__file__).parents[3] / "specification" / "features"
SCENARIOS = [
    pytest.param(one, id=f"{path.stem}: {one.name}")
    for path in sorted(FEATURES.glob("*.feature"))
    for one in scenarios(path)
]
PET = {"id": 1, "name": "Milou", "status": "available"}
RESPONSE = {
    "request": {"method": "get", "uri": "https://petstore.swagger.io/v2/pet/1", "headers": {}},
    "statusCode": 200,
    "headers": {},
    "content": PET,
}
# What the services answer, by the name of the task; a pet by the name of Milou is not there.
ANSWERS: dict[str, Any] = {
    "findPet": {"ok": [PET, {**PET, "id": 2}]},
    "getPetById1": {"ok": PET},
    "getPetById2": {"ok": {**PET, "id": 2}},
    "login": {"ok": {"authenticated": True}},
}


class Player:
    """Follows the steps of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.name = scenario.name
        self.definition: Any = None
        self.input: Any = None
        self.world: World | None = None
        for step in scenario.steps:
            self._follow(step.text, parse(step.block) if step.block is not None else None)

    @property
    def ran(self) -> World:
        assert self.world is not None
        return self.world

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
        getting = {"ok": RESPONSE if "Response Output" in self.name else PET}
        if "petName" in str(self.definition):
            getting = {"fails": "communication", "status": 404}  # type: ignore[dict-item]
        self.world = World(self.definition, {"input": self.input, "answers": {**ANSWERS, "getPet": getting}})
        self.world.run()

    def completes(self, block: Any) -> None:
        assert self.ran.state.status is RunStatus.COMPLETED, self.ran.state.error

    def completes_with(self, block: Any) -> None:
        assert self.ran.output == block

    def faults(self, block: Any) -> None:
        assert self.ran.state.status is RunStatus.FAULTED

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
        assert self._order()[0] == name

    def last(self, name: str, block: Any) -> None:
        assert self._order()[-1] == name

    def after(self, name: str, other: str, block: Any) -> None:
        order = self._order()
        assert order.index(name) > order.index(other)

    def _order(self) -> list[str]:
        return self.ran.names()

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


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: Scenario) -> None:
    Player(scenario)


def test_all_are_there() -> None:
    assert len(SCENARIOS) == 21
