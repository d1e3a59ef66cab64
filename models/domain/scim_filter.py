"""Filters of SCIM (RFC 7644, 3.4.2.2): a text becomes a tree, and the tree says which resources it means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.errors import Fault, InvalidInput
from models.domain.limits import Limits

Path = tuple[str, ...]
_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[A-Za-z$][\w$.:-]*)|(?P<number>-?\d+(?:\.\d+)?))"""
)
_URN = re.compile(r"(urn:[\w.:-]*):([A-Za-z$][\w$.-]*)", re.IGNORECASE)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
# Compared to the letter; all other texts without regard to case.
_EXACT = frozenset({"id", "externalid", "version", "location", "$ref"})
_DEEPEST = 20


class InvalidFilter(InvalidInput):
    """The filter is not a SCIM filter."""


@dataclass(frozen=True, slots=True)
class Compare:
    """`path` operator `value`; the operator is `pr` for what only has to be there."""

    path: Path
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Within:
    """One value of the many at `path` fits all of `condition`."""

    path: Path
    condition: Filter


@dataclass(frozen=True, slots=True)
class Both:
    """Each of them."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of them, or more."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The others."""

    part: Filter


Filter = Compare | Within | Both | Either | Not


def parse_filter(text: str, limits: Limits) -> Filter:
    """InvalidFilter says where it stops being one."""
    if len(text.encode()) > limits.max_scim_filter_bytes:
        raise InvalidFilter(f"The filter is longer than {limits.max_scim_filter_bytes} bytes.")
    parser = _Parser(text, limits.max_scim_filter_terms)
    found = parser.either(0)
    parser.end()
    return found


def parse_path(text: str) -> Path:
    """`name.familyName`, with or without the URN of its schema, as lower-case parts; those of the extension begin
    with its URN."""
    plain, prefix = text.strip(), ENTERPRISE.lower()
    if plain.lower() == prefix:
        return (prefix,)
    found = _URN.fullmatch(plain)
    if found is not None and found[1].lower() == prefix:
        return (prefix, *parse_path(found[2]))
    parts = tuple(part.lower() for part in (found[2] if found else plain).split("."))
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch(r"[a-z$][\w$-]*", part) for part in parts):
        raise InvalidFilter(f"{text[:100]!r} is not the path of an attribute.")
    return parts


class _Parser:
    def __init__(self, text: str, most: int) -> None:
        self._text, self._at, self._left = text, 0, most

    def either(self, depth: int) -> Filter:
        parts = [self._both(depth)]
        while self._takes_word("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._takes_word("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self, depth: int) -> Filter:
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise InvalidFilter("The filter has too many parts.")
        if self._takes("not", word=True):
            self._must("(")
            inner = self.either(depth + 1)
            self._must(")")
            return Not(inner)
        if self._takes("("):
            inner = self.either(depth + 1)
            self._must(")")
            return inner
        return self._expression(depth)

    def _expression(self, depth: int) -> Filter:
        path = parse_path(self._next("word", "the name of an attribute"))
        if self._takes("["):
            inner = self.either(depth + 1)
            self._must("]")
            return Within(path, inner)
        operator = self._next("word", "an operator").lower()
        if operator == "pr":
            return Compare(path, "pr")
        if operator not in _OPERATORS:
            raise self._fault("an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
        return Compare(path, operator, self._value())

    def _value(self) -> Any:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found["mark"]:
            raise self._fault("a value")
        try:
            value = json.loads(found["text"] or found["number"] or (found["word"] or "").lower())
        except ValueError:
            raise self._fault("a text in double quotes, a number, true, false or null") from None
        self._at = found.end()
        return value

    def _next(self, kind: str, wanted: str) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None or not found[kind]:
            raise self._fault(wanted)
        self._at = found.end()
        return str(found[kind])

    def _takes(self, what: str, word: bool = False) -> bool:
        found = _TOKEN.match(self._text, self._at)
        if found is None or (found["word" if word else "mark"] or "").lower() != what:
            return False
        self._at = found.end()
        return True

    def _takes_word(self, what: str) -> bool:
        return self._takes(what, word=True)

    def _must(self, mark: str) -> None:
        if not self._takes(mark):
            raise self._fault(mark)

    def end(self) -> None:
        if self._text[self._at :].strip():
            raise self._fault("the end, `and` or `or`")

    def _fault(self, wanted: str) -> InvalidFilter:
        detail = f"expected {wanted} at character {self._at + 1}"
        return InvalidFilter(f"The filter is not usable: {detail}.", [Fault("/filter", detail)])


def matches(resource: Mapping[str, Any], wanted: Filter) -> bool:
    """Whether the resource, as SCIM shows it, is one of those meant."""
    match wanted:
        case Both(parts):
            return all(matches(resource, part) for part in parts)
        case Either(parts):
            return any(matches(resource, part) for part in parts)
        case Not(part):
            return not matches(resource, part)
        case Within(path, condition):
            return any(isinstance(one, Mapping) and matches(one, condition) for one in values_at(resource, path))
        case Compare(path, "pr"):
            return any(one not in (None, "", [], {}) for one in values_at(resource, path))
        case Compare(path, "ne", value):
            return not any(_fits(path, "eq", one, value) for one in _simple(resource, path))
        case Compare(path, operator, value):
            return any(_fits(path, operator, one, value) for one in _simple(resource, path))


def values_at(resource: Mapping[str, Any], path: Path) -> Iterator[Any]:
    """All values at a path: names without regard to case, lists as their items."""
    found: list[Any] = [resource]
    for name in path:
        found = [
            item
            for one in found
            if isinstance(one, Mapping)
            for key, value in one.items()
            if key.lower() == name
            for item in (value if isinstance(value, list) else [value])
        ]
    return iter(found)


def _simple(resource: Mapping[str, Any], path: Path) -> Iterator[Any]:
    """Of a value with parts, the part `value` is compared."""
    found = list(values_at(resource, path))
    for one in found or [None]:
        yield next(values_at(one, ("value",)), None) if isinstance(one, Mapping) else one


def _fits(path: Path, operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        if path[-1] not in _EXACT:
            left, right = left.casefold(), right.casefold()
        return bool(_TEXTS[operator](left, right))
    if operator == "eq":
        return left == right and isinstance(left, bool) == isinstance(right, bool)
    is_number = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (left, right))
    return is_number and operator in _ORDERS and bool(_ORDERS[operator](left, right))


_ORDERS: Any = {
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
}  # fmt: skip
_TEXTS: Any = {
    **_ORDERS, "eq": lambda a, b: a == b, "co": lambda a, b: b in a, "sw": lambda a, b: a.startswith(b),
    "ew": lambda a, b: a.endswith(b),
}  # fmt: skip
