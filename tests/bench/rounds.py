"""Two sides measured in turns in one run: A B A B ..., medians, and the ratio of the medians."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


class SideFailed(Exception):
    """A side did not do its work; there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Side:
    """One contender: `measure` does one round and returns its figure; it raises SideFailed when work is missing."""

    name: str
    measure: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Row:
    """What came out of some rounds."""

    title: str
    unit: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    names: tuple[str, str]
    higher_is_better: bool = True

    @property
    def ratio(self) -> float:
        """Ours to theirs; above 1 is better for us whichever way the unit goes."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return ours / theirs if self.higher_is_better else theirs / ours

    def cells(self) -> tuple[str, str, str, str]:
        return (f"{self.title} ({self.unit})", _spread(self.ours, self.names[0]), _spread(self.theirs, self.names[1]),
                f"{self.ratio:.2f}")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """What some rounds came to where there is nobody to stand beside; `target` is what is to be reached."""

    title: str
    unit: str
    ours: tuple[float, ...]
    target: str

    def cells(self) -> tuple[str, str, str, str]:
        return f"{self.title} ({self.unit})", _spread(self.ours), f"to reach: {self.target}", ""


Line = Row | Figure


def compare(
    title: str, unit: str, ours: Side, theirs: Side, rounds: int, *, higher_is_better: bool = True
) -> Row:
    """Measures both sides in turns, after one round of each that does not count."""
    ours.measure()
    theirs.measure()
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        found[0].append(ours.measure())
        found[1].append(theirs.measure())
    return Row(title, unit, tuple(found[0]), tuple(found[1]), (ours.name, theirs.name), higher_is_better)


def table(rows: Sequence[Line]) -> str:
    """Markdown."""
    lines = ["| what | Tidewire: min / median / max | beside it: min / median / max | ratio |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return "\n".join(lines)


def _spread(values: Sequence[float], name: str = "") -> str:
    places = 0 if max(values) >= 100 else 1 if max(values) >= 10 else 2
    shown = " / ".join(f"{value:,.{places}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{shown} ({name})" if name else shown
