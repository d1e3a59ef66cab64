"""A quota as a pure rule: never more than N calls in any window of so many seconds.

Calls are counted in narrow buckets. A bucket counts until its last moment has left the window, so the rule errs on the
careful side by one bucket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

BUCKETS = 60


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """So many requests in any window of so many seconds."""

    requests: int
    per_seconds: float

    @property
    def width(self) -> float:
        """Seconds of one bucket."""
        return self.per_seconds / BUCKETS


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """(number of the bucket since the epoch, calls) in order of time."""

    buckets: tuple[tuple[int, int], ...] = ()


def bucket_of(rule: QuotaRule, now: float) -> int:
    """The number of the bucket that `now` lies in."""
    return floor(now / rule.width)


def used(rule: QuotaRule, use: QuotaUse, now: float) -> int:
    """Calls that count at `now`."""
    return sum(count for _, count in _current(rule, use, now))


def spare(rule: QuotaRule, use: QuotaUse, now: float) -> int:
    """How many calls may still be made now."""
    return max(0, rule.requests - used(rule, use, now))


def wait_for_one(rule: QuotaRule, use: QuotaUse, now: float) -> float:
    """Seconds until one call may be made; 0 when it may now."""
    over = used(rule, use, now) - rule.requests
    if over < 0:
        return 0.0
    for bucket, count in _current(rule, use, now):
        over -= count
        if over < 0:
            return max(0.0, _expires(rule, bucket) - now)
    return rule.per_seconds


def take(rule: QuotaRule, use: QuotaUse, count: int, now: float) -> QuotaUse:
    """Counts calls at `now`, whether they are allowed or not."""
    bucket, kept = bucket_of(rule, now), _current(rule, use, now)
    if kept and kept[-1][0] >= bucket:
        # Also when the clock went back: the later bucket counts for longer.
        last, before = kept[-1]
        return QuotaUse((*kept[:-1], (last, before + count)))
    return QuotaUse((*kept, (bucket, count)))


def give_back(use: QuotaUse, bucket: int, count: int) -> QuotaUse:
    """Takes calls out of a bucket that were counted ahead and not made."""
    return QuotaUse(tuple((at, max(0, made - count) if at == bucket else made) for at, made in use.buckets))


def _current(rule: QuotaRule, use: QuotaUse, now: float) -> tuple[tuple[int, int], ...]:
    # The number, not the time, is compared: sums of floats would let a bucket end a breath too early.
    first = bucket_of(rule, now) - BUCKETS
    return tuple(item for item in use.buckets if item[0] >= first)


def _expires(rule: QuotaRule, bucket: int) -> float:
    return (bucket + BUCKETS + 1) * rule.width


def to_json(rule: QuotaRule, use: QuotaUse, now: float) -> dict[str, Any]:
    """As it is stored and shown."""
    return {
        "limit": rule.requests,
        "per_seconds": rule.per_seconds,
        "used": used(rule, use, now),
        "buckets": [list(item) for item in use.buckets],
    }


def from_json(rule: QuotaRule, stored: Mapping[str, Any] | None) -> QuotaUse:
    """What was stored; when the window was another one, all of its calls count as made at the last moment."""
    buckets: Sequence[Sequence[int]] = (stored or {}).get("buckets") or []
    if stored and stored.get("per_seconds") != rule.per_seconds:
        if not buckets:
            return QuotaUse()
        former = QuotaRule(1, float(stored["per_seconds"]))
        return QuotaUse(((bucket_of(rule, (buckets[-1][0] + 1) * former.width), sum(int(b[1]) for b in buckets)),))
    return QuotaUse(tuple((int(bucket), int(count)) for bucket, count in buckets))
