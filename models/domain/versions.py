"""Semantic Versioning 2.0.0: which of two versions comes later."""

from __future__ import annotations

Precedence = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def precedence(version: str) -> Precedence:
    """A key that sorts as the specification says; build metadata does not count.

    A text that is no semantic version sorts before all that are.
    """
    core, _, rest = version.partition("+")[0].partition("-")
    try:
        numbers = tuple(int(part) for part in core.split("."))
    except ValueError:
        return (), False, ((True, 0, version),)
    return numbers, not rest, tuple(_identifier(part) for part in rest.split(".")) if rest else ()


def _identifier(part: str) -> tuple[bool, int, str]:
    # Numbers come before words, numbers by value, words by ASCII.
    return (False, int(part), "") if part.isascii() and part.isdigit() else (True, 0, part)
