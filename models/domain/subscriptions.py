"""Which events reach the inbox of a run that listens: decided while an event is accepted, before the run is asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from models.domain.event_filters import evaluate, matches

_LONGEST = 200
NO_KEY = ("", "")


def first_key(spec: Mapping[str, Any]) -> tuple[str, str]:
    """Under what a filter of protocol_messages.Subscribe is found: the expression of its first correlation and the
    text of what that must give; NO_KEY when it expects nothing that is known."""
    for key in spec["keys"]:
        if len(key["from"]) <= _LONGEST:
            return key["from"], _text(key["is"])
    return NO_KEY


def key_value(key_from: str, envelope: Mapping[str, Any]) -> str | None:
    """The text that an event has for such an expression; None when it has no value."""
    if not key_from:
        return NO_KEY[1]
    value = evaluate(key_from, dict(envelope))
    return None if value is None else _text(value)


def may_want(spec: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether a filter may match the event; the engine of the run looks closer."""
    if not matches(spec["with"], envelope):
        return False
    for key in spec["keys"]:
        value = evaluate(key["from"], dict(envelope))
        if value is None or _text(key["is"]) != _text(value):
            return False
    return True


def _text(value: Any) -> str:
    """A number and its text are one: a constant of a document is always text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _LONGEST else hashlib.sha256(text.encode()).hexdigest()
