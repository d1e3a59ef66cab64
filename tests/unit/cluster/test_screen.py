"""Which lines of the parts a person gets to see."""

from __future__ import annotations

import pytest

from cluster.up import level_of


@pytest.mark.parametrize(
    ("part", "text", "level"),
    [
        ("relay", "INFO tidewire ready", 1),
        ("ray", "WARNING tidewire.push lost", 2),
        ("postgres", "2026-11-24 FATAL:  role does not exist", 3),
        ("postgres", "2026-11-24 LOG:  checkpoint starting", 0),
        ("postgres", "2026-11-24 FATAL:  the database system is starting up", 0),
        ("ray", "DEBUG x", 0),
        ("ray", "plain words", 1),
    ],
)
def test_lines_are_as_grave_as_their_words(part: str, text: str, level: int) -> None:
    assert level_of(part, text) == level
