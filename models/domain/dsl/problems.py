"""The error object of the DSL (RFC 7807) and its standard types."""

from __future__ import annotations

from typing import Any

PREFIX = "https://serverlessworkflow.io/spec/1.0.0/errors/"
# Older documents, the specification's own scenarios among them, still name the types like this.
FORMER_PREFIX = "https://serverlessworkflow.io/dsl/errors/types/"

STATUS = {
    "configuration": 400,
    "validation": 400,
    "expression": 400,
    "authentication": 401,
    "authorization": 403,
    "timeout": 408,
    "communication": 500,
    "runtime": 500,
}
TITLES = {
    "configuration": "Configuration error",
    "validation": "Validation error",
    "expression": "Expression error",
    "authentication": "Authentication error",
    "authorization": "Authorization error",
    "timeout": "Timeout",
    "communication": "Communication error",
    "runtime": "Runtime error",
}
OUTCOME_UNKNOWN = "https://tidewire.dev/errors/outcome-unknown"


def problem(
    kind: str, detail: str | None = None, *, status: int | None = None, title: str | None = None
) -> dict[str, Any]:
    """An error object of the standard type `kind`; `instance` is added by the engine."""
    error: dict[str, Any] = {
        "type": PREFIX + kind,
        "status": STATUS[kind] if status is None else status,
        "title": title or TITLES[kind],
    }
    if detail:
        error["detail"] = detail
    return error


def outcome_unknown() -> dict[str, Any]:
    """The error of a step that may or may not have happened."""
    return {
        "type": OUTCOME_UNKNOWN,
        "status": 500,
        "title": "Outcome unknown",
        "detail": "The step was started and its result was lost; it may or may not have happened.",
    }


def same_type(wanted: str, actual: object) -> bool:
    """Whether two type URIs name the same error type, former spelling included."""
    return actual == wanted or (wanted.startswith(FORMER_PREFIX) and actual == PREFIX + wanted[len(FORMER_PREFIX) :])


class Problem(Exception):
    """Raised inside the engine to fault the task at hand; never leaves it."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("detail") or error.get("title"))
        self.error = error


# What a task may fail with while it is decided. Anything else, such as a JqRunner that gives the turn back to its host,
# goes through the engine and leaves the state as it was.
FAULTS = (
    Problem, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip


def error_of(fault: Exception) -> dict[str, Any]:
    """The error object of whatever went wrong while a task was decided: a task that cannot be worked off faults, so
    that it stops neither its host nor other runs."""
    if isinstance(fault, Problem):
        return fault.error
    return problem("runtime", f"The task could not be worked off: {type(fault).__name__}: {fault}"[:500])
