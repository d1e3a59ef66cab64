"""The example documents of the specification: all validate, and all that need no part that is left out here run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.domain.dsl.validation import check_definition
from tests.unit.domain.dsl_documents import parse
from tests.unit.domain.dsl_scenarios.world import play_definition

PLACE = Path(__file__).parents[3] / "specification"
EXAMPLES = {path.stem: path for path in sorted((PLACE / "examples").glob("*.yaml"))}
RUNS: dict[str, Any] = parse((PLACE / "runs.yaml").read_text())
# It needs a program on this machine.
LEFT_OUT = {"call-mcp"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_validates(name: str) -> None:
    assert check_definition(parse(EXAMPLES[name].read_text()), not_yet=()) == []


@pytest.mark.parametrize("name", RUNS)
def test_it_runs(name: str) -> None:
    play_definition(parse(EXAMPLES[name].read_text()), RUNS[name])


def test_each_example_runs_or_is_left_out() -> None:
    assert RUNS.keys() | LEFT_OUT == EXAMPLES.keys()
    assert not RUNS.keys() & LEFT_OUT
