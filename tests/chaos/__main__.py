"""`python -m tests.chaos points` lists the crash points; without a word it breaks a whole system in every way."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.domain.crash_points import CRASH_POINTS
from tests.chaos.scenario import running_scenario
from tests.chaos.walk import Walk


def show_points(console: Console) -> None:
    """One line a point."""
    table = Table("point", "what is true there", box=None, pad_edge=False)
    for point in CRASH_POINTS:
        table.add_row(point.name, point.meaning)
    console.print(table)
    count = Counter(point.process for point in CRASH_POINTS)
    console.print(f"{len(CRASH_POINTS)} points: " + ", ".join(f"{name} {n}" for name, n in sorted(count.items())))


def main(words: list[str]) -> int:
    """The exit code."""
    console = Console()
    if words == ["points"]:
        show_points(console)
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, running_scenario(Path(folder)) as scenario:
        console.print(f"{time.monotonic() - began:6.1f} s  ready")
        walk = Walk(
            scenario.points, scenario.instance, scenario.restart,
            lambda text: console.print(f"{time.monotonic() - began:6.1f} s  {text}", highlight=False),
        )  # fmt: skip
        walk.run()
        scenario.system.wait_ready(180)
        scenario.wait_working()
        console.print(f"{time.monotonic() - began:6.1f} s  settling")
        faults = [*walk.faults, *scenario.settle()]
        console.print(f"{time.monotonic() - began:6.1f} s  {len(scenario.load.ledger.runs)} runs, {len(faults)} faults")
        for fault in faults[:50]:
            console.print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
