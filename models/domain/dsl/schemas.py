"""JSON Schema of data: compiled once, no reference leaves the document, no pattern runs away."""

from __future__ import annotations

from itertools import islice
from typing import Any

import jsonschema_rs

from models.domain.dsl.problems import Problem, problem
from models.domain.errors import InvalidDefinition

_MAX_SHOWN = 5
# Patterns of strangers: linear where that is possible, given up after so many steps back where it is not.
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000, size_limit=1_000_000, dfa_size_limit=2_000_000)


class Schema:
    """What data must look like; InvalidDefinition when the document is no schema, or refers to something elsewhere."""

    __slots__ = ("_validator",)

    def __init__(self, document: Any) -> None:
        try:
            self._validator = jsonschema_rs.validator_for(document, pattern_options=_PATTERNS, offline=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            detail = str(getattr(error, "message", error)).splitlines()[0][:300]
            raise InvalidDefinition(f"This is no JSON Schema that can be used: {detail}") from None

    def check(self, data: Any, what: str) -> None:
        """Problem of type validation, telling the first few faults, when the data does not fit."""
        faults = [f"{pointer or '/'}: {detail}" for pointer, detail in self.faults(data)]
        if faults:
            raise Problem(problem("validation", f"The {what} does not fit its schema. {'; '.join(faults)}"))

    def faults(self, data: Any) -> list[tuple[str, str]]:
        """The first few faults of the data: where (pointer) and what."""
        return [
            ("".join(f"/{key}" for key in error.instance_path), error.message[:200])
            for error in islice(self._validator.iter_errors(data), _MAX_SHOWN)
        ]
