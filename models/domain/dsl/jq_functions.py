"""Operators and functions of jq over Python values. Unsure is raised where jq itself must be asked, errors included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_EXACT = 2**53
# Backstops for what is made on the way to a result; results themselves are held to max_data_bytes.
_MOST_CHARACTERS = 4_000_000
_MOST_ITEMS = 1_000_000


class Unsure(Exception):
    """The result is not certain to be what jq would give."""


class TooMuch(ValueError):
    """It takes too long or grows too large; asking jq would only make that worse."""


def is_true(value: Any) -> bool:
    """Everything but false and null."""
    return value is not None and value is not False


def rank(value: Any) -> int:
    """The order of types."""
    if value is None:
        return 0
    if value is False:
        return 1
    if value is True:
        return 2
    if isinstance(value, int | float):
        return 3
    if isinstance(value, str):
        return 4
    return 5 if isinstance(value, list) else 6


def exact(value: Any) -> Any:
    """The number; Unsure when a double cannot hold it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_EXACT <= value <= _EXACT:
        raise Unsure
    return value


def number(value: float) -> int | float:
    """A result, as jq gives it: whole numbers are integers."""
    if not -_EXACT <= value <= _EXACT:
        raise Unsure
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def equals(a: Any, b: Any) -> bool:
    """Deep equality; true is not 1."""
    pairs = [(a, b)]
    for _ in range(_MOST_ITEMS):
        if not pairs:
            return True
        x, y = pairs.pop()
        kind = rank(x)
        if kind != rank(y):
            return False
        if kind < 5:
            if not (exact(x) == exact(y) if kind == 3 else x == y):
                return False
        elif len(x) != len(y):
            return False
        elif kind == 5:
            pairs.extend(zip(x, y, strict=True))
        elif x.keys() != y.keys():
            return False
        else:
            pairs.extend((value, y[name]) for name, value in x.items())
    raise TooMuch("the values are too large to compare")


def less(a: Any, b: Any) -> bool:
    """The order of jq, for what is not a list or an object."""
    first, second = rank(a), rank(b)
    if first != second:
        return first < second
    if first == 3:
        return bool(exact(a) < exact(b))
    if first == 4:
        return bool(a < b)
    if first >= 5:
        raise Unsure
    return False


def calculate(operator: str, a: Any, b: Any) -> Any:
    """`+ - * / %` where jq is sure to accept them."""
    if operator == "+":
        return add(a, b)
    exact(a), exact(b)
    if operator == "-":
        return number(a - b)
    if operator == "*":
        return number(a * b)
    if b == 0:
        raise Unsure
    if operator == "/":
        return number(a / b)
    if isinstance(a, int) and isinstance(b, int) and a >= 0 and b > 0:
        return a % b
    raise Unsure


def add(a: Any, b: Any) -> Any:
    if a is None:
        return b
    if b is None:
        return a
    if isinstance(a, str) and isinstance(b, str):
        return within(a + b)
    if isinstance(a, list) and isinstance(b, list):
        return within([*a, *b])
    if isinstance(a, dict) and isinstance(b, dict):
        return {**a, **b}
    return number(exact(a) + exact(b))


def within(value: Any) -> Any:
    """The text or list; TooMuch when it grew over the backstop."""
    if len(value) > (_MOST_CHARACTERS if isinstance(value, str) else _MOST_ITEMS):
        raise TooMuch("a value on the way to the result is too large")
    return value


def index(of: Any, key: Any) -> Any:
    """`.[key]`."""
    if isinstance(key, str):
        if isinstance(of, dict):
            return of.get(key)
        if of is None:
            return None
    elif isinstance(key, int) and not isinstance(key, bool):
        if of is None:
            return None
        if isinstance(of, list):
            return of[key] if -len(of) <= key < len(of) else None
    raise Unsure


def cut(of: Any, first: Any, last: Any) -> Any:
    """`.[first:last]`."""
    for bound in (first, last):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int)):
            raise Unsure
    if of is None:
        return None
    if isinstance(of, list | str):
        return of[first:last]
    raise Unsure


