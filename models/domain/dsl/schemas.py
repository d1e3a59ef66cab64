"""JSON Schema of data: compiled once, no reference leaves the document."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from models.domain.dsl.problems import Problem, problem
from models.domain.errors import InvalidDefinition

_MAX_SHOWN = 5
_OLD = "http://json-schema.org/draft-07/schema"


class Schema:
    """What data must look like."""

    __slots__ = ("_validator",)

    def __init__(self, document: Any) -> None:
        kind = validator_for(document, default=Draft202012Validator)
        if isinstance(document, dict) and str(document.get("$schema", "")).startswith(_OLD):
            kind = Draft7Validator
        try:
            kind.check_schema(document)
        except SchemaError as error:
            raise InvalidDefinition(f"This is no JSON Schema: {error.message}") from None
        self._validator = kind(document, registry=Registry())

    def check(self, data: Any, what: str) -> None:
        """Problem of type validation, telling the first few faults, when the data does not fit."""
        faults = [f"{pointer or '/'}: {detail}" for pointer, detail in self.faults(data)]
        if faults:
            raise Problem(problem("validation", f"The {what} does not fit its schema. {'; '.join(faults)}"))

    def faults(self, data: Any) -> list[tuple[str, str]]:
        """The first few faults of the data: where (pointer) and what; Problem when the schema cannot be used."""
        try:
            return [
                ("".join(f"/{key}" for key in error.absolute_path), error.message[:200])
                for error, _ in zip(self._validator.iter_errors(data), range(_MAX_SHOWN), strict=False)
            ]
        except Unresolvable as error:
            raise Problem(problem("configuration", f"The schema refers to something elsewhere: {error}")) from None
