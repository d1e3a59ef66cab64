"""Every error Tidewire raises on purpose, under one root.

The docstring of a class is the sentence a person reads; HTTP codes live in serve/errors.py only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class WrongFactor(Unauthenticated):
    """The code or the passkey is wrong, or was used before."""


class StepUpRequired(Unauthenticated):
    """This change needs to know that it is you: prove it again, then try once more."""

    def __init__(self, factors: Sequence[str], seconds: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.factors, self.seconds = tuple(factors), seconds

    def __reduce__(self) -> tuple[type[StepUpRequired], tuple[tuple[str, ...], int, str]]:
        return type(self), (self.factors, self.seconds, self.detail)


class Forbidden(TidewireError):
    """Your role does not allow this."""


class SecondFactorRequired(Forbidden):
    """This tenant requires a second factor of you: add one in the settings, or prove the one you have."""


class TooManyRequests(TidewireError):
    """The quota is used up."""

    def __init__(self, detail: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[TooManyRequests], tuple[str, float]]:
        return type(self), (self.detail, self.retry_after)


class Unavailable(TidewireError):
    """A part that is needed is not there right now; try again shortly."""


class Overloaded(Unavailable):
    """There is more to do right now than can be done well; try again shortly."""


class TookTooLong(TidewireError):
    """The request took longer than it may; what it changed, if anything, is not known. Ask again with the same
    Idempotency-Key, or look."""

    def __init__(self, name: str, limit: float) -> None:
        super().__init__(f"{' '.join((type(self).__doc__ or '').split())} The limit is {name} of {limit:g} seconds.")
        self.name, self.limit = name, limit

    def __reduce__(self) -> tuple[type[TookTooLong], tuple[str, float]]:
        return type(self), (self.name, self.limit)


class BodyTooSlow(TookTooLong):
    """The body of the request did not come in time; nothing was done."""


class InProgress(Conflict):
    """A request with this Idempotency-Key is being served; ask again shortly."""

    def __init__(self, detail: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[InProgress], tuple[str, float]]:
        return type(self), (self.detail, self.retry_after)


class AnswerGone(Conflict):
    """A request with this Idempotency-Key made its change, and its answer was lost in a failure. Nothing is done a
    second time: read what you changed, and use a new key for what comes next."""

    def __init__(self) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))

    def __reduce__(self) -> tuple[type[AnswerGone], tuple[()]]:
        return type(self), ()


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
