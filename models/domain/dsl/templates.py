"""Values with expressions inside: static ones cost nothing, dynamic ones are built anew, within limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.domain.dsl.expressions import Expression, Scope
from models.domain.dsl.problems import Problem, problem
from models.domain.limits import Limits

Build = Callable[[Any, Scope], Any]


class Template:
    """Any JSON; text of the form `${ }` in it is computed."""

    __slots__ = ("_build", "_limits", "_makes", "is_static", "value")

    def __init__(self, value: Any, build: Build | None, makes: bool, limits: Limits) -> None:
        self.value = value
        self.is_static = build is None
        self._build = build
        self._makes = makes
        self._limits = limits

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The value; Problem when an expression fails or the result is too large."""
        if self._build is None:
            return self.value
        result = self._build(data, scope)
        if self._makes:
            check_size(result, self._limits)
        return result


def static(value: Any, limits: Limits) -> Template:
    """A value that is known before anything runs."""
    return Template(value, None, False, limits)


def of_expression(expression: Expression, limits: Limits) -> Template:
    """The result of one expression."""
    return Template(None, expression.evaluate, expression.makes, limits)


def compile_template(value: Any, compile_text: Callable[[str], Expression | str], limits: Limits) -> Template:
    """A template; `compile_text` says which text is computed."""
    build, makes = _compile(value, compile_text)
    return Template(value if build is None else None, build, makes, limits)


def _compile(value: Any, compile_text: Callable[[str], Expression | str]) -> tuple[Build | None, bool]:
    if isinstance(value, str):
        found = compile_text(value)
        return (None, False) if isinstance(found, str) else (found.evaluate, found.makes)
    if isinstance(value, dict):
        members = {key: _compile(child, compile_text)[0] for key, child in value.items()}
        dynamic = [(key, build) for key, build in members.items() if build is not None]
        return (_object(value, dynamic), True) if dynamic else (None, False)
    if isinstance(value, list):
        items = [_compile(child, compile_text)[0] for child in value]
        changed = [(index, build) for index, build in enumerate(items) if build is not None]
        return (_list(value, changed), True) if changed else (None, False)
    return None, False


def _object(value: dict[str, Any], dynamic: list[tuple[str, Build]]) -> Build:
    def build(data: Any, scope: Scope) -> Any:
        result = value.copy()
        for key, member in dynamic:
            result[key] = member(data, scope)
        return result

    return build


def _list(value: list[Any], dynamic: list[tuple[int, Build]]) -> Build:
    def build(data: Any, scope: Scope) -> Any:
        result = value.copy()
        for index, item in dynamic:
            result[index] = item(data, scope)
        return result

    return build


# ---------------------------------------------------------------- size


def check_size(value: Any, limits: Limits) -> None:
    """Problem when a value is larger or deeper than data may be, or has text that cannot be stored."""
    _measure(value, limits.max_data_bytes, limits.max_json_depth, limits)


def _measure(value: Any, left: int, depth: int, limits: Limits) -> int:
    if isinstance(value, str):
        left -= _text_size(value)
    elif isinstance(value, dict):
        left -= 2
        if depth <= 0:
            raise _too_much("max_json_depth", limits.max_json_depth)
        for key, child in value.items():
            left = _measure(child, left - _text_size(key) - 2, depth - 1, limits)
    elif isinstance(value, list):
        left -= 2
        if depth <= 0:
            raise _too_much("max_json_depth", limits.max_json_depth)
        for child in value:
            left = _measure(child, left - 1, depth - 1, limits)
    else:
        left -= 4
    if left < 0:
        raise _too_much("max_data_bytes", limits.max_data_bytes)
    return left


def _text_size(text: str) -> int:
    if "\0" in text:
        raise Problem(problem("validation", "Text with a NUL character cannot be stored."))
    if text.isascii():
        return len(text) + 2
    try:
        return len(text.encode()) + 2
    except UnicodeEncodeError:
        raise Problem(problem("validation", "Text with a lone surrogate cannot be stored.")) from None


def _too_much(name: str, limit: int) -> Problem:
    what = "is nested deeper than" if name == "max_json_depth" else "is larger than"
    return Problem(problem("runtime", f"The data {what} the limit {name} of {limit:,}."))
