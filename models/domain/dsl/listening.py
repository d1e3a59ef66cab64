"""What a listen has heard so far, and what an event means to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.domain import event_filters
from models.domain.dsl.expressions import Expression
from models.domain.dsl.listening_state import Listening
from models.domain.dsl.nodes_calls import Subscription
from models.domain.dsl.nodes_events import EventFilter, Listen, Wanted
from models.domain.dsl.problems import FAULTS, Problem, error_of, problem
from models.domain.dsl.state import Frame, Key
from models.domain.event_hops import hops_of
from models.domain.journal import EntryType

if TYPE_CHECKING:
    from models.domain.dsl.scope import TaskScope
    from models.domain.dsl.turn import Turn

# Stands for a filter where there are none and so every event is wanted.
_EVERY = -1

# ---------------------------------------------------------------- before the start


def prepare(turn: Turn, task: Listen, scope: TaskScope, data: dict[str, Any]) -> None:
    """What is expected of events, evaluated once."""
    data["expect"] = [
        {one.name: one.expect.evaluate(data["input"], scope) for one in wanted.correlations if one.expect is not None}
        for wanted in task.filters
    ]


def subscriptions(task: Listen, state: Listening) -> tuple[dict[str, Any], ...]:
    """See Subscribe. Without filters every event is wanted."""
    return tuple(
        {
            "type": wanted.type,
            "with": wanted.static,
            "keys": [
                {"from": one.from_.text, "is": expect[one.name]}
                for one in wanted.correlations
                if one.is_simple and one.name in expect
            ],
        }
        for wanted, expect in zip(task.filters, state.expect, strict=True)
    ) + (() if task.count else ({"type": None, "with": {}, "keys": []},))


# ---------------------------------------------------------------- an event comes


def receive(turn: Turn, envelope: Mapping[str, Any]) -> None:
    """Offers an event to each listen that is open."""
    for seq, key in list(turn.draft.awaits.items()):
        task = turn.workflow.tasks[key[0]]
        if isinstance(task, Listen) and seq in turn.draft.awaits:
            _offer(turn, task, key, envelope)


def _offer(turn: Turn, task: Listen, key: Key, envelope: Mapping[str, Any]) -> None:
    frame = turn.draft.frames[key]
    scope = turn.scope(task, key, frame)
    found = _match(task, frame, scope, envelope)
    if found is None:
        return
    place, keys = found
    data: dict[str, Any] = {"filter": place, "event": {name: envelope[name] for name in ("source", "id", "type")}}
    if keys:
        data["keys"] = keys
    if hops_of(envelope):
        data["hops"] = hops_of(envelope)
    try:
        _consume(turn, task, frame, scope, envelope, data)
    except FAULTS as fault:
        return turn.fault(task, key, error_of(fault))
    turn.record(EntryType.TASK_RECEIVED, key, data)


def _consume(
    turn: Turn, task: Listen, frame: Frame, scope: TaskScope, envelope: Mapping[str, Any], data: dict[str, Any]
) -> None:
    state = frame.listening
    assert state is not None
    heard = state.heard | {data["filter"]}
    if data["filter"] >= task.count and task.until_strategy is not None:
        ends = task.until_strategy != "all" or all(n in heard for n in range(task.count, len(task.filters)))
    else:
        data["item"] = read(envelope, task.read)
        data["size"] = state.size + len(json.dumps(data["item"]))
        check_limits(turn, len(frame.items or ()) + 1, data["size"])
        ends = _is_enough(task, frame, scope, heard, data["item"])
    if ends:
        data["ends"] = True
        if state.keys:
            data["keys"] = {**state.keys, **data.get("keys", {})}


def _is_enough(task: Listen, frame: Frame, scope: TaskScope, heard: frozenset[int], item: Any) -> bool:
    if task.strategy == "one":
        return True
    if task.strategy == "all":
        return all(n in heard for n in range(task.count))
    if task.until is not None:
        # With foreach it is asked after the event was worked off.
        return not task.is_each and task.until.is_true([*(frame.items or ()), item], scope)
    return task.until_strategy is None


def check_limits(turn: Turn, count: int, size: int) -> None:
    """Problem when a task has more items than it may have."""
    limits = turn.draft.limits
    for name, found in (("max_listened_events", count), ("max_listened_bytes", size)):
        most = getattr(limits, name)
        if found > most:
            raise Problem(problem("runtime", f"The events of this listen exceed the limit {name} of {most:,}."))


def read(envelope: Mapping[str, Any], how: str) -> Any:
    """What is kept of an event: its data, all of it, or the data as it was written."""
    if how == "envelope":
        return dict(envelope)
    data = envelope["data_base64"] if "data_base64" in envelope else envelope.get("data")
    if how == "data" or isinstance(data, str):
        return data
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


# ---------------------------------------------------------------- matching


def _match(
    task: Listen, frame: Frame, scope: TaskScope, envelope: Mapping[str, Any]
) -> tuple[int, dict[str, Any]] | None:
    """The filter that the event is for, and the correlation values that it is the first to have. What ends the
    listening comes before what is listened for."""
    state = frame.listening
    assert state is not None
    places = [*range(task.count, len(task.filters)), *range(task.count)]
    for place in places:
        is_spent = place in state.heard and (task.until_strategy if place >= task.count else task.strategy) == "all"
        if not is_spent:
            keys = _keys(task.filters[place], place, state, frame, scope, envelope)
            if keys is not None:
                return place, keys
    return None if task.count else (_EVERY, {})


def _keys(
    wanted: EventFilter, place: int, state: Listening, frame: Frame, scope: TaskScope, envelope: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The new correlation values of an event that matches; None when it does not."""
    if not all(name in envelope and _is(want, envelope[name], name, scope) for name, want in wanted.wanted.items()):
        return None
    keys: dict[str, Any] = {}
    for one in wanted.correlations:
        value = _evaluated(one.from_, dict(envelope), scope)
        if value is None:
            return None
        expect = state.expect[place]
        if one.name in expect:
            if not _as_expected(expect[one.name], value):
                return None
        elif one.name not in state.keys:
            keys[one.name] = value
        elif state.keys[one.name] != value:
            return None
    return keys


