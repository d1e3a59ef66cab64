"""What a listen has heard so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Listening:
    """The state of one listen. `expect` has, for each filter, the values that were expected from the beginning; `keys`
    the values that came first; `heard` the places of the filters that had their event. `is_busy` while the tasks of
    `foreach` work on an event; `size` is that of all events together, in bytes of JSON.
    """

    expect: tuple[Mapping[str, Any], ...]
    keys: Mapping[str, Any] = field(default_factory=dict)
    heard: frozenset[int] = frozenset()
    results: tuple[Any, ...] = ()
    is_busy: bool = False
    has_ended: bool = False
    size: int = 0
