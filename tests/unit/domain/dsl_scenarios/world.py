"""Plays one scenario: a workflow, what the outside does, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from models.domain.dsl import protocol as p
from models.domain.dsl import protocol_messages as m
from models.domain.dsl.problems import PREFIX, problem
from models.domain.dsl.validation import check_definition
from models.domain.events import format_time
from models.domain.journal import EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from tests.unit.domain.dsl_documents import DOCUMENT
from tests.unit.domain.dsl_engine.host import BEGIN, Host, Reply


class World(Host):
    """A host whose outside also has events and other runs. `rest` says how each behaves, see README.md."""

    def __init__(self, definition: Mapping[str, Any], rest: Mapping[str, Any]) -> None:
        limits = replace(Limits(), **rest.get("limits", {}))
        answers = {name: _replies(told) for name, told in rest.get("answers", {}).items()}
        super().__init__(
            definition, rest.get("input"), answers, limits, not_yet=(), resources=rest.get("resources", {})
        )
        self.info = replace(self.info, **rest.get("info", {}))
        self._message = 0
        self._runs: Mapping[str, Any] = rest.get("runs", {})
        for number, event in enumerate(rest.get("incoming", ()), 1):
            at = BEGIN + timedelta(seconds=event.get("at", 0))
            given = {key: value for key, value in event.items() if key != "at"}
            envelope = {"specversion": "1.0", "id": f"e{number}", "source": "https://e.example", **given}
            self._later(at, m.EventReceived(self._next_message(), {"time": format_time(at), **envelope}, at))
        if "cancel" in rest:
            at = BEGIN + timedelta(seconds=rest["cancel"])
            self._later(at, p.CancelRequested(at))

    def perform(self, commands: Any) -> None:
        """As the host does, and other runs end."""
        super().perform(commands)
        for command in commands:
            if isinstance(command, m.StartChild) and command.cause["awaited"]:
                self._end(command)

    def _end(self, child: m.StartChild) -> None:
        told = self._runs.get(child.name, {"error": {**problem("configuration", "There is no such workflow.")}})
        if told == "never":
            return
        status = RunStatus(told.get("status", "faulted" if "error" in told else "completed"))
        at = self.now + timedelta(seconds=told.get("after", 0))
        ended = m.ChildEnded(self._next_message(), child.step, status, told.get("output"), told.get("error"), at)
        self._later(at, ended)

    def _next_message(self) -> int:
        self._message = getattr(self, "_message", 0) + 1
        return self._message


def _replies(told: Any) -> list[Reply]:
    """One answer or a list of them: {ok: output} | {fails: kind} | never, each with `after` seconds."""
    return [_reply(one) for one in (told if isinstance(told, list) else [told])]


def _reply(told: Any) -> Reply:
    if told == "never":
        return Reply(None)
    if told == "lost":
        return Reply(lambda step, at: p.StepUnknown(step, at))
    after = told.get("after", 0.0)
    if "fails" in told:
        error = problem(told["fails"], told.get("detail", "no"), status=told.get("status"))
        return Reply(lambda step, at: p.StepFailed(step, error, at), after)
    return Reply(lambda step, at: p.StepSucceeded(step, told.get("ok"), at), after)


# ---------------------------------------------------------------- playing


def definition_of(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """The document: what the scenario says of it, in a valid frame."""
    parts = dict(scenario.get("workflow", {}))
    if "do" in scenario:
        parts["do"] = scenario["do"]
    return {"document": {**DOCUMENT, **parts.pop("document", {})}, **parts}


def play(scenario: Mapping[str, Any]) -> None:
    """Plays a scenario and checks all that it expects."""
    expect = scenario["expect"]
    definition = definition_of(scenario)
    if "refused" in expect:
        faults = check_definition(definition)
        assert [fault.pointer for fault in faults] == [expect["refused"]], faults
        assert expect.get("says", "") in faults[0].detail, faults[0].detail
        return
    play_definition(definition, scenario)


def play_definition(definition: Mapping[str, Any], scenario: Mapping[str, Any]) -> World:
    """Plays a document as the rest of a scenario says, and checks what it expects."""
    world = World(definition, scenario)
    world.run(scenario.get("until"))
    _check(world, scenario.get("expect", {}))
    return world


def _check(world: World, expect: Mapping[str, Any]) -> None:
    state = world.state
    assert state.status.value == expect.get("status", "completed"), (state.status, state.error, world.trace())
    for name in ("output", "context"):
        if name in expect:
            assert getattr(state, name) == expect[name]
    if "error" in expect:
        assert state.error is not None
        _is_like(_whole(expect["error"]), state.error)
    if "seconds" in expect:
        assert world.seconds == expect["seconds"]
    if "journal" in expect:
        assert world.trace() == expect["journal"]
    if "completed" in expect:
        assert world.names(EntryType.TASK_COMPLETED) == expect["completed"]
    _check_outside(world, expect)


def _check_outside(world: World, expect: Mapping[str, Any]) -> None:
    if "requests" in expect:
        _is_like(expect["requests"], [step.request for step in world.steps])
    if "events" in expect:
        _is_like(expect["events"], world.events)
    if "notified" in expect:
        assert [one.title for one in world.notifications] == expect["notified"]
    children = [one for one in world.messages if isinstance(one, m.StartChild)]
    if "started" in expect:
        shown = [{"name": one.name, "input": one.input, "version": one.version, **one.cause} for one in children]
        _is_like(expect["started"], shown)
    if "given_up" in expect:
        stopped = [one.run_id for one in world.messages if isinstance(one, m.CancelChild)]
        assert [one.name for one in children if one.run_id in stopped] == expect["given_up"]
    if "listens" in expect:
        opened = {one.listen for one in world.messages if isinstance(one, m.Subscribe)}
        closed = {one.listen for one in world.messages if isinstance(one, m.Unsubscribe)}
        assert len(opened - closed) == expect["listens"]


def _whole(error: Mapping[str, Any]) -> dict[str, Any]:
    """Standard types are written short."""
    kind = error.get("type", "")
    return {**error, "type": PREFIX + kind} if kind and "/" not in kind else dict(error)


def _is_like(wanted: Any, actual: Any) -> None:
    """Objects have at least the members that are wanted, lists as many items; text that ends in ... only begins so."""
    if isinstance(wanted, Mapping):
        assert isinstance(actual, Mapping), (wanted, actual)
        for name, one in wanted.items():
            assert name in actual, (name, actual)
            _is_like(one, actual[name])
    elif isinstance(wanted, list):
        assert isinstance(actual, list), (wanted, actual)
        assert len(wanted) == len(actual), (wanted, actual)
        for one, other in zip(wanted, actual, strict=True):
            _is_like(one, other)
    elif isinstance(wanted, str) and wanted.endswith("..."):
        assert str(actual).startswith(wanted[:-3]), (wanted, actual)
    else:
        assert (type(wanted) is bool) is (type(actual) is bool)
        assert wanted == actual
