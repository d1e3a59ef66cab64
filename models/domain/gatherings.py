"""Schedules that wait for several events: what has come so far, and when that is a run.

A spec is JSON: {gather: one | any | all, filters: [{with, correlate}], until: {expression} | {gather, filters} | null}.
The first event that matches opens a gathering; each event goes to the oldest gathering that it fits, or opens another.
So of events with correlation, each set gathers on its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.event_filters import EXPRESSION, evaluate, matches
from models.domain.limits import Limits


@dataclass(frozen=True, slots=True)
class Gathering:
    """One set of events. `id` is where it is stored, None when it is new; `heard` are the places of filters that had
    their event (of `until`: after those of the filters); `keys` the correlation values."""

    id: int | None
    events: tuple[Mapping[str, Any], ...] = ()
    heard: frozenset[int] = frozenset()
    keys: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        return {"events": list(self.events), "heard": sorted(self.heard), "keys": dict(self.keys or {})}

    @staticmethod
    def of(id: int, state: Mapping[str, Any]) -> Gathering:
        """As `to_json` told it."""
        return Gathering(id, tuple(state["events"]), frozenset(state["heard"]), state["keys"])


def spec_of(node: Mapping[str, Any]) -> dict[str, Any] | None:
    """The spec of a `schedule.on` that is more than one event of some; None for those."""
    name, filters = _strategy(node)
    until = node.get("until")
    if name != "all" and until is None and not any(one.get("correlate") for one in filters):
        return None
    told: dict[str, Any] | None = None
    if isinstance(until, str):
        found = EXPRESSION.fullmatch(until)
        told = {"expression": found[1] if found else until}
    elif until is not None:
        kind, more = _strategy(until)
        told = {"gather": kind, "filters": more}
    return {"gather": name, "filters": filters, "until": told}


def _strategy(node: Mapping[str, Any]) -> tuple[str, list[Any]]:
    name = next(name for name in ("one", "any", "all") if name in node)
    return name, [node[name]] if name == "one" else list(node[name])


def concerns(spec: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether the event may change a gathering; correlation is not looked at."""
    until = (spec["until"] or {}).get("filters", ())
    return not spec["filters"] or any(matches(one["with"], envelope) for one in (*spec["filters"], *until))


def gather(
    spec: Mapping[str, Any], open_: Sequence[Gathering], envelope: Mapping[str, Any], limits: Limits
) -> tuple[list[Gathering], list[Mapping[str, Any]] | None]:
    """The gatherings after an event, and the events of the one that is whole now, which is open no more.

    Of more than `max_open_gatherings` the oldest is given up; so are the oldest events of one that grows too large.
    """
    for place, one in enumerate(open_):
        after = _take(spec, one, envelope)
        if after is not None:
            rest = [*open_[:place], *open_[place + 1 :]]
            if _is_whole(spec, after):
                return rest, list(after.events)
            return [*open_[:place], _cut(after, limits), *open_[place + 1 :]], None
    begun = _take(spec, Gathering(None), envelope)
    if begun is None or not begun.events:
        return list(open_), None
    if _is_whole(spec, begun):
        return list(open_), list(begun.events)
    return [*open_, begun][-limits.max_open_gatherings :], None


def _take(spec: Mapping[str, Any], one: Gathering, envelope: Mapping[str, Any]) -> Gathering | None:
    filters, until = spec["filters"], spec["until"] or {}
    count = len(filters)
    for place, wanted in enumerate(until.get("filters", ()), count):
        keys = _keys(wanted, one, envelope)
        if keys is not None:
            return Gathering(one.id, one.events, one.heard | {place}, keys)
    for place, wanted in enumerate(filters):
        if spec["gather"] == "all" and place in one.heard:
            continue
        keys = _keys(wanted, one, envelope)
        if keys is not None:
            return Gathering(one.id, (*one.events, envelope), one.heard | {place}, keys)
    return None if filters else Gathering(one.id, (*one.events, envelope), one.heard, one.keys)


def _keys(wanted: Mapping[str, Any], one: Gathering, envelope: Mapping[str, Any]) -> dict[str, Any] | None:
    """The correlation values with those of the event; None when it does not fit."""
    if not matches(wanted["with"], envelope):
        return None
    keys = dict(one.keys or {})
    for name, correlation in (wanted.get("correlate") or {}).items():
        value = evaluate(correlation["from"], dict(envelope))
        expected = correlation.get("expect", keys.get(name))
        if value is None or (expected is not None and expected not in (value, json.dumps(value))):
            return None
        keys[name] = value
    return keys


def _is_whole(spec: Mapping[str, Any], one: Gathering) -> bool:
    count, until = len(spec["filters"]), spec["until"]
    if spec["gather"] == "all":
        return all(place in one.heard for place in range(count))
    if until is None:
        return True
    if "expression" in until:
        return evaluate(until["expression"], list(one.events)) not in (None, False)
    places = range(count, count + len(until["filters"]))
    heard = [place in one.heard for place in places]
    return bool(one.events) and (all(heard) if until["gather"] == "all" else any(heard))


def _cut(one: Gathering, limits: Limits) -> Gathering:
    events = one.events[-limits.max_gathered_events :]
    sizes = [len(json.dumps(event)) for event in events]
    while len(events) > 1 and sum(sizes) > limits.max_gathered_bytes:
        events, sizes = events[1:], sizes[1:]
    return Gathering(one.id, events, one.heard, one.keys)
