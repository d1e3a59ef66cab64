"""Cursor pages: a cursor is opaque to callers and holds the position after the last item."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from models.domain.errors import Fault, InvalidInput
from models.domain.limits import Limits

_MAX = Limits()

Cursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=_MAX.max_page, description="How many items at most.")]
DEFAULT_PAGE = _MAX.default_page


def _no_surrogates(text: str) -> str:
    if "\0" in text or (not text.isprintable() and any(0xD800 <= ord(c) < 0xE000 for c in text)):
        raise ValueError("has characters that cannot be used")
    return text


Text = Annotated[str, AfterValidator(_no_surrogates)]


def no_number(value: object) -> object:
    """For BeforeValidator: refuses bare numbers where a time is wanted."""
    if isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("write a date and time with its offset, such as 2026-11-24T10:00:00Z")
    return value


# A bare number would be taken for seconds since 1970.
Instant = Annotated[AwareDatetime, BeforeValidator(no_number)]


def encode_cursor(position: tuple[str, ...] | None) -> str | None:
    """The opaque form of a position."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def decode_cursor(cursor: str | None, parts: int = 1) -> tuple[str, ...] | None:
    """The position in a cursor; InvalidInput when we did not make it."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        position = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _bad_cursor() from None
    if not isinstance(position, list) or len(position) != parts or not all(isinstance(p, str) for p in position):
        raise _bad_cursor()
    if any("\0" in part for part in position):
        raise _bad_cursor()
    return tuple(position)


def decode_id_cursor(cursor: str | None) -> tuple[str, ...] | None:
    """As decode_cursor, for lists ordered by a UUID."""
    position = decode_cursor(cursor)
    if position is not None:
        try:
            UUID(position[0])
        except ValueError:
            raise _bad_cursor() from None
    return position


def _bad_cursor() -> InvalidInput:
    return InvalidInput("The cursor is not one of ours.", [Fault("/cursor", "use `next` of the page before")])
