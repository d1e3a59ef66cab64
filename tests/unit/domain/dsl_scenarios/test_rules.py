"""One scenario for each rule of the DSL reference, played on the pure engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.domain.dsl_documents import parse
from tests.unit.domain.dsl_scenarios.world import play

RULES = Path(__file__).with_name("rules")


def _scenarios() -> list[Any]:
    found = []
    for path in sorted(RULES.glob("*.yaml")):
        found += [pytest.param(one, id=f"{path.stem}: {one['rule']}") for one in parse(path.read_text())]
    return found


SCENARIOS = _scenarios()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rule(scenario: dict[str, Any]) -> None:
    play(scenario)


def test_there_is_one_for_each_rule() -> None:
    names = [one.id for one in SCENARIOS]
    assert len(names) == len(set(names))
    assert len(names) >= 150
