"""Which lines of the parts a person gets to see."""

from __future__ import annotations

import pytest

from cluster.up import level_of


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("INFO tidewire ready", 1),
        ("WARNING tidewire.push lost", 2),
        ("2026-11-24 FATAL:  role does not exist", 3),
        ("DEBUG x", 0),
        ("plain words", 1),
    ],
)
def test_lines_are_as_grave_as_their_words(text: str, level: int) -> None:
    assert level_of(text) == level
