"""What happens to an error inside a `try`: it escalates, it is caught, or the tasks are tried again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from models.domain.dsl.nodes import RetryPolicy, Try
from models.domain.dsl.problems import same_type
from models.domain.dsl.scope import TaskScope
from models.domain.dsl.state import Frame, Key

if TYPE_CHECKING:
    from models.domain.dsl.turn import Turn


class Verdict(Enum):
    """An error escalates, or it is caught."""

    ESCALATE = 0
    CATCH = 1


def judge(turn: Turn, task: Try, key: Key, frame: Frame, scope: TaskScope) -> Verdict | dict[str, Any]:
    """The verdict about `frame.error`, or what the entry of a retry tells.

    A policy comes before the tasks of `catch.do`: they run when it gives up. Without them, giving up escalates.
    """
    scope.extra = {task.as_: frame.error}
    if not _is_caught(task, frame, scope):
        return Verdict.ESCALATE
    if task.retry is None:
        return Verdict.CATCH
    retry = _retry(turn, task, task.retry, key, frame, scope)
    if retry is not None:
        return retry
    return Verdict.CATCH if task.parts["catch"].tasks else Verdict.ESCALATE


def _is_caught(task: Try, frame: Frame, scope: TaskScope) -> bool:
    error = frame.error or {}
    for name, template in task.errors.items():
        wanted = template.evaluate(frame.input, scope)
        actual = error.get(name)
        if wanted != actual and not (name == "type" and same_type(str(wanted), actual)):
            return False
    if task.when is not None and not task.when.is_true(frame.input, scope):
        return False
    return task.except_when is None or not task.except_when.is_true(frame.input, scope)


def _retry(
    turn: Turn, task: Try, policy: RetryPolicy, key: Key, frame: Frame, scope: TaskScope
) -> dict[str, Any] | None:
    if policy.when is not None and not policy.when.is_true(frame.input, scope):
        return None
    if policy.except_when is not None and policy.except_when.is_true(frame.input, scope):
        return None
    limits = turn.draft.limits
    most = limits.max_retries if policy.max_retries is None else min(policy.max_retries, limits.max_retries)
    if frame.attempt > most:
        return None
    delay = _delay(turn, policy, key, frame, scope)
    at = turn.at + delay
    if policy.duration is not None and at - frame.started_at > policy.duration.of(frame.input, scope):
        return None
    data: dict[str, Any] = {"error": frame.error, "attempt": frame.attempt + 1}
    if delay:
        data["at"] = at.isoformat()
    until = attempt_until(task, frame.input, scope, at)
    if until is not None:
        data["attemptUntil"] = until.isoformat()
    return data


def _delay(turn: Turn, policy: RetryPolicy, key: Key, frame: Frame, scope: TaskScope) -> timedelta:
    longest = turn.draft.limits.max_retry_delay_seconds
    seconds = 0.0
    if policy.delay is not None:
        seconds = policy.delay.of(frame.input, scope).total_seconds()
    if policy.backoff == "linear":
        seconds *= frame.attempt
    elif policy.backoff == "exponential":
        seconds *= 2.0 ** min(frame.attempt - 1, 64)
    if policy.jitter is not None:
        low, high = (bound.of(frame.input, scope).total_seconds() for bound in policy.jitter)
        seconds += low + (high - low) * _chance(f"{turn.draft.info.id}{key[0]}{key[1]}{frame.attempt}")
    return timedelta(milliseconds=round(min(seconds, longest) * 1000))


def _chance(seed: str) -> float:
    """A number from 0 to below 1 that is always the same for the same seed."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") / 2**64


def attempt_until(task: Try, found: Any, scope: TaskScope, begins: datetime) -> datetime | None:
    """When an attempt that begins then has to be over."""
    if task.retry is None or task.retry.attempt_duration is None:
        return None
    length: timedelta = task.retry.attempt_duration.of(found, scope)
    return begins + length
