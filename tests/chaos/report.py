"""Progress while systems are broken, and one table at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass
class Report:
    """`times`: what was done -> seconds until it worked again, each time."""

    console: Console
    began: float = field(default_factory=time.monotonic)
    times: dict[str, list[float]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def line(self, text: str) -> None:
        """A line of progress."""
        self.console.print(f"{time.monotonic() - self.began:7.1f} s  {text}", highlight=False, soft_wrap=True)

    def took(self, what: str, seconds: float) -> None:
        """It worked again after so long."""
        self.times.setdefault(what, []).append(seconds)
        self.line(f"{what}: works again after {seconds:.1f} s")

    def broke(self, faults: Sequence[str]) -> None:
        """Promises that did not hold."""
        self.faults += faults
        for fault in faults[:20]:
            self.line(f"BROKEN: {fault}")

    def show(self) -> None:
        """The summary."""
        table = Table("what", "times", "works again after (median, longest)", box=None, pad_edge=False)
        for what, seconds in self.times.items():
            middle = sorted(seconds)[len(seconds) // 2]
            table.add_row(what, str(len(seconds)), f"{middle:.1f} s, {max(seconds):.1f} s")
        self.console.print(table)
        figures = Table("figure", "", box=None, pad_edge=False)
        for name, value in self.figures.items():
            figures.add_row(name, value)
        self.console.print(figures)
        self.console.print(f"{len(self.faults)} broken promises")
