"""Every error Tidewire raises on purpose, under one root.

The docstring of a class is the sentence a person reads; HTTP codes live in serve/errors.py only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where (RFC 6901 pointer, 1-based line and column) and what."""

    pointer: str
    detail: str
    line: int | None = None
    column: int | None = None


class TidewireError(Exception):
    """Something went wrong."""

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        super().__init__(self.detail)


class InvalidInput(TidewireError):
    """The input does not have the expected form."""

    def __init__(self, detail: str | None = None, faults: tuple[Fault, ...] | list[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[type[InvalidInput], tuple[str, tuple[Fault, ...]]]:
        return type(self), (self.detail, self.faults)


class InvalidDefinition(InvalidInput):
    """The workflow definition is not valid."""


class LimitExceeded(InvalidInput):
    """A limit was met."""

    def __init__(self, name: str, limit: int | float, detail: str | None = None, pointer: str = "") -> None:
        self.name, self.limit, self.pointer = name, limit, pointer
        message = detail or f"The limit {name} of {limit:,} was exceeded."
        super().__init__(message, (Fault(pointer, message),))

    def __reduce__(self) -> tuple[type[LimitExceeded], tuple[str, int | float, str, str]]:  # type: ignore[override]
        return type(self), (self.name, self.limit, self.detail, self.pointer)


class NotFound(TidewireError):
    """There is no such thing, or you may not see it."""


class Conflict(TidewireError):
    """The request contradicts what is stored."""


class IdempotencyMismatch(TidewireError):
    """This Idempotency-Key was used before with another body."""


class Unauthenticated(TidewireError):
    """Sign in, or send a valid access token."""


class Forbidden(TidewireError):
    """Your role does not allow this."""


class TooManyRequests(TidewireError):
    """The quota is used up."""

    def __init__(self, detail: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[TooManyRequests], tuple[str, float]]:
        return type(self), (self.detail, self.retry_after)


class Unavailable(TidewireError):
    """A part that is needed is not there right now; try again shortly."""


class AnswerLost(Unavailable):
    """The request was sent and no answer came; whether it had its effect is not known."""


class StaleEpoch(TidewireError):
    """Another owner has taken over this shard; nothing was written."""


class RunMoved(Conflict):
    """A run was not at the journal position the append expected; nothing was written."""


class TasksAnswered(RunMoved):
    """Tasks that were to be closed have been answered meanwhile; nothing was written."""

    def __init__(self, runs: Iterable[UUID] = ()) -> None:
        super().__init__()
        self.runs = frozenset(runs)

    def __reduce__(self) -> tuple[type[TasksAnswered], tuple[frozenset[UUID]]]:
        return type(self), (self.runs,)


class EgressRefused(TidewireError):
    """The target address is private or reserved and is not on the egress allow list."""


class CircuitOpen(Unavailable):
    """The circuit breaker of this connection is open after repeated failures."""