def text_of(value: Any) -> str:
    """`tostring`, for what has only one way to be written."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(exact(value))
    raise Unsure


# ---------------------------------------------------------------- functions


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise Unsure


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Unsure


def _scalar_key(value: Any) -> tuple[int, Any]:
    kind = rank(value)
    if kind >= 5:
        raise Unsure
    return kind, exact(value) if kind == 3 else value if kind == 4 else 0


def length(value: Any) -> int | float:
    if value is None:
        return 0
    if isinstance(value, str | list | dict):
        return len(value)
    return number(abs(exact(value)))


def type_(value: Any) -> str:
    return ("null", "boolean", "boolean", "number", "string", "array", "object")[rank(value)]


def keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return sorted(value)
    return list(range(len(_list(value))))


def has(value: Any, key: Any) -> bool:
    if isinstance(value, dict) and isinstance(key, str):
        return key in value
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return 0 <= key < len(value)
    raise Unsure


def sum_(value: Any) -> Any:
    total: Any = None
    items = _list(value)
    if items and isinstance(items[0], str):
        return within("".join(map(_text, items)))
    if items and isinstance(items[0], list):
        return _concatenated(items)
    for item in items:
        total = add(total, item)
    return total


def _concatenated(items: list[Any]) -> list[Any]:
    total: list[Any] = []
    for part in items:
        total.extend(_list(part))
        within(total)
    return total


def join(value: Any, separator: Any) -> str:
    texts = ["" if item is None else text_of(item) for item in _list(value)]
    return str(within(_text(separator).join(texts)))


def split(value: Any, separator: Any) -> list[str]:
    text, by = _text(value), _text(separator)
    if not by:
        raise Unsure
    return text.split(by) if text else []


def _ascii(change: Callable[[str], str]) -> Callable[[Any], str]:
    def run(value: Any) -> str:
        text = _text(value)
        if not text.isascii():
            raise Unsure
        return change(text)

    return run


def to_number(value: Any) -> Any:
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and (value == "0" or value[0] != "0")):
            raise Unsure
        return exact(int(value))
    return number(exact(value))


def floor(value: Any) -> int:
    return int(exact(value) // 1)


def contains(value: Any, part: Any) -> bool:
    if "\0" in _text(part) or "\0" in _text(value):
        raise Unsure
    return _text(part) in _text(value)


def smallest(value: Any) -> Any:
    return min(_list(value), key=_scalar_key, default=None)


def largest(value: Any) -> Any:
    # Of equal ones jq takes the last; equal scalars are the same.
    return max(_list(value), key=_scalar_key, default=None)


def to_entries(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        raise Unsure
    return [{"key": key, "value": member} for key, member in value.items()]


def unique(value: Any) -> list[Any]:
    result: list[Any] = []
    for item in sorted(_list(value), key=_scalar_key):
        if not result or not equals(result[-1], item):
            result.append(item)
    return result


PLAIN: dict[tuple[str, int], Callable[..., Any]] = {
    ("add", 0): sum_,
    ("all", 0): lambda value: all(map(is_true, _list(value))),
    ("any", 0): lambda value: any(map(is_true, _list(value))),
    ("ascii_downcase", 0): _ascii(str.lower),
    ("ascii_upcase", 0): _ascii(str.upper),
    ("contains", 1): contains,
    ("endswith", 1): lambda value, part: _text(value).endswith(_text(part)),
    ("first", 0): lambda value: index(_list(value), 0),
    ("floor", 0): floor,
    ("has", 1): has,
    ("join", 1): join,
    ("keys", 0): keys,
    ("last", 0): lambda value: index(_list(value), -1),
    ("length", 0): length,
    ("max", 0): largest,
    ("min", 0): smallest,
    ("not", 0): lambda value: not is_true(value),
    ("reverse", 0): lambda value: _list(value)[::-1],
    ("sort", 0): lambda value: sorted(_list(value), key=_scalar_key),
    ("split", 1): split,
    ("startswith", 1): lambda value, part: _text(value).startswith(_text(part)),
    ("to_entries", 0): to_entries,
    ("tonumber", 0): to_number,
    ("tostring", 0): text_of,
    ("type", 0): type_,
    ("unique", 0): unique,
}


def _any_of(value: Any, item: Callable[[Any], Any], scope: Any) -> bool:
    scope.spend(len(_list(value)))
    return any(is_true(item(each)) for each in value)


def _all_of(value: Any, item: Callable[[Any], Any], scope: Any) -> bool:
    scope.spend(len(_list(value)))
    return all(is_true(item(each)) for each in value)


def _sort_by(value: Any, item: Callable[[Any], Any], scope: Any) -> list[Any]:
    scope.spend(len(_list(value)))
    return sorted(value, key=lambda each: _scalar_key(item(each)))


def _group_by(value: Any, item: Callable[[Any], Any], scope: Any) -> list[Any]:
    scope.spend(len(_list(value)))
    groups: dict[tuple[int, Any], list[Any]] = {}
    for each in value:
        groups.setdefault(_scalar_key(item(each)), []).append(each)
    return [groups[key] for key in sorted(groups)]


BY_ITEM: dict[tuple[str, int], Callable[[Any, Callable[[Any], Any], Any], Any]] = {
    ("all", 1): _all_of,
    ("any", 1): _any_of,
    ("group_by", 1): _group_by,
    ("sort_by", 1): _sort_by,
}
STREAMS = frozenset((("select", 1), ("empty", 0)))
