"""Reads the values a metric looks at out of an event."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

# (event, its data) -> what stands there, None when there is nothing.
Reader = Callable[[Any, Any], Any]


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """RFC 6901 text to its parts; the empty pointer is the whole."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def at_pointer(parts: tuple[str, ...], data: Any) -> Any:
    """What stands there; None when nothing does."""
    for part in parts:
        if type(data) is dict:
            data = data.get(part)
        elif type(data) is list and part.isdecimal() and part.isascii():
            place = int(part)
            data = data[place] if place < len(data) else None
        else:
            return None
    return data


def number_at(parts: tuple[str, ...], most: float, event: Any, data: Any) -> int | float | None:
    """A number of at most `most` in size, else None."""
    value = at_pointer(parts, data)
    if (type(value) is int or type(value) is float) and -most <= value <= most:
        return value
    return None


def text_at(parts: tuple[str, ...], event: Any, data: Any) -> str | None:
    """A string as it is, anything else as JSON; None for null and nothing."""
    value = at_pointer(parts, data)
    if type(value) is str or value is None:
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def cut_text(text: str, longest: int) -> str:
    """At most `longest` bytes of UTF-8, without what PostgreSQL cannot store."""
    if len(text) <= longest and text.isascii() and "\0" not in text:
        return text
    whole = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")
    return whole[:longest].decode("utf-8", "ignore")
