"""Flow control: whatever comes in whatever order, no limit is ever exceeded and nobody waits who need not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from models.domain.dsl.validation import check_definition
from models.domain.flow_control import (
    Debounce,
    FlowControl,
    KeyState,
    RateLimit,
    Refusal,
    Singleton,
    Throttle,
    admit,
    ended,
    enqueue,
    key_of,
    parse_flow_control,
    priority_of,
    refusal,
)
from models.domain.limits import Limits
from tests.unit.domain.dsl_documents import with_tasks

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits()


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@dataclass
class Desk:
    """All runs of one key, told what happens; keeps what really ran."""

    control: FlowControl
    state: KeyState = field(default_factory=KeyState)
    now: float = 0.0
    next_at: datetime | None = None
    started: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    dropped: int = 0
    log: list[tuple[str, float]] = field(default_factory=list)

    def come(self) -> bool:
        before = self.state.waiting
        if refusal(self.control, self.state, at(self.now)) is not None:
            return False
        self.accepted.append(self.now)
        self.log.append(("come", self.now))
        self.state = enqueue(self.control, self.state, at(self.now))
        self.dropped += before + 1 - self.state.waiting
        self._admit()
        return True

    def end(self) -> None:
        if self.state.running:
            self.state = ended(self.state, True)
            self._admit()

    def give_up(self) -> None:
        if self.state.waiting:
            self.state = ended(self.state, False)
            self.dropped += 1
            self._admit()

    def go_on(self, seconds: float) -> None:
        """Time passes; whoever may start at some time on the way, starts then."""
        until = self.now + seconds
        for _ in range(10_000):
            if self.next_at is None or self.next_at > at(until):
                break
            self.now = max(self.now, (self.next_at - NOW).total_seconds())
            self._admit()
        self.now = until

    def _admit(self) -> None:
        found = admit(self.control, self.state, at(self.now))
        self.started += [self.now] * found.starts
        self.log += [("start", self.now)] * found.starts
        self.state, self.next_at = found.state, found.next_at
        again = admit(self.control, self.state, at(self.now))
        assert again.starts == 0, "somebody waits who need not"
        assert self.next_at is None or self.next_at > at(self.now)


periods = st.integers(1, 20).map(lambda n: timedelta(seconds=n / 2))
controls = st.builds(
    FlowControl,
    concurrency=st.none() | st.integers(1, 4),
    throttle=st.none() | st.builds(Throttle, st.integers(1, 5), periods, st.integers(1, 4)),
    rate_limit=st.none() | st.builds(RateLimit, st.integers(1, 5), periods),
    debounce=st.none() | st.builds(Debounce, periods, periods),
    singleton=st.none() | st.sampled_from(Singleton),
    queue=st.integers(1, 6),
)
steps = st.lists(
    st.one_of(st.just("come"), st.just("end"), st.just("give up"), st.floats(0, 6).map(lambda n: round(n, 2))),
    max_size=60,
)


@settings(max_examples=400, deadline=None)
@given(controls, steps)
def test_no_limit_is_ever_exceeded_and_nobody_is_lost(control: FlowControl, happens: list[Any]) -> None:
    desk = Desk(control)
    for one in happens:
        match one:
            case "come":
                desk.come()
            case "end":
                desk.end()
            case "give up":
                desk.give_up()
            case _:
                desk.go_on(one)
        state = desk.state
        assert control.most_running is None or state.running <= control.most_running
        assert 0 <= state.waiting <= (1 if control.keeps_newest else control.queue)
        assert len(desk.accepted) == len(desk.started) + state.waiting + desk.dropped
        assert state.waiting or (state.held_since is None and state.held_until is None)
    _within(desk.accepted, control.rate_limit and (control.rate_limit.limit, control.rate_limit.period))
    throttle = control.throttle
    if throttle is not None:
        for n, first in enumerate(desk.started):
            for m, last in enumerate(desk.started[n:], 1):
                allowed = throttle.burst + (last - first) / throttle.interval.total_seconds()
                assert m <= allowed + 1e-6


def _within(times: list[float], limit: tuple[int, timedelta] | None) -> None:
    if limit is not None:
        most, period = limit
        for n, first in enumerate(times):
            assert sum(first <= one < first + period.total_seconds() - 1e-6 for one in times[n:]) <= most


@settings(max_examples=100, deadline=None)
@given(controls.filter(lambda one: one.debounce is None), st.integers(1, 30))
def test_all_start_in_the_end(control: FlowControl, count: int) -> None:
    desk = Desk(control)
    for _ in range(count):
        desk.come()
    for _ in range(count + 1):
        desk.go_on(60)
        desk.end()
    assert desk.state.waiting == 0
    assert len(desk.started) == len(desk.accepted) - desk.dropped


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=30), periods, periods)
def test_a_debounce_starts_the_newest_after_silence_or_its_timeout(
    gaps: list[float], period: timedelta, timeout: timedelta
) -> None:
    desk = Desk(FlowControl(debounce=Debounce(period, timeout)))
    for gap in gaps:
        desk.come()
        desk.go_on(round(gap, 2))
    desk.go_on(60)
    assert desk.state.waiting == 0
    group: list[float] = []
    for what, when in desk.log:
        if what == "come":
            group.append(when)
            continue
        expected = min(group[-1] + period.total_seconds(), group[0] + timeout.total_seconds())
        assert when == pytest.approx(expected, abs=1e-3)
        group = []
    assert not group


def test_a_rate_limit_says_when_to_come_back() -> None:
    desk = Desk(FlowControl(rate_limit=RateLimit(2, timedelta(seconds=10))))
    assert desk.come()
    desk.go_on(4)
    assert desk.come()
    refused = refusal(desk.control, desk.state, at(6))
    assert refused is not None
    assert (refused.why, refused.limit, refused.retry_after) == (Refusal.RATE, 2, 4.0)
    assert refusal(desk.control, desk.state, at(10)) is None


def test_a_singleton_skips_or_replaces() -> None:
    skip = Desk(FlowControl(singleton=Singleton.SKIP))
    assert [skip.come(), skip.come()] == [True, False]
    skip.end()
    assert skip.come()
    replace = Desk(FlowControl(singleton=Singleton.REPLACE))
    assert [replace.come() for _ in range(3)] == [True] * 3
    assert (replace.state.running, replace.state.waiting, replace.dropped) == (1, 1, 1)
    replace.end()
    assert (replace.state.running, replace.state.waiting) == (1, 0)


def test_a_full_queue_refuses_by_its_name() -> None:
    desk = Desk(FlowControl(concurrency=1, queue=2))
    assert [desk.come() for _ in range(4)] == [True, True, True, False]
    refused = refusal(desk.control, desk.state, NOW)
    assert refused is not None
    assert (refused.why, refused.limit) == (Refusal.QUEUE, 2)


@pytest.mark.parametrize(
    ("input", "key"),
    [
        ({"customer": "a"}, "a"),
        ({"customer": 7}, "7"),
        ({"customer": 7.0}, "7"),
        ({"customer": True}, "true"),
        ({"customer": None}, "null"),
        ({}, "null"),
        ([], "null"),
        ({"customer": {"id": 1}}, "null"),
        ({"customer": "a\0b"}, "ab"),
    ],
)
def test_the_key_of_an_input(input: Any, key: str) -> None:
    assert key_of(FlowControl(key="${ .customer }"), input, LIMITS) == key
    assert key_of(FlowControl(), input, LIMITS) == ""


def test_long_keys_stay_apart() -> None:
    control = FlowControl(key=".k")
    keys = {key_of(control, {"k": "x" * 1000 + str(n)}, LIMITS) for n in range(3)}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {LIMITS.max_flow_key_length}


@pytest.mark.parametrize(
    ("priority", "expected"), [(5, 5), ("${ .p }", 9), ("${ .q }", 0), ("${ .r }", 1000), ("${ .s }", 0)]
)
def test_the_priority_of_an_input(priority: int | str, expected: int) -> None:
    assert priority_of(FlowControl(priority=priority), {"p": 9.7, "r": 10**6, "s": True}, LIMITS) == expected


def document(flow: Any) -> dict[str, Any]:
    made = with_tasks("- a: {set: {x: 1}}")
    made["document"]["metadata"] = {"owner": "anything", "flowControl": flow}
    return made


def test_a_whole_declaration() -> None:
    flow = {
        "key": "${ .customer }", "concurrency": {"limit": 5}, "throttle": {"limit": 10, "period": "PT1M", "burst": 3},
        "rateLimit": {"limit": 100, "period": {"hours": 1}}, "debounce": {"period": "PT5S", "timeout": "PT1M"},
        "priority": "${ .urgency }", "queue": {"limit": 50},
    }  # fmt: skip
    assert check_definition(document(flow)) == []
    parsed = parse_flow_control(flow, LIMITS)
    assert parsed == FlowControl(
        "${ .customer }", 5, Throttle(10, timedelta(minutes=1), 3), RateLimit(100, timedelta(hours=1)),
        Debounce(timedelta(seconds=5), timedelta(minutes=1)), None, "${ .urgency }", 50,
    )  # fmt: skip
    assert parse_flow_control({"singleton": {"mode": "replace"}}, LIMITS).singleton is Singleton.REPLACE


@pytest.mark.parametrize(
    ("flow", "pointer"),
    [
        ({}, ""),
        ("fast", ""),
        ({"key": "${ .a }"}, ""),
        ({"concurrency": {"limit": 0}}, "/concurrency/limit"),
        ({"concurrency": {}}, "/concurrency/limit"),
        ({"concurrency": {"limit": 1}, "singleton": {"mode": "skip"}}, "/singleton"),
        ({"throttle": {"limit": 1, "period": "soon"}}, "/throttle/period"),
        ({"throttle": {"limit": 1, "period": "PT0S"}}, "/throttle/period"),
        ({"rateLimit": {"limit": 10**6, "period": "PT1S"}}, "/rateLimit/limit"),
        ({"debounce": {"period": "P90D"}}, "/debounce/period"),
        ({"singleton": {"mode": "maybe"}}, "/singleton/mode"),
        ({"concurrency": {"limit": 1}, "key": "${ input_line_number }"}, "/key"),
        ({"concurrency": {"limit": 1}, "key": 5}, "/key"),
        ({"concurrency": {"limit": 1}, "priority": "high"}, "/priority"),
        ({"concurrency": {"limit": 1}, "priority": 10**6}, "/priority"),
        ({"concurrency": {"limit": 1}, "colour": 1}, "/colour"),
        ({"concurrency": {"limit": 1}, "queue": {"limit": 10**9}}, "/queue/limit"),
    ],
)
def test_faults_have_their_place(flow: Any, pointer: str) -> None:
    assert [fault.pointer for fault in check_definition(document(flow))] == [
        f"/document/metadata/flowControl{pointer}"
    ]


GUIDE = Path(__file__).parents[3] / "docs" / "flow-control.md"


def test_the_guide_shows_a_valid_document_and_the_schema_agrees_with_the_checks() -> None:
    text = GUIDE.read_text()
    shown = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    assert check_definition(shown) == []
    schema = Draft202012Validator(json.loads(text.split("```json\n")[1].split("```")[0]))
    wrong = test_faults_have_their_place.pytestmark[0].args[1]
    # Of these only the checks know that the expression is not simple, and how long the period is.
    subtle = ("/key", "/throttle/period", "/debounce/period")
    for flow, pointer in wrong:
        assert not schema.is_valid(flow) or pointer in subtle, flow
    assert schema.is_valid(shown["document"]["metadata"]["flowControl"])
