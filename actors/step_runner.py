"""One attempt of a step as a pipeline over one record: resolve, start the timer, perform, classify, record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from models.domain.clock import Clock
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.errors import (
    AnswerLost,
    CircuitOpen,
    EgressRefused,
    InvalidInput,
    LimitExceeded,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from models.domain.limits import Limits
from models.domain.steps import Failed, Outcome, Succeeded, Uncertain

_log = logging.getLogger(__name__)

Perform = Callable[[UUID, StartStep, float], Awaitable[Any]]


class StepError(Exception):
    """The step failed with this error object of the DSL."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("detail") or error.get("title"))
        self.error = error


class Kind(Protocol):
    """How one kind of step is done."""

    async def perform(self, tenant_id: UUID, step: StartStep, seconds: float) -> Any:
        """The output (JSON); StepError or one of our errors. Gives up after `seconds`."""

    def is_safe(self, step: StartStep) -> bool:
        """Whether doing it twice is the same as doing it once, whatever the target does."""


@dataclass(slots=True)
class Attempt:
    """What is known about one attempt."""

    tenant_id: UUID
    step: StartStep
    seconds_allowed: float = 0.0
    seconds_taken: float = 0.0
    output: Any = None
    error: BaseException | None = None
    outcome: Outcome | None = None


class StepRunner:
    """Performs steps; whatever goes wrong becomes a value."""

    def __init__(
        self,
        kinds: Mapping[StepKind, Kind],
        clock: Clock,
        limits: Limits,
        record: Callable[[Attempt], None] = lambda attempt: None,
    ) -> None:
        self._kinds = kinds
        self._clock = clock
        self._limits = limits
        self._record = record

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        """One attempt."""
        attempt = Attempt(tenant_id, step)
        kind = self._resolve(attempt)
        self._start_timer(attempt)
        if kind is not None:
            await self._perform(attempt, kind)
        attempt.outcome = self._classify(attempt, kind)
        self._record(attempt)
        return attempt.outcome

    def _resolve(self, attempt: Attempt) -> Kind | None:
        kind = self._kinds.get(attempt.step.kind)
        if kind is None:
            detail = f"Steps of the kind {attempt.step.kind} are not available here."
            attempt.error = StepError(problem("configuration", detail))
        return kind

    def _start_timer(self, attempt: Attempt) -> None:
        is_subscription = "subscription" in attempt.step.request
        allowed = self._limits.max_subscription_seconds if is_subscription else self._limits.max_http_seconds
        if attempt.step.deadline is not None:
            allowed = min(allowed, (attempt.step.deadline - self._clock.now()).total_seconds())
        attempt.seconds_allowed = max(allowed, 0.001)

    async def _perform(self, attempt: Attempt, kind: Kind) -> None:
        began = self._clock.monotonic()
        try:
            attempt.output = await kind.perform(attempt.tenant_id, attempt.step, attempt.seconds_allowed)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            attempt.error = error
        attempt.seconds_taken = self._clock.monotonic() - began

    def _classify(self, attempt: Attempt, kind: Kind | None) -> Outcome:
        error = attempt.error
        if error is None:
            return Succeeded(attempt.output)
        if isinstance(error, StepError):
            return Failed(error.error)
        found = _problem_of(error)
        if found is None:
            _log.error("step %s failed in an unforeseen way", attempt.step.task, exc_info=error)
            return Failed(problem("runtime", "The step failed for a reason that lies in Tidewire itself."))
        if isinstance(error, AnswerLost | TimeoutError) and kind is not None and not kind.is_safe(attempt.step):
            return Uncertain(found)
        return Failed(found)


def _problem_of(error: BaseException) -> dict[str, Any] | None:
    """The error of the DSL that one of ours is; None when it is none of ours."""
    for kind, (name, status) in _PROBLEMS.items():
        if isinstance(error, kind):
            detail = getattr(error, "detail", None) or "No answer came in time."
            if isinstance(error, InvalidInput) and not isinstance(error, LimitExceeded):
                detail += "".join(f" {fault.pointer}: {fault.detail}." for fault in error.faults[:5])
            return problem(name, detail, status=status)
    return None


# The first that fits counts, so special ones come first.
_PROBLEMS: dict[type[Exception], tuple[str, int]] = {
    EgressRefused: ("configuration", 403),
    LimitExceeded: ("communication", 502),
    InvalidInput: ("validation", 400),
    NotFound: ("configuration", 404),
    TooManyRequests: ("communication", 429),
    CircuitOpen: ("communication", 503),
    AnswerLost: ("communication", 504),
    Unavailable: ("communication", 503),
    TimeoutError: ("communication", 504),
}
