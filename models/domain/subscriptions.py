"""Which events reach the inbox of a run that listens: decided while an event is accepted, before the run is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from models.domain.event_filters import evaluate, matches


def may_want(spec: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether a filter of protocol_messages.Subscribe may match the event; the engine of the run looks closer."""
    if not matches(spec["with"], envelope):
        return False
    for key in spec["keys"]:
        value = evaluate(key["from"], dict(envelope))
        if value is None or key["is"] not in (value, json.dumps(value)):
            return False
    return True
