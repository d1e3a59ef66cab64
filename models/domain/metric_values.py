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


def number_reader(pointer: str, most: float) -> Reader:
    """Reads a number of at most `most` in size; anything else is None."""
    parts = parse_pointer(pointer)

    def read(event: Any, data: Any) -> int | float | None:
        value = at_pointer(parts, data)
        if (type(value) is int or type(value) is float) and -most <= value <= most:
            return value
        return None

    if len(parts) != 1:
        return read
    (part,) = parts

    def read_member(event: Any, data: Any) -> int | float | None:
        value = data.get(part) if type(data) is dict else at_pointer(parts, data)
        if (type(value) is float or type(value) is int) and -most <= value <= most:
            return value
        return None

    return read_member


def text_reader(pointer: str) -> Reader:
    """Reads a string as it is, anything else as JSON; None for null and nothing."""
    parts = parse_pointer(pointer)

    def read(event: Any, data: Any) -> str | None:
        return _text(at_pointer(parts, data))

    if len(parts) != 1:
        return read
    (part,) = parts

    def read_member(event: Any, data: Any) -> str | None:
        value = data.get(part) if type(data) is dict else at_pointer(parts, data)
        return value if type(value) is str else _text(value)

    return read_member


def _text(value: Any) -> str | None:
    if type(value) is str or value is None:
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def cut_text(text: str, longest: int) -> str:
    """At most `longest` bytes of UTF-8, without what PostgreSQL cannot store."""
    if len(text) <= longest and text.isascii() and "\0" not in text:
        return text
    whole = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")
    return whole[:longest].decode("utf-8", "ignore")
