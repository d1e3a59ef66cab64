"""Runtime expressions: jq, compiled once a workflow, with the variables of the DSL.

Several results of an expression become a list of them, none becomes null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import jq

from models.domain.dsl.problems import Problem, problem
from models.domain.errors import InvalidDefinition, LimitExceeded
from models.domain.limits import Limits

MARKED = re.compile(r"\s*\$\{(.+)\}\s*", re.DOTALL)
Fast = Callable[[Any, "Scope"], Any]
_PATH = re.compile(r"\s*(\.|(?:\.[A-Za-z_]\w*)+)\s*", re.ASCII)
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_MAX_MESSAGE = 500


class Scope(Protocol):
    """Where an expression finds its variables."""

    def get(self, name: str) -> Any:
        """The value of `$name`; null when there is none here."""


class Expression:
    """One jq program. `makes` tells whether its result may be new data, not a part of what it was given."""

    __slots__ = ("_limits", "_program", "fast", "is_lenient", "makes", "text", "variables")

    def __init__(self, text: str, variables: Sequence[str], limits: Limits, is_lenient: bool = False) -> None:
        self.text = text
        self.variables = tuple(variables)
        self.is_lenient = is_lenient
        self.fast = fast_path(text)
        self.makes = self.fast is None
        self._limits = limits
        self._program: Any = None

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The result over `data`; Problem of type expression when jq refuses."""
        try:
            if self.fast is not None:
                return self.fast(data, scope)
            return self._run(data, scope)
        except (ValueError, RecursionError, OverflowError, TypeError) as error:
            if self.is_lenient:
                return self.text
            raise Problem(problem("expression", f"{_clip(self.text)}: {_clip(str(error))}")) from None

    def is_true(self, data: Any, scope: Scope) -> bool:
        """jq's truth: everything but false and null."""
        return self.evaluate(data, scope) not in (False, None) if not self.makes else self._truth(data, scope)

    def _truth(self, data: Any, scope: Scope) -> bool:
        found = self.evaluate(data, scope)
        return found is not False and found is not None

    def _run(self, data: Any, scope: Scope) -> Any:
        if self._program is None:
            self._program = jq.compile(self._source())
        values = [data, *(scope.get(name) for name in self.variables)] if self.variables else data
        results = []
        for result in self._program.input_text(json.dumps(values)):
            results.append(result)
            if len(results) > self._limits.max_expression_results:
                raise ValueError(f"more than {self._limits.max_expression_results:,} results (max_expression_results)")
        if len(results) == 1:
            return results[0]
        return results or None

    def _source(self) -> str:
        # The new line ends a comment that the text may end with.
        if not self.variables:
            return self.text
        bindings = "".join(f".[{n}] as ${name} | " for n, name in enumerate(self.variables, 1))
        return f"{bindings}.[0] | (\n{self.text}\n)"


def compile_expression(text: str, known: Sequence[str] | Any, limits: Limits, is_lenient: bool = False) -> Expression:
    """An expression out of text, with or without `${ }`; InvalidDefinition when it cannot be one."""
    found = MARKED.fullmatch(text)
    source = (found[1] if found else text).strip()
    size = len(source.encode("utf-8", "replace"))
    if size > limits.max_expression_bytes:
        raise LimitExceeded("max_expression_bytes", limits.max_expression_bytes)
    if not source:
        raise InvalidDefinition("An expression is empty.")
    used = [name for name in dict.fromkeys(_VARIABLE.findall(source)) if name in known]
    return Expression(source, used, limits, is_lenient)


def fast_path(text: str) -> Fast | None:
    """A function that does what jq would do, for programs that are simple enough."""
    found = _PATH.fullmatch(text)
    if found is None:
        return None
    names = [name for name in found[1].split(".") if name]
    if not names:
        return lambda data, scope: data
    return _path(names)


def _path(names: list[str]) -> Fast:
    def walk(data: Any, scope: Scope) -> Any:
        for name in names:
            if isinstance(data, dict):
                data = data.get(name)
            elif data is not None:
                raise ValueError(f'Cannot index {kind_of(data)} with "{name}"')
        return data

    return walk


def kind_of(value: Any) -> str:
    """jq's name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _clip(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "..."
