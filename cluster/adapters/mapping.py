"""What the adapters of the API share: the same thing as two rooms call it, pages, and what is not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from models.domain.errors import Fault, InvalidInput, NotFound
from serve import records as r

T = TypeVar("T")


def as_(kind: type[T], value: Any) -> T:
    """The other room's record of the same thing: the fields have the same names, a test says so."""
    return kind(*(getattr(value, one.name) for one in fields(kind)))  # type: ignore[arg-type]


def there(found: T | None, missing: str) -> T:
    """What was found, or NotFound."""
    if found is None:
        raise NotFound(missing)
    return found


def page(found: Sequence[T], limit: int, place: Callable[[T], tuple[str, ...]]) -> r.Page[T]:
    """`found` has one item more than the page when there is a next page."""
    items = found[:limit]
    return r.Page(items, place(items[-1]) if len(found) > limit else None)


def time_of(text: str) -> datetime:
    """A time in a cursor; InvalidInput when it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidInput("The cursor is not one of ours.", [Fault("/cursor", "use `next` of the page before")])
    return at
