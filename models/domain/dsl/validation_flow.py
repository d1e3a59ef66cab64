"""Checks of `document.metadata.flowControl`, see models/domain/flow_control.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.domain.dsl.durations import parse_duration
from models.domain.dsl.validation_shapes import (
    EXPRESSION,
    Check,
    Place,
    choice,
    condition,
    kind_of,
    shape,
    whole,
)
from models.domain.dsl.validation_types import fixed_duration


def flow_control(place: Place, node: Any) -> None:
    """What may start when."""
    limits = place.report.limits
    most = whole(1, limits.max_flow_limit)
    fields: dict[str, Check] = {
        "key": _expression,
        "concurrency": shape({"limit": most}, ["limit"]),
        "throttle": shape({"limit": most, "period": _period, "burst": most}, ["limit", "period"]),
        "rateLimit": shape({"limit": whole(1, limits.max_rate_limit), "period": _period}, ["limit", "period"]),
        "debounce": shape({"period": _period, "timeout": _period}, ["period"]),
        "singleton": shape({"mode": choice("skip", "replace")}, ["mode"]),
        "priority": _priority,
        "queue": shape({"limit": whole(1, limits.max_waiting_runs_per_key)}, ["limit"]),
    }
    shape(fields, not_empty=True)(place, node)
    if isinstance(node, dict):
        _together(place, node)


def _together(place: Place, node: dict[str, Any]) -> None:
    if "singleton" in node and "concurrency" in node:
        place.at("singleton").fault("A singleton is a concurrency of 1 already; keep one of them.")
    if node and not node.keys() - {"key", "priority", "queue"}:
        place.fault(
            "This holds nothing back; add one of concurrency, throttle, rateLimit, debounce, singleton."
        )


def _expression(place: Place, node: Any) -> None:
    """One that is simple enough to run while a run is accepted."""
    known = len(place.report.expressions)
    condition(replace(place, variables=frozenset()), node)
    found = place.report.expressions[known:]
    place.report.expressions[known:] = [replace(each, is_filter=True) for each in found]


def _priority(place: Place, node: Any) -> None:
    if isinstance(node, str) and EXPRESSION.fullmatch(node):
        return _expression(place, node)
    if isinstance(node, str):
        return place.fault(f"Write a whole number or an expression such as ${{ .priority }} here, not {kind_of(node)}.")
    most = place.report.limits.max_priority
    whole(-most, most)(place, node)


def _period(place: Place, node: Any) -> None:
    fixed_duration(place, node)
    most = place.report.limits.max_flow_period_seconds
    try:
        if not 0 < parse_duration(node).total_seconds() <= most:
            place.fault(f"Write a length of more than 0 s and at most {most:,} s (max_flow_period_seconds).")
    except ValueError:
        return  # told above
