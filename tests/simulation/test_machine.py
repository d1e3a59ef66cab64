"""The engine against a model of the language, whatever a host does to it on the way."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from models.domain.dsl import protocol as p
from models.domain.dsl.engine import advance, compile_workflow, replay, start
from models.domain.journal import Entry
from models.domain.limits import Limits
from tests.simulation.programs import AT, GIVEN, INFO, Outcome, disagreement, document, expected, reached
from tests.simulation.sequential import Programs, Tasks


@st.composite
def programs(draw: st.DrawFn) -> Tasks:
    return Programs(lambda options: draw(st.sampled_from(options))).tasks()


class EngineMachine(RuleBasedStateMachine):
    """A run whose host repeats events, fires timers early and late, and dies; it comes to what the model says."""

    wanted: Outcome

    @initialize(tasks=programs(), given=st.sampled_from(GIVEN), piece=st.sampled_from((1, 2, 7, 256)))
    def begin(self, tasks: Tasks, given: Any, piece: int) -> None:
        wanted = expected(tasks, given)
        assume(wanted is not None)
        assert wanted is not None
        self.wanted, self.given, self.limits = wanted, given, Limits(max_entries_per_advance=piece)
        self.workflow = compile_workflow(document(tasks), self.limits)
        self.now, self.journal, self.last = AT, [], None
        self.timers: dict[str, datetime] = {}
        self.goes_on = False
        self.state, commands = start(self.workflow, INFO, given, self.now, self.limits)
        self._perform(commands)

    def _perform(self, commands: list[p.Command]) -> None:
        for command in commands:
            match command:
                case p.AppendJournal(entries):
                    self.journal: list[Entry] = [*self.journal, *entries]
                case p.StartTimer(timer, at):
                    self.timers[timer] = at
                case p.CancelTimer(timer):
                    self.timers.pop(timer, None)
                case p.Continue():
                    self.goes_on = True
        assert [entry.seq for entry in self.journal] == list(range(1, len(self.journal) + 1))
        assert self.state.last_seq == len(self.journal)

    def _send(self, event: p.Event) -> None:
        self.last: p.Event | None = event
        self.state, commands = advance(self.workflow, self.state, event)
        self._perform(commands)

    @precondition(lambda self: self.goes_on)
    @rule()
    def go_on(self) -> None:
        self.goes_on = False
        self._send(p.Continued(self.now))

    @precondition(lambda self: self.timers)
    @rule(late=st.sampled_from((0.0, 0.5, 90.0)))
    def fire_next(self, late: float) -> None:
        timer, at = min(self.timers.items(), key=lambda item: (item[1], item[0]))
        self.now = max(self.now, at) + timedelta(seconds=late)
        del self.timers[timer]
        self._send(p.TimerFired(timer, self.now))

    @precondition(lambda self: self.timers)
    @rule()
    def fire_early(self) -> None:
        timer, at = min(self.timers.items(), key=lambda item: (item[1], item[0]))
        if self.now < at:
            state, commands = advance(self.workflow, self.state, p.TimerFired(timer, self.now))
            assert (state, commands) == (self.state, [p.StartTimer(timer, at)])

    @rule(step=st.integers(1, 50))
    def send_nonsense(self, step: int) -> None:
        for event in (p.StepSucceeded(step, {}, self.now), p.TimerFired("x", self.now), self.last):
            if event is not None and not (isinstance(event, p.Continued) and self.state.ready):
                state, commands = advance(self.workflow, self.state, event)
                assert state is self.state
                assert commands == []

    @rule(minutes=st.integers(-90, 90))
    def jump(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def die(self) -> None:
        stored = [
            Entry(e.seq, e.type, e.at, e.task, e.path, json.loads(json.dumps(e.data))) for e in self.journal
        ]
        state, commands = replay(self.workflow, INFO, self.given, stored, self.now, self.limits)
        assert state == self.state
        self.state, self.timers, self.goes_on = state, {}, False
        self._perform(commands)

    def teardown(self) -> None:
        if not hasattr(self, "wanted"):
            return
        while self.goes_on or self.timers:
            if self.goes_on:
                self.go_on()
            else:
                self.fire_next(0.0)
        assert reached(self.state) == self.wanted


EngineMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestEngineMachine = EngineMachine.TestCase


def test_engine_and_model_agree_on_programs() -> None:
    assert [found for seed in range(1_500) if (found := disagreement(seed))] == []
