"""The conformance scenarios of the specification on the real engine, with stand-ins of the services they call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.specification.gherkin import Scenario, scenarios
from tests.specification.player import Outcome, Player
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


def execute(name: str, definition: Any, given: Any) -> Outcome:
    """On the pure engine."""
    getting: dict[str, Any] = {"ok": RESPONSE if "Response Output" in name else PET}
    if "petName" in str(definition):
        getting = {"fails": "communication", "status": 404}
    world = World(definition, {"input": given, "answers": {**ANSWERS, "getPet": getting}})
    world.run()
    return Outcome(world.state.status.value, world.state.output, world.state.error, world.names())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: Scenario) -> None:
    Player(scenario, execute)


def test_all_are_there() -> None:
    assert len(SCENARIOS) == 21
