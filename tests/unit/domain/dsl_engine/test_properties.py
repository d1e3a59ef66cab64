"""Random workflows, crashes, and events that come twice or late: nothing changes what a run does."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.domain.dsl import protocol as p
from models.domain.dsl.engine import advance, compile_workflow, replay, start
from models.domain.dsl.problems import problem
from models.domain.dsl.validation import check_definition
from models.domain.errors import Conflict
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus, WorkflowRef
from tests.chaos.checker import Evidence, violations
from tests.unit.domain.dsl_documents import DOCUMENT
from tests.unit.domain.dsl_engine.host import BEGIN, RUN, stored

INFO = p.RunInfo(RUN, WorkflowRef("test", "a-workflow", "0.1.0"))
LATE = timedelta(days=1)

# ---------------------------------------------------------------- workflows

VALUES = ["${ . }", 1, "text", "${ [.] | length }", "${ $context }", {"a": "${ $input }", "b": [1]}, "${ .a }"]
CONDITIONS = ["true", "false", ". == null", "$context == 1", ".a == 1", '(. | type) == "object"']
POLICIES = [
    {"delay": "PT1S", "limit": {"attempt": {"count": 2}}},
    {"limit": {"attempt": {"count": 1}}},
    {
        "delay": "PT2S",
        "backoff": {"exponential": {}},
        "jitter": {"from": "PT0S", "to": "PT1S"},
        "limit": {"duration": "PT9S"},
    },
    {"limit": {"attempt": {"count": 1, "duration": "PT3S"}}},
]  # fmt: skip


def leaf(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["set", "call", "call", "wait", "raise", "notify", "emit"]))
    if kind == "set":
        return {"set": draw(st.sampled_from([v for v in VALUES if isinstance(v, dict) or str(v).startswith("$")]))}
    if kind == "call":
        return {
            "call": "predict",
            "with": {"model": "m", "inputs": draw(st.sampled_from(VALUES))},
            "metadata": {"unknownOutcome": draw(st.sampled_from(["retry", "stop"]))},
        }
    if kind == "wait":
        return {"wait": draw(st.sampled_from(["PT1S", "PT4S", "PT0S"]))}
    if kind == "raise":
        return {"raise": {"error": {"type": "https://e.x/raised", "status": draw(st.sampled_from([400, 503]))}}}
    if kind == "emit":
        return {"emit": {"event": {"with": {"source": "https://e.x", "type": "t"}}}}
    return {"call": "notify", "with": {"to": "all", "title": "T"}}


def task(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(["leaf"] * 3 + (["do", "for", "fork", "try", "try"] if depth else [])))
    if kind == "leaf":
        node = leaf(draw)
    elif kind == "do":
        node = {"do": tasks(draw, depth - 1)}
    elif kind == "for":
        node = {"for": {"in": draw(st.sampled_from(["[1,2]", "[]", "[7,8,9]"]))}, "do": tasks(draw, depth - 1)}
        if draw(st.booleans()):
            node["while"] = draw(st.sampled_from(["$index < 2", "true", ". != 1"]))
    elif kind == "fork":
        branches = tasks(draw, depth - 1)
        for branch in branches:
            for inner in branch.values():
                if inner.get("then") not in (None, "continue", "end"):
                    del inner["then"]
                inner.pop("switch", None) if "switch" not in inner else None
        branches = [branch for branch in branches if "switch" not in next(iter(branch.values()))]
        node = {"fork": {"branches": branches, "compete": draw(st.booleans())}}
    else:
        catch: dict[str, Any] = {}
        if draw(st.booleans()):
            catch["errors"] = {"with": {"status": draw(st.sampled_from([400, 500, 503]))}}
        if draw(st.booleans()):
            catch["retry"] = draw(st.sampled_from(POLICIES))
        if draw(st.booleans()):
            catch["do"] = tasks(draw, depth - 1)
        node = {"try": tasks(draw, depth - 1), "catch": catch}
    return decorate(draw, node)


def decorate(draw: st.DrawFn, node: dict[str, Any]) -> dict[str, Any]:
    choice = draw(st.integers(0, 11))
    if choice == 0:
        node["if"] = draw(st.sampled_from(CONDITIONS))
    elif choice == 1:
        node["output"] = {"as": draw(st.sampled_from(["{a: 1}", ".", "$input", "[.]", ".a"]))}
    elif choice == 2:
        node["export"] = {"as": draw(st.sampled_from([".", "1", "$context"]))}
    elif choice == 3:
        node["timeout"] = {"after": draw(st.sampled_from(["PT2S", "PT5S"]))}
    elif choice == 4:
        node["input"] = {"from": draw(st.sampled_from([".", "{a: .}", ".a"]))}
    elif choice == 5:
        node["then"] = draw(st.sampled_from(["exit", "continue", "end"]))
    return node


def tasks(draw: st.DrawFn, depth: int) -> list[dict[str, Any]]:
    count = draw(st.integers(0, 3))
    items = [{f"t{n}": task(draw, depth)} for n in range(count)]
    if count and draw(st.integers(0, 5)) == 0:
        # A jump back, at most a few times.
        items.append({"again": {"switch": [{"b": {"when": '($task.input | type) == "null"', "then": "t0"}}]}})
        items[0]["t0"].pop("then", None)
        items[-2][f"t{count - 1}"].setdefault("output", {"as": "[.]"})
    return items


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"document": DOCUMENT, "do": tasks(draw, 3)}
    if draw(st.integers(0, 5)) == 0:
        found["timeout"] = {"after": "PT7S"}
    return found


# ---------------------------------------------------------------- simulation


class World:
    """A run in a world with one order of events, whose targets answer a key always the same way at the same time.

    With `chance` it crashes: before an append is durable, or after it; and events come twice or make no sense.
    """

    def __init__(self, definition: dict[str, Any], given: Any, limits: Limits, chance: random.Random | None) -> None:
        self.workflow = compile_workflow(definition, limits)
        self.given, self.limits, self.chance = given, limits, chance
        self.journal: list[Entry] = []
        self.queue: dict[tuple[datetime, int, str], p.Event] = {}
        self.answers: dict[tuple[str, int], tuple[datetime, p.Event]] = {}
        self.sent: list[str] = []
        self.now = BEGIN
        self.state, commands = start(self.workflow, INFO, given, self.now, limits)
        self.perform(commands)

    def run(self) -> World:
        for _ in range(1_000):
            if not self.queue:
                break
            place = min(self.queue)
            event = self.queue.pop(place)
            self.now = max(self.now, place[0])
            self.deliver(event)
        assume(not self.queue)  # some of the workflows go on for ever
        assert self.state.status.is_final, (self.state.status, self.state.frames)
        return self

    def deliver(self, event: p.Event) -> None:
        if self.chance and self.chance.random() < 0.2:
            advance(self.workflow, self.state, event)  # worked off, but the process died before anything was durable
            self.recover()
        self.state, commands = advance(self.workflow, self.state, event)
        self.perform(commands)
        if self.chance and self.chance.random() < 0.3:
            self.recover()
        if self.chance and self.chance.random() < 0.3:
            self.send_nonsense(event)

    def send_nonsense(self, event: p.Event) -> None:
        before = self.state
        for again in (event, p.StepSucceeded(10_000, 1, self.now), p.TimerFired("9999:wait", self.now)):
            if isinstance(again, p.Continued):
                continue
            state, commands = advance(self.workflow, before, again)
            assert state is before
            assert commands == []

    def recover(self) -> None:
        before = self.state
        self.state, commands = replay(self.workflow, INFO, self.given, stored(self.journal), self.now, self.limits)
        assert self.state == before
        self.queue.clear()
        self.perform(commands)

    def perform(self, commands: Sequence[p.Command]) -> None:
        for command in commands:
            match command:
                case p.AppendJournal(entries):
                    self.journal += entries
                case p.StartStep():
                    self.ask(command)
                case p.AskOutcome(step):
                    self.ask(step)
                case p.StartTimer(timer, at):
                    self.queue[(at, 1, timer)] = p.TimerFired(timer, at)
                case p.CancelTimer(timer):
                    self.queue = {place: event for place, event in self.queue.items() if place[2] != timer}
                case p.EmitEvents(events):
                    self.sent += [event["id"] for event in events]
                case p.Notify(notifications):
                    self.sent += [notification.key for notification in notifications]
                case p.Continue():
                    self.queue[(self.now, 0, "")] = p.Continued(self.now)

    def ask(self, step: p.StartStep) -> None:
        """The target decides by the key and what it has seen; asked again for the same, it says the same."""
        known = self.answers.get((step.idempotency_key, step.step))
        if known is None:
            dice = hashlib.sha256(f"{step.idempotency_key}{step.attempt}".encode()).digest()
            at = self.now + timedelta(seconds=dice[0] % 5)
            event: p.Event = p.StepSucceeded(step.step, {"a": dice[1] % 3}, at)
            if dice[2] < 90:
                event = p.StepFailed(step.step, problem("communication", status=(500, 503)[dice[3] % 2]), at)
            elif dice[2] < 120 and step.attempt < 3:
                event = p.StepUnknown(step.step, at)
            known = self.answers[(step.idempotency_key, step.step)] = (at, event)
        self.queue[(known[0], 2, f"{step.step:06}")] = known[1]

    def keys(self) -> set[str]:
        return {key for key, _ in self.answers}


def check_journal(world: World) -> None:
    """The checker of the whole system, and what it does not know."""
    rows = [
        {"run_id": "r", "seq": e.seq, "type": str(e.type), "task": e.task, "path": e.path, "epoch": 1}
        for e in world.journal
    ]
    run = {"id": "r", "status": str(world.state.status), "last_seq": len(rows), "ended_at": world.state.ended_at}
    assert violations(Evidence([run], rows, accepted=["r"])) == []
    assert [e.at for e in world.journal] == sorted(e.at for e in world.journal)
    open_: list[tuple[str, tuple[int, ...]]] = []
    for entry in world.journal:
        key = (entry.task, entry.path)
        if entry.type is EntryType.TASK_STARTED:
            assert key not in open_
            open_.append(key)
        elif entry.type in (EntryType.TASK_COMPLETED, EntryType.TASK_FAULTED, EntryType.TASK_CANCELLED):
            open_.remove(key)
    assert world.state.status is not RunStatus.COMPLETED or open_ == []


@settings(max_examples=150, deadline=None)
@given(definitions(), st.sampled_from([None, {"a": 1}, [1]]), st.integers(0, 2**32), st.integers(1, 12))
def test_crashes_and_repetitions_change_nothing(definition: Any, given: Any, seed: int, piece: int) -> None:
    assert check_definition(definition) == []
    limits = Limits(max_entries_per_advance=piece)
    calm = World(definition, given, limits, None).run()
    wild = World(definition, given, limits, random.Random(seed)).run()
    check_journal(calm)
    assert wild.journal == calm.journal
    assert wild.state == calm.state
    assert wild.keys() == calm.keys()
    assert sorted(wild.sent) == sorted(calm.sent)


@settings(max_examples=60, deadline=None)
@given(definitions(), st.sampled_from([None, {"a": 1}]))
def test_the_state_after_each_entry_is_the_same_live_and_replayed(definition: Any, given: Any) -> None:
    limits = Limits(max_entries_per_advance=1)
    world = World(definition, given, limits, None)
    states = {world.state.last_seq: world.state}
    for _ in range(300):
        if not world.queue:
            break
        place = min(world.queue)
        world.now = max(world.now, place[0])
        world.deliver(world.queue.pop(place))
        states[world.state.last_seq] = world.state
    for count, state in states.items():
        replayed, _ = replay(world.workflow, INFO, given, stored(world.journal[:count]), world.now, limits)
        assert replayed == state


@settings(max_examples=60, deadline=None)
@given(definitions(), st.integers(0, 30), st.integers(0, 2**32))
def test_a_run_can_be_cancelled_at_any_time(definition: Any, after: int, seed: int) -> None:
    world = World(definition, None, Limits(max_entries_per_advance=3), random.Random(seed))
    for _ in range(after):
        if not world.queue:
            break
        place = min(world.queue)
        world.now = max(world.now, place[0])
        world.deliver(world.queue.pop(place))
    was_final = world.state.status.is_final
    before = world.state
    world.state, commands = advance(world.workflow, world.state, p.CancelRequested(world.now + LATE))
    if was_final:
        assert (world.state, commands) == (before, [])
        return
    world.perform(commands)
    assert world.state.status is RunStatus.CANCELLED
    assert world.state.steps == {}
    assert world.state.timers == {}
    assert {c.step for c in commands if isinstance(c, p.CancelStep)} == set(before.steps)
    assert {c.timer for c in commands if isinstance(c, p.CancelTimer)} == set(before.timers)
    check_journal(world)


@pytest.mark.parametrize("broken", ["lost", "doubled", "other"])
def test_a_journal_that_is_not_of_this_run_is_refused(broken: str) -> None:
    definition = {"document": DOCUMENT, "do": [{"a": {"set": {"x": 1}}}, {"b": {"set": {"x": 1}}}]}
    world = World(definition, None, Limits(), None)
    journal = {
        "lost": [*world.journal[:2], *world.journal[3:]],
        "doubled": [*world.journal[:2], *world.journal[1:]],
        "other": [*world.journal[:1], Entry(2, EntryType.TASK_STARTED, BEGIN, "/do/9/z", (), {"input": None})],
    }[broken]
    with pytest.raises(Conflict):
        replay(world.workflow, INFO, None, journal, BEGIN)
