"""Where somebody may see things, as the five parameters that lists of SQL take."""

from __future__ import annotations

from models.domain.authorization import Reach

Parameters = tuple[bool | None, list[str], list[str], list[str], list[str]]


def parameters(reach: Reach) -> Parameters:
    """Everywhere (NULL: and nothing is denied), names, prefixes, and the names and prefixes that are denied."""
    if reach.whole:
        return None, [], [], [], []
    allowed, denied = reach.allowed, reach.denied
    everywhere = allowed.everywhere and not denied.everywhere
    if denied.everywhere:
        return False, [], [], [], []
    return everywhere, sorted(allowed.names), list(allowed.prefixes), sorted(denied.names), list(denied.prefixes)
