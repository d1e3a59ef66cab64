"""How often a chain of events and runs has gone on: a CloudEvents extension attribute counts, so that a workflow whose
event starts itself comes to an end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HOPS = "tidewirehops"


def hops_of(envelope: Mapping[str, Any]) -> int:
    """The hops of an event; 0 for one that no run emitted."""
    found = envelope.get(HOPS, 0)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**31 else 0
