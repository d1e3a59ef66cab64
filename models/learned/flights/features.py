"""What is known about a departure forty-five minutes before its scheduled time; nothing that comes later."""

from __future__ import annotations

import numpy as np

from models.learned.flights.source import WEATHER, Departures, Numbers, Texts

# Predictions are made so long before the scheduled time, in minutes.
NOTICE = 45.0
# Training sees the months up to this one, measuring sees the others.
LAST_TRAINING_MONTH = 9
_RECENT = 90.0
_OVERDUE = 180.0

CATEGORIES = ("carrier", "origin", "destination")
NUMBERS = (
    "hour", "weekday", "distance", *WEATHER, "recent_delay", "carrier_recent_delay", "overdue",
)
FEATURES = (*CATEGORIES, *NUMBERS)


def feature_columns(departures: Departures) -> dict[str, Numbers | Texts]:
    """One array a feature, in the order of FEATURES.

    `recent_delay` is the mean delay in minutes of flights that left the same airport in the last 90 minutes (missing
    when none did), `carrier_recent_delay` that of the same carrier, and `overdue` the number of flights of the last
    three hours that should have left the airport and have not.
    """
    d = departures
    seen_at = d.scheduled - NOTICE
    of_carrier = np.array([f"{a}/{b}" for a, b in zip(d.origin, d.carrier, strict=True)], dtype=object)
    columns: dict[str, Numbers | Texts] = {
        "carrier": d.carrier, "origin": d.origin, "destination": d.destination,
        "hour": d.hour, "weekday": d.weekday, "distance": d.distance, **d.weather,
        "recent_delay": _by_group(d.origin, d, seen_at, _recent_delay),
        "carrier_recent_delay": _by_group(of_carrier, d, seen_at, _recent_delay),
        "overdue": _by_group(d.origin, d, seen_at, _overdue),
    }  # fmt: skip
    return {name: columns[name] for name in FEATURES}


def _by_group(groups: Texts, departures: Departures, seen_at: Numbers, rule: object) -> Numbers:
    found = np.full(len(groups), np.nan)
    for group in sorted(set(groups)):
        chosen = groups == group
        found[chosen] = rule(departures.scheduled[chosen], departures.delay[chosen], seen_at[chosen])  # type: ignore[operator]
    return found


def _recent_delay(scheduled: Numbers, delay: Numbers, seen_at: Numbers) -> Numbers:
    left = np.isfinite(delay)
    order = np.argsort(scheduled[left] + delay[left], kind="stable")
    times = (scheduled[left] + delay[left])[order]
    sums = np.concatenate([[0.0], np.cumsum(delay[left][order])])
    first = np.searchsorted(times, seen_at - _RECENT, "right")
    last = np.searchsorted(times, seen_at, "right")
    counts = last - first
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, (sums[last] - sums[first]) / counts, np.nan)


def _overdue(scheduled: Numbers, delay: Numbers, seen_at: Numbers) -> Numbers:
    # A cancelled flight never leaves; that it is cancelled may not be known yet.
    until = scheduled + np.minimum(np.where(np.isfinite(delay), delay, np.inf), _OVERDUE)
    waits = until > scheduled
    begun = np.searchsorted(np.sort(scheduled[waits]), seen_at, "right")
    ended = np.searchsorted(np.sort(until[waits]), seen_at, "right")
    return (begun - ended).astype(np.float64)
