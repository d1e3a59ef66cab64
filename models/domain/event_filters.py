"""Event filters of the DSL: which CloudEvents a workflow wants.

An attribute is wanted as a literal, as a pattern (text with one of `^$*+?()[]{}|` or a backslash) or as a jq expression
that sees the attribute's value. Filters run while an event is being accepted, so both are held to what cannot run away
on any event: patterns to a part of regular expressions, expressions to a part of jq.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from models.domain.dsl.jq_functions import TooMuch, Unsure
from models.domain.dsl.jq_python import compile_program
from models.domain.dsl.jq_syntax import Unsupported, parse

EXPRESSION = re.compile(r"\s*\$\{(.+)\}\s*", re.DOTALL)
_SPECIAL = frozenset("^$*+?()[]{}|\\")
_MAX_PATTERN = 256
_MAX_EXPRESSION = 1_000
_MAX_ITEMS = 10_000
_MAX_OPTIONAL = 6
_MAX_REPEATED = 2
_MAX_ALTERNATIVES = 64
_TOKEN = re.compile(
    r"(?P<open>\((?!\?)) | (?P<close>\)) | (?P<or>\|) | (?P<many>[*+]) | (?P<maybe>\?) | (?P<end>[\^$])"
    r"| (?P<one>\\[^A-CE-RT-VX-Za-ce-rt-vx-z0-9] | \[\^?\]?(?:\\.|[^\]\\])*\] | [^()|*+?^$\\\[\]{}])",
    re.VERBOSE | re.DOTALL,
)


def needs_pattern(text: str) -> bool:
    """Whether this text is a pattern, and not just itself."""
    return not _SPECIAL.isdisjoint(text)


def check_pattern(text: str) -> None:
    """ValueError says why this pattern cannot be used."""
    if len(text) > _MAX_PATTERN:
        raise ValueError(f"it has more than {_MAX_PATTERN} characters")
    counts = dict.fromkeys(("many", "maybe", "or"), 0)
    before, place = "", 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise ValueError(
                f"{text[place : place + 12]} is not possible; use literals, ., [...], *, +, ?, | and groups"
            )
        kind = found.lastgroup
        if kind in ("many", "maybe") and before != "one":
            raise ValueError(f"{found[0]} must follow a single character, . or [...], not a group")
        counts[kind] = counts.get(kind, 0) + 1
        before, place = kind, found.end()
    for kind, limit, what in (
        ("many", _MAX_REPEATED, "* and +"),
        ("maybe", _MAX_OPTIONAL, "?"),
        ("or", _MAX_ALTERNATIVES, "|"),
    ):
        if counts[kind] > limit:
            raise ValueError(f"it has more than {limit} of {what}")
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"it is no regular expression ({error.msg})") from None


def check_expression(text: str) -> None:
    """ValueError says why this expression cannot be used in a filter."""
    if len(text) > _MAX_EXPRESSION:
        raise ValueError(f"it has more than {_MAX_EXPRESSION:,} characters")
    try:
        node = parse(text)
    except Unsupported:
        node = None
    if node is None or _multiplies(node) or compile_program(text, ()) is None:
        raise ValueError(
            "it is not simple enough; use paths, comparisons, and, or, not, startswith, endswith, contains, "
            "any, all, length and the like, without variables and commas"
        )


def _multiplies(node: Any) -> bool:
    if isinstance(node, tuple) and node and node[0] in ("comma", "object"):
        return True
    return isinstance(node, tuple | list) and any(map(_multiplies, node))


def matches(wanted: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether the event has all the attributes that a filter's `with` names, as they are wanted."""
    return all(
        name in envelope and (_is_data(want, envelope[name]) if name == "data" else _is(want, envelope[name]))
        for name, want in wanted.items()
    )


def _is(wanted: Any, actual: Any) -> bool:
    if not isinstance(wanted, str):
        return _same(wanted, actual)
    found = EXPRESSION.fullmatch(wanted)
    if found:
        return _holds(found[1], actual)
    if wanted == actual:
        return True
    return isinstance(actual, str) and needs_pattern(wanted) and _pattern(wanted).fullmatch(actual) is not None


def _is_data(wanted: Any, actual: Any) -> bool:
    if isinstance(wanted, str):
        found = EXPRESSION.fullmatch(wanted)
        return _holds(found[1], actual) if found else wanted == actual
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            name in actual and _is_data(want, actual[name]) for name, want in wanted.items()
        )
    return _same(wanted, actual)


def _same(wanted: Any, actual: Any) -> bool:
    # In JSON true is not 1.
    return isinstance(wanted, bool) == isinstance(actual, bool) and bool(wanted == actual)


def _holds(expression: str, value: Any) -> bool:
    """Whether the expression gives true, or the very value. One that fails does not match."""
    run = _program(expression)
    try:
        result = None if run is None else run(value, _Budget())
    except (Unsure, TooMuch, RecursionError):
        return False
    return result is True or (not isinstance(result, bool) and result is not None and _same(result, value))


def evaluate(expression: str, value: Any) -> Any:
    """What a simple expression, with or without `${ }`, gives; None when it cannot be evaluated."""
    found = EXPRESSION.fullmatch(expression)
    try:
        run = _program(found[1] if found else expression)
        return None if run is None else run(value, _Budget())
    except (Unsure, TooMuch, RecursionError, ValueError, TypeError, OverflowError):
        return None


class _Budget:
    """What an expression of a filter sees beside its value: no variables, and a limit on what it looks at."""

    def __init__(self) -> None:
        self._left = _MAX_ITEMS

    def get(self, name: str) -> Any:
        return None

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise TooMuch("a filter looks at too much")


@lru_cache(maxsize=1024)
def _program(expression: str) -> Callable[[Any, Any], Any] | None:
    found = compile_program(expression, ())
    return found[0] if found else None


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)
