"""A circuit breaker as a pure rule: closed, open for a while after repeated failures, half open for one try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """What the breaker does with calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """Opens after so many failures in a row; after so many seconds one call may try again."""

    failures: int = 5
    reset_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """`since` is when the phase began, in seconds since the epoch; of a half open one, when its try began."""

    phase: Phase = Phase.CLOSED
    failures: int = 0
    since: float = 0.0


def permit(rule: BreakerRule, breaker: Breaker, now: float) -> tuple[Breaker, float]:
    """The breaker after asking for a call, and 0 when the call may go out, else the seconds until it is worth asking.

    A try whose result never came (its host died) is given up after `reset_seconds`.
    """
    if breaker.phase is Phase.CLOSED:
        return breaker, 0.0
    # A clock that went back must not keep it open for longer than the rule says.
    left = min(breaker.since + rule.reset_seconds - now, rule.reset_seconds)
    if left > 0:
        return breaker, left
    return replace(breaker, phase=Phase.HALF_OPEN, since=now), 0.0


def succeeded(breaker: Breaker) -> Breaker:
    """A call had an answer that is no failure. One that was sent before the breaker opened does not close it."""
    if breaker.phase is Phase.OPEN:
        return breaker
    return Breaker() if breaker != Breaker() else breaker


def failed(rule: BreakerRule, breaker: Breaker, now: float) -> Breaker:
    """A call failed."""
    count = breaker.failures + 1
    if breaker.phase is Phase.OPEN:
        return breaker
    if breaker.phase is Phase.HALF_OPEN or count >= rule.failures:
        return Breaker(Phase.OPEN, count, now)
    return replace(breaker, failures=count)


def to_json(breaker: Breaker) -> dict[str, Any]:
    """As it is stored and shown."""
    return {"state": breaker.phase.value, "failures": breaker.failures, "since": breaker.since}


def from_json(stored: Mapping[str, Any] | None) -> Breaker:
    """What was stored; a new one when nothing was."""
    if not stored:
        return Breaker()
    return Breaker(Phase(stored["state"]), int(stored["failures"]), float(stored["since"]))
