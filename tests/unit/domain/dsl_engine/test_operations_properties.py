"""Random workflows that are paused, told as snapshots, and run again from each of their steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from models.domain.dsl import protocol as p
from models.domain.dsl.engine import replay
from models.domain.dsl.problems import problem
from models.domain.dsl.reruns import Origin, cut, seed
from models.domain.dsl.snapshots import dump, load
from models.domain.dsl.validation import check_definition
from models.domain.errors import Conflict
from models.domain.journal import EntryType
from tests.unit.domain.dsl_engine.host import Host
from tests.unit.domain.dsl_engine.test_properties import definitions

OTHER = UUID(int=77)
SETTINGS = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip


class Steady(Host):
    """A host whose targets answer the same call the same way, in whatever run; it tells each state as a snapshot."""

    pauses_at = -1
    batches = 0

    def _answer(self, step: p.StartStep) -> None:
        number = hashlib.sha256(f"{step.task}{step.path}".encode()).digest()[0]
        at = self.now + timedelta(seconds=number % 3)
        if number < 50:
            self._later(at, p.StepFailed(step.step, problem("communication", "no", status=503), at))
        else:
            self._later(at, p.StepSucceeded(step.step, {"a": number % 2}, at))

    def perform(self, commands: Sequence[p.Command]) -> None:
        assume(len(self.journal) < 1_000)  # Some go round for ever.
        super().perform(commands)
        told = dump(self.state)
        assert told is not None
        assert load(self.info, self.limits, self.input, json.loads(json.dumps(told))) == self.state
        self.batches += 1
        if self.batches == self.pauses_at and not self.state.status.is_final:
            self.send(p.SuspendRequested(self.now))
            assert self.send(p.TimerFired("1:timeout", self.now)) == []
            self.queue = [one for one in self.queue if not isinstance(one[2], p.Continued)]
            before = dict(self.timers)
            self.send(p.ResumeRequested(self.now))
            assert self.timers == before


def played(definition: Any, **changes: Any) -> Steady:
    host = Steady(definition, None, check=False, **changes.pop("fields", {}))
    for name, value in changes.items():
        setattr(host, name, value)
    return host.run()


def told(host: Host) -> tuple[Any, ...]:
    state = host.state
    error = None if state.error is None else {name: state.error.get(name) for name in ("type", "status", "instance")}
    return state.status, state.output, error, state.context


@SETTINGS
@given(definitions(), st.integers(1, 12))
def test_a_pause_changes_nothing_of_what_comes_out(definition: Any, pauses_at: int) -> None:
    assume(not check_definition(definition))
    straight, paused = played(definition), played(definition, pauses_at=pauses_at)
    assert told(paused) == told(straight)
    kinds = {EntryType.RUN_SUSPENDED, EntryType.RUN_RESUMED}
    assert [(e.type, e.task, e.path) for e in paused.journal if e.type not in kinds] == [
        (e.type, e.task, e.path) for e in straight.journal
    ]


def is_timeless(definition: Any) -> bool:
    """Whether nothing in it depends on how fast things are."""
    text = json.dumps(definition)
    return not any(word in text for word in ('"timeout"', '"compete": true', '"duration"', '"then": "end"'))


@SETTINGS
@given(definitions())
def test_a_run_from_any_of_its_steps_comes_to_the_same_end(definition: Any) -> None:
    assume(not check_definition(definition))
    host = played(definition)
    info = replace(host.info, id=OTHER)
    for pointer in dict.fromkeys(entry.task for entry in host.journal if entry.type is EntryType.TASK_STARTED):
        again = Steady(definition, None, info=info, check=False)
        again.now = host.now + timedelta(hours=1)
        try:
            entries = seed(again.workflow, info, None, host.journal, Origin(pointer), again.now, "old")
        except Conflict:
            continue
        before = host.journal[: cut(host.journal, Origin(pointer))]
        assert [(e.task, e.path) for e in entries] == [(e.task, e.path) for e in before]
        again.state, commands = replay(again.workflow, info, None, entries, again.now)
        again.journal = list(entries)
        again.perform([one.step if isinstance(one, p.AskOutcome) else one for one in commands])
        again.run()
        assert again.state.status.is_final
        if is_timeless(definition):
            assert told(again) == told(host)
