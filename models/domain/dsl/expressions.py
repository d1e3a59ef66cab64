"""Runtime expressions: jq, with the variables of the DSL. Several results become a list of them, none becomes null.

Simple programs run in Python within a budget (jq_python.py); the rest goes to a JqRunner. The one here runs jq inside
the process: quick, but jq holds the interpreter while it runs, knows no time limit, and ends the process when memory
runs out. So a host that runs programs of strangers hands in a runner that asks another process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, Protocol

import jq

from models.domain.dsl.jq_functions import Unsure
from models.domain.dsl.jq_python import compile_program
from models.domain.dsl.problems import Problem, problem
from models.domain.errors import InvalidDefinition, LimitExceeded
from models.domain.limits import Limits

MARKED = re.compile(r"\s*\$\{(.+)\}\s*", re.DOTALL)
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_MAX_MESSAGE = 500


class Scope(Protocol):
    """Where an expression finds its variables."""

    def get(self, name: str) -> Any:
        """The value of `$name`; null when there is none here."""

    def spend(self, count: int) -> None:
        """Counts work against the budget; Problem when it is used up."""


class JqRunner(Protocol):
    """Runs jq programs. An exception of its own, none of Python's, goes through `advance` to the host, which may then
    take the whole turn again elsewhere."""

    def run(self, program: str, text: str, most: int) -> list[Any]:
        """All results of a program over one JSON text; ValueError with jq's message, or when there are over `most`."""


class InProcessJq:
    """Runs jq here; each program is compiled once (a millisecond) and kept."""

    def __init__(self) -> None:
        self._programs: dict[str, Any] = {}

    def run(self, program: str, text: str, most: int) -> list[Any]:
        compiled = self._programs.get(program)
        if compiled is None:
            compiled = self._programs[program] = jq.compile(program)
        results = []
        for result in compiled.input_text(text):
            results.append(result)
            if len(results) > most:
                raise ValueError(f"more than {most:,} results (max_expression_results)")
        return results


class Expression:
    """One jq program. `makes` tells whether its result may be new data, not a part of what it was given."""

    __slots__ = ("_fast", "_is_lenient", "_jq", "_limits", "makes", "text", "variables")

    def __init__(
        self, text: str, known: Collection[str], jq_runner: JqRunner, limits: Limits, is_lenient: bool = False
    ) -> None:
        self.text = text
        self.variables = tuple(name for name in dict.fromkeys(_VARIABLE.findall(text)) if name in known)
        fast = compile_program(text, known)
        self._fast = fast and fast[0]
        self.makes = fast is None or fast[1]
        self._is_lenient = is_lenient
        self._jq, self._limits = jq_runner, limits

    @property
    def is_fast(self) -> bool:
        """Whether it runs in Python, unless its data is unusual."""
        return self._fast is not None

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The result over `data`; Problem of type expression when jq refuses."""
        try:
            if self._fast is not None:
                try:
                    return self._fast(data, scope)
                except Unsure:
                    return self._ask(data, scope)
            return self._ask(data, scope)
        except (ValueError, RecursionError, OverflowError, TypeError) as error:
            if self._is_lenient:
                return self.text
            raise Problem(problem("expression", f"{_clip(self.text)}: {_clip(str(error))}")) from None

    def is_true(self, data: Any, scope: Scope) -> bool:
        """jq's truth: everything but false and null."""
        found = self.evaluate(data, scope)
        return found is not None and found is not False

    def _ask(self, data: Any, scope: Scope) -> Any:
        values = [data, *(scope.get(name) for name in self.variables)] if self.variables else data
        results = self._jq.run(self._program(), json.dumps(values), self._limits.max_expression_results)
        return results[0] if len(results) == 1 else results or None

    def _program(self) -> str:
        if not self.variables:
            return self.text
        bindings = "".join(f".[{n}] as ${name} | " for n, name in enumerate(self.variables, 1))
        # The new line ends a comment that the text may end with.
        return f"{bindings}.[0] | (\n{self.text}\n)"


def compile_expression(
    text: str, known: Collection[str], jq_runner: JqRunner, limits: Limits, is_lenient: bool = False
) -> Expression:
    """An expression out of text, with or without `${ }`; InvalidDefinition when it cannot be one."""
    found = MARKED.fullmatch(text)
    source = (found[1] if found else text).strip()
    if not source:
        raise InvalidDefinition("An expression is empty.")
    if len(source.encode("utf-8", "surrogatepass")) > limits.max_expression_bytes:
        raise LimitExceeded("max_expression_bytes", limits.max_expression_bytes)
    return Expression(source, known, jq_runner, limits, is_lenient)


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
