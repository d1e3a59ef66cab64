"""What became of a step: a value, never a flag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The step happened and gave this JSON output."""

    output: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The step failed with this error object of the DSL (`instance` is added by the engine)."""

    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The step was sent and no answer came: it may or may not have happened. `error` says what was seen."""

    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The step was stopped because nobody wants its result any more; nothing is reported."""


Outcome = Succeeded | Failed | Uncertain | Cancelled