def _as_expected(expected: Any, value: Any) -> bool:
    # A constant of the document is always text.
    return bool(expected == value) or (
        isinstance(expected, str) and not isinstance(value, str) and expected == json.dumps(value)
    )


def _is(wanted: Wanted, value: Any, name: str, scope: TaskScope) -> bool:
    if isinstance(wanted, Expression):
        found = _evaluated(wanted, value, scope)
        return found is True or (not isinstance(found, bool) and found is not None and bool(found == value))
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(
            key in value and _is(want, value[key], "data", scope) for key, want in wanted.items()
        )
    return event_filters.matches({name: wanted}, {name: value})


def _evaluated(expression: Expression, value: Any, scope: TaskScope) -> Any:
    """The result, or None: an event that a filter cannot read does not match."""
    try:
        return expression.evaluate(value, scope)
    except Problem:
        return None


# ---------------------------------------------------------------- foreach


def iterate(turn: Turn, task: Listen | Subscription, key: Key, frame: Frame) -> None:
    """Begins to work on the next event, or ends the work on one."""
    assert frame.listening is not None
    tasks = task.parts["do"].tasks
    if tasks and not frame.listening.is_busy:
        return turn.start_next(task, key, frame)
    items = frame.items or []
    item = items[frame.iteration]
    scope = turn.scope(task, key, frame)
    scope.extra = {task.each: item, task.at: frame.iteration}
    try:
        data = _end_iteration(turn, task, frame.flow if tasks else item, scope)
        if task.until is not None:
            scope.extra = {"context": data["context"]} if "context" in data else None
            seen = items[: frame.iteration + 1] if isinstance(task, Listen) else item
            if task.until.is_true(seen, scope):
                data["ends"] = True
                if isinstance(task, Listen):
                    data["keys"] = dict(frame.listening.keys)
    except FAULTS as fault:
        return turn.fault(task, key, error_of(fault))
    turn.record(EntryType.TASK_ITERATED, key, data)


def _end_iteration(turn: Turn, task: Listen | Subscription, raw: Any, scope: TaskScope) -> dict[str, Any]:
    found, output, export = raw, task.each_output, task.each_export
    scope.raw_output = raw
    if output is not None:
        if output.transform is not None:
            found = output.transform.evaluate(raw, scope)
        if output.schema is not None:
            output.schema.check(found, "output of the event")
    data: dict[str, Any] = {"output": found}
    scope.output = found
    if export is not None:
        context = turn.draft.context
        if export.transform is not None:
            data["context"] = context = export.transform.evaluate(found, scope)
        if export.schema is not None:
            export.schema.check(context, "context")
    return data
