"""A short walk: every crash point of every process once, in one system, while load goes on."""

from __future__ import annotations

import time
from pathlib import Path

from models.domain.crash_points import CRASH_POINTS
from tests.chaos.scenario import running_scenario
from tests.chaos.walk import Walk


def test_a_process_that_dies_at_any_point_breaks_no_promise(tmp_path: Path) -> None:
    began = time.monotonic()

    def told(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}")

    with running_scenario(tmp_path) as scenario:
        walk = Walk(scenario.points, scenario.instance, scenario.restart, told)
        walk.run()
        scenario.system.wait_ready()
        scenario.wait_working()
        broken = scenario.settle()
        told(f"{len(walk.firings)} points, {len(scenario.load.ledger.runs)} runs")
    assert walk.faults == []
    assert broken == []
    assert len(walk.firings) == len(CRASH_POINTS)
