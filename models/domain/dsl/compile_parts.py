"""Parts of definitions that several kinds of tasks share: expressions, templates, durations, schemas, references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models.domain.dsl.durations import parse_duration
from models.domain.dsl.expressions import MARKED, Expression, JqRunner, compile_expression
from models.domain.dsl.nodes import Duration
from models.domain.dsl.schemas import Schema
from models.domain.dsl.templates import Template, compile_template, of_expression, static
from models.domain.errors import InvalidDefinition, LimitExceeded
from models.domain.limits import Limits

BUILT_IN = ("context", "input", "output", "secrets", "authorization", "task", "workflow", "runtime")


class Parts:
    """Compiles what stands at one place, where some variables are known."""

    def __init__(
        self, definition: Mapping[str, Any], variables: Iterable[str], jq_runner: JqRunner, limits: Limits
    ) -> None:
        self.definition = definition
        self.jq_runner = jq_runner
        self.limits = limits
        self.is_loose = (definition.get("evaluate") or {}).get("mode") == "loose"
        self._known = {*BUILT_IN, *variables}

    def seeing(self, *names: str) -> Parts:
        """The same place with more variables."""
        return Parts(self.definition, (*self._known, *names), self.jq_runner, self.limits)

    def expression(self, text: Any) -> Expression:
        """Text that is an expression, with or without `${ }`."""
        if not isinstance(text, str):
            raise InvalidDefinition("An expression is text.")
        return compile_expression(text, self._known, self.jq_runner, self.limits)

    def template(self, value: Any) -> Template:
        """Any JSON; text of the form `${ }` is computed, in the loose mode any text that jq can."""
        return compile_template(value, self._loose if self.is_loose else self._strict, self.limits)

    def transform(self, value: Any) -> Template | None:
        """An expression, or an object of them; for input.from, output.as, export.as, set."""
        if value is None:
            return None
        if isinstance(value, str):
            return of_expression(self.expression(value), self.limits)
        return self.template(value)

    def set_value(self, value: Any) -> Template:
        """What `set` makes: an object, or an expression that gives the data."""
        found = self.transform(value)
        if found is None:
            raise InvalidDefinition("There is nothing to set.")
        return found

    def limit(self, name: str, count: int) -> None:
        """LimitExceeded when there are more than the limit of that name allows."""
        most = getattr(self.limits, name)
        if count > most:
            raise LimitExceeded(name, most)

    def duration(self, value: Any) -> Duration:
        if isinstance(value, str) and MARKED.fullmatch(value):
            return Duration(self.template(value))
        return Duration(static(parse_duration(value), self.limits))

    def timeout(self, value: Any) -> Duration | None:
        if value is None:
            return None
        return self.duration(self.used("timeouts", value)["after"])

    def schema(self, value: Any) -> Schema | None:
        if value is None:
            return None
        if "document" not in value:
            raise InvalidDefinition("A schema from elsewhere is not supported by this version of Tidewire.")
        return Schema(value["document"])

    def used(self, kind: str, value: Any) -> Any:
        """What `use.<kind>` has under this name, or the value itself if it is no name."""
        if not isinstance(value, str):
            return value
        found = ((self.definition.get("use") or {}).get(kind) or {}).get(value)
        if found is None:
            raise InvalidDefinition(f"There is no {value} under use.{kind}.")
        return found

    def _strict(self, text: str) -> Expression | str:
        return self.expression(text) if MARKED.fullmatch(text) else text

    def _loose(self, text: str) -> Expression | str:
        if not text.strip() or "\0" in text:
            return text
        return compile_expression(text, self._known, self.jq_runner, self.limits, is_lenient=not MARKED.fullmatch(text))
