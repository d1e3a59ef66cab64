from __future__ import annotations

from pathlib import Path

from cluster.instance import locked
from cluster.phases import PhaseFile, phases


def test_phases_are_seen_from_outside_while_the_instance_runs(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    file = PhaseFile(tmp_path, lambda name, phase: heard.append((name, phase)))
    assert phases(tmp_path) == {}
    with locked(tmp_path):
        file.told("postgres", "starting")
        file.told("ray", "waiting")
        file.told("postgres", "ready")
        assert phases(tmp_path) == {"postgres": "ready", "ray": "waiting"}
    assert heard == [("postgres", "starting"), ("ray", "waiting"), ("postgres", "ready")]


def test_what_a_killed_instance_left_behind_is_not_believed(tmp_path: Path) -> None:
    with locked(tmp_path):
        PhaseFile(tmp_path, lambda name, phase: None).told("ray", "ready")
    assert phases(tmp_path) == {}


def test_a_stopped_instance_leaves_nothing(tmp_path: Path) -> None:
    file = PhaseFile(tmp_path, lambda name, phase: None)
    file.told("ray", "ready")
    file.remove()
    assert [path.name for path in tmp_path.iterdir()] == []
