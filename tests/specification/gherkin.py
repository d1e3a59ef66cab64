"""Reads the conformance scenarios of the specification: the little of Gherkin that they are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_BLOCK = '"""'


@dataclass
class Step:
    """One line, and the text block below it."""

    text: str
    block: str | None = None


@dataclass
class Scenario:
    """A name and its steps."""

    name: str
    steps: list[Step] = field(default_factory=list)


def scenarios(path: Path) -> Iterator[Scenario]:
    """The scenarios of a feature file."""
    scenario: Scenario | None = None
    lines = iter(path.read_text().splitlines())
    for line in lines:
        text = line.strip()
        if text.startswith("Scenario:"):
            if scenario is not None:
                yield scenario
            scenario = Scenario(text.removeprefix("Scenario:").strip())
        elif text.startswith(_BLOCK) and scenario is not None:
            scenario.steps[-1].block = _block(lines, line.index(_BLOCK))
        elif (found := re.match(r"(Given|When|Then|And) (.*)", text)) and scenario is not None:
            scenario.steps.append(Step(found[2]))
    if scenario is not None:
        yield scenario


def _block(lines: Iterator[str], indent: int) -> str:
    found = []
    for line in lines:
        if line.strip().startswith(_BLOCK):
            break
        found.append(line[indent:])
    return "\n".join(found)
