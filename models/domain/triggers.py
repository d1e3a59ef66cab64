"""What starts runs of a workflow by itself: the `schedule` of its definition. Times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cronsim import CronSim, CronSimError

from models.domain.dsl.durations import parse_duration
from models.domain.event_filters import matches
from models.domain.gatherings import spec_of

KINDS = ("on", "cron", "every", "after")


def triggers_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The triggers of a valid definition by kind, as JSON.

    `on`: {"any": [attributes wanted of the event, ...]}, where an empty list means every event, or a spec of
    gatherings.py when it takes several;
    `cron`: {"cron": expression}; `every` and `after`: {"seconds": length}.
    """
    schedule = definition.get("schedule") or {}
    found: dict[str, Any] = {}
    for kind in KINDS:
        if kind in schedule:
            found[kind] = _spec(kind, schedule[kind])
    return found


def _spec(kind: str, node: Any) -> dict[str, Any]:
    if kind == "cron":
        return {"cron": node}
    if kind == "on":
        gathered = spec_of(node)
        if gathered is not None:
            return gathered
        filters = [node["one"]] if "one" in node else node["any"]
        return {"any": [wanted["with"] for wanted in filters]}
    return {"seconds": parse_duration(node).total_seconds()}


def event_matches(spec: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether this CloudEvent (JSON format) starts a run, by a spec of the kind `on`."""
    return not spec["any"] or any(matches(wanted, envelope) for wanted in spec["any"])


def next_time(kind: str, spec: Mapping[str, Any], last: datetime | None, now: datetime) -> datetime | None:
    """When the next run is due; a time up to `now` means at once, None means never.

    `last` is the time of the last run: for `cron` and `every` the time at which it was due, for `after` the time at
    which it ended; None before the first. Of times that were missed while nothing ran, only the newest is made up for.
    A first `after` is due at once, a first `every` after one interval. None for the kind `on`.
    """
    if kind == "cron":
        return _next_cron(spec["cron"], last, now)
    if kind == "every":
        return _next_interval(timedelta(seconds=spec["seconds"]), last, now)
    if kind == "after":
        return now if last is None else last + timedelta(seconds=spec["seconds"])
    return None


def check_cron(expression: str) -> None:
    """ValueError says what is wrong with a cron expression of five fields, or that it never comes."""
    if len(expression) > 200 or len(expression.split()) != 5:
        raise ValueError("write five fields: minute, hour, day of month, month, day of week, such as 0 6 * * 1-5")
    try:
        coming = next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        fields = "the fields are minute, hour, day of month, month, day of week"
        raise ValueError(f"{str(error).lower()}; {fields}") from None
    if coming is None:
        raise ValueError("there is no such day")


def _next_cron(expression: str, last: datetime | None, now: datetime) -> datetime | None:
    now = now.astimezone(UTC)
    if last is not None:
        # Reverse ticks come strictly before their start, and one may be due at this very second: the newest up to now.
        missed = next(CronSim(expression, now.replace(microsecond=0) + timedelta(seconds=1), reverse=True), None)
        if missed is not None and last < missed:
            return missed
    return next(CronSim(expression, now), None)


def _next_interval(interval: timedelta, last: datetime | None, now: datetime) -> datetime:
    if last is None:
        return now + interval
    passed = (now - last) // interval
    return last + interval * max(passed, 1)
