"""Durations of the DSL: ISO 8601 text or an object of units. A year counts 365 days, a month 30."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
MAX_SECONDS = 100 * 366 * 86_400

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_ISO = re.compile(
    rf"P(?=.)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_ISO_SECONDS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)
_UNIT_SECONDS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}


def parse_duration(value: Any) -> timedelta:
    """The length of `PT1M30S` or `{minutes: 1, seconds: 30}`; ValueError says what is wrong with anything else."""
    if isinstance(value, str):
        seconds = _of_text(value)
    elif isinstance(value, Mapping):
        seconds = _of_units(value)
    else:
        raise ValueError("a duration is ISO 8601 text such as PT15M, or an object such as {minutes: 15}")
    if seconds > MAX_SECONDS:
        raise ValueError("a duration is at most 100 years")
    return timedelta(milliseconds=round(seconds * 1000))


def _of_text(text: str) -> float:
    found = _ISO.fullmatch(text) if len(text) <= 100 else None
    if found is None:
        raise ValueError(f'"{text[:100]}" is no ISO 8601 duration; write for example PT30S, PT15M, PT2H or P1D')
    return sum(float(n) * unit for n, unit in zip(found.groups(), _ISO_SECONDS, strict=True) if n is not None)


def _of_units(units: Mapping[str, Any]) -> float:
    total = 0.0
    for unit, count in units.items():
        if unit not in _UNIT_SECONDS:
            raise ValueError(f"there is no unit {str(unit)[:40]}; the units are {', '.join(UNITS)}")
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 10**15:
            raise ValueError(f"{unit} must be a whole number, zero or more")
        total += count * _UNIT_SECONDS[unit]
    if not units:
        raise ValueError(f"give at least one of {', '.join(UNITS)}")
    return total
