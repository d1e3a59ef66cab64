"""Token buckets in the form of GCRA: one number a bucket, the time until which what was taken is paid for.

Units are what requests cost. A bucket holds `burst` units and gets `limit` new ones in each `window`. Replicas take
slices from the shared bucket and spend them by themselves, see serve/gateway/limiter.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Replicas together may hold at most this share of a bucket unspent: the error of the limit.
HELD_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` units in `window` seconds, of which at most `burst` (None: all) at once."""

    limit: int
    window: int = 60
    burst: int | None = None

    @property
    def capacity(self) -> int:
        """Units in a full bucket."""
        return self.limit if self.burst is None else self.burst

    @property
    def interval(self) -> float:
        """Microseconds until one more unit is there."""
        return self.window * 1e6 / self.limit

    def slice_for(self, replicas: int) -> int:
        """The most units that one of so many replicas may hold unspent; 0: none, each request asks."""
        return int(self.capacity * HELD_SHARE) // max(1, replicas)


@dataclass(frozen=True, slots=True)
class Ask:
    """Wants between `least` and `most` units of a bucket; `back` units of an earlier slice are given back first."""

    key: str
    rate: Rate
    least: int
    most: int
    back: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    """`granted` units (0 when `least` are not there), `left` ones in the bucket after it, and how many seconds until
    `least` would be there."""

    granted: int
    left: int
    wait: float


def take(paid_until: float, now: float, ask: Ask) -> tuple[float, Slice]:
    """The bucket after the ask, and what it got. Times in microseconds."""
    interval, capacity = ask.rate.interval, ask.rate.capacity
    paid_until = max(paid_until - ask.back * interval, now)
    there = math.floor(capacity - (paid_until - now) / interval + 1e-6)
    if there < ask.least:
        wait = (ask.least - capacity) * interval + paid_until - now
        return paid_until, Slice(0, max(there, 0), max(wait, 0.0) / 1e6)
    granted = min(ask.most, there)
    return paid_until + granted * interval, Slice(granted, there - granted, 0.0)


def share_of(rate: Rate, replicas: int) -> Rate:
    """What one of so many replicas allows by itself while the shared buckets are away; never less than 1 unit."""
    replicas = max(1, replicas)
    return Rate(max(1, rate.limit // replicas), rate.window, max(1, rate.capacity // replicas))
