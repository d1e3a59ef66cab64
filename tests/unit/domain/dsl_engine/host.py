"""A tiny host for the engine: a virtual clock, scripted step results, and the contract checked at every batch."""

from __future__ import annotations

import json
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.domain.dsl import protocol as p
from models.domain.dsl import protocol_messages as m
from models.domain.dsl.engine import RunState, advance, compile_workflow, replay, start
from models.domain.dsl.problems import problem
from models.domain.dsl.resources import with_resources
from models.domain.dsl.validation import check_definition
from models.domain.human_tasks import TaskChange
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus, WorkflowRef
from tests.unit.domain.dsl_documents import with_parts, with_tasks

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RUN = UUID("00000000-0000-4000-8000-000000000001")


@dataclass(frozen=True)
class Reply:
    """What the outside answers to a step, after a while; without `event` it never answers."""

    event: Callable[[int, datetime], p.Event] | None
    after: float = 0.0


def ok(output: Any, after: float = 0.0) -> Reply:
    return Reply(lambda step, at: p.StepSucceeded(step, output, at), after)


def fails(kind: str = "communication", status: int | None = None, after: float = 0.0, detail: str = "no") -> Reply:
    return Reply(lambda step, at: p.StepFailed(step, problem(kind, detail, status=status), at), after)


def lost(after: float = 0.0) -> Reply:
    return Reply(lambda step, at: p.StepUnknown(step, at), after)


NEVER = Reply(None)


@dataclass
class Host:
    """Performs the commands of one run. `script` has the replies by task name; the last one repeats."""

    definition: Mapping[str, Any]
    input: Any = None
    script: Mapping[str, Sequence[Reply] | Reply] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    info: p.RunInfo = field(default_factory=lambda: p.RunInfo(RUN, WorkflowRef("test", "a-workflow", "0.1.0")))
    check: bool = True
    not_yet: Iterable[str] | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = (
            check_definition(self.definition)
            if self.not_yet is None
            else check_definition(self.definition, not_yet=list(self.not_yet))
        )
        assert faults == [], faults
        self.workflow = compile_workflow(with_resources(self.definition, self.resources), self.limits)
        self.now = BEGIN
        self.journal: list[Entry] = []
        self.steps: list[p.StartStep] = []
        self.events: list[dict[str, Any]] = []
        self.notifications: list[p.Notification] = []
        self.tasks: list[TaskChange] = []
        self.cancelled_steps: list[int] = []
        self.messages: list[m.Subscribe | m.Unsubscribe | m.StartChild | m.CancelChild] = []
        self.timers: dict[str, datetime] = {}
        self.queue: list[tuple[datetime, int, p.Event]] = []
        self.continued = 0
        self._replies = {
            name: deque([replies] if isinstance(replies, Reply) else replies) for name, replies in self.script.items()
        }
        self._counter = 0
        self.state = RunState(self.info, self.limits, self.input)

    # ---------------------------------------------------------------- driving

    def begin(self) -> Host:
        self.state, commands = start(self.workflow, self.info, self.input, self.now, self.limits)
        self.perform(commands)
        return self

    def run(self, until: float | None = None) -> Host:
        """Goes on until nothing is left to happen, or to a time (seconds from the beginning)."""
        if not self.journal:
            self.begin()
        end = None if until is None else BEGIN + timedelta(seconds=until)
        for _ in range(100_000):
            following = self._next()
            if following is None:
                break
            if end is not None and following[0] > end:
                self._put_back(*following)
                break
            self.now = max(self.now, following[0])
            self.send(following[1])
        if end is not None:
            self.now = end
        return self

    def _next(self) -> tuple[datetime, p.Event] | None:
        candidates = [(at, n, event) for at, n, event in self.queue]
        candidates += [(at, -1, p.TimerFired(name, at)) for name, at in self.timers.items()]
        if not candidates:
            return None
        at, n, event = min(candidates, key=lambda c: (c[0], c[1]))
        if isinstance(event, p.TimerFired):
            del self.timers[event.timer]
        else:
            self.queue = [c for c in self.queue if c[1] != n]
        return at, event

    def _put_back(self, at: datetime, event: p.Event) -> None:
        if isinstance(event, p.TimerFired):
            self.timers[event.timer] = at
        else:
            self._later(at, event)

    def send(self, event: p.Event) -> list[p.Command]:
        before, frozen = self.state, pickle.dumps(self.state) if self.check else b""
        self.state, commands = advance(self.workflow, self.state, event)
        if self.check:
            assert pickle.dumps(before) == frozen, "the given state was changed"
        self.perform(commands)
        return commands

    def perform(self, commands: Sequence[p.Command]) -> None:
        for place, command in enumerate(commands):
            match command:
                case p.AppendJournal(entries):
                    assert place == 0
                    assert [e.seq for e in entries] == list(
                        range(len(self.journal) + 1, len(self.journal) + 1 + len(entries))
                    )
                    self.journal += entries
                case p.AskOutcome() if command.step.step in {one.step for one in self.steps}:
                    pass  # It is under way.
                case p.StartStep() if command.step in {one.step for one in self.steps}:
                    pass
                case p.StartStep():
                    self.steps.append(command)
                    self._answer(command)
                case p.StartTimer(timer, at):
                    self.timers[timer] = at
                case p.CancelTimer(timer):
                    self.timers.pop(timer, None)
                case p.CancelStep(step):
                    self.cancelled_steps.append(step)
                case p.EmitEvents(events):
                    self.events += events
                case p.Notify(notifications):
                    self.notifications += notifications
                case p.ChangeTasks(changes):
                    self.tasks += changes
                case m.Subscribe() | m.Unsubscribe() | m.StartChild() | m.CancelChild():
                    self.messages.append(command)
                case p.Continue():
                    self.continued += 1
                    self._later(self.now, p.Continued(self.now))
                case _:
                    raise AssertionError(command)
        if self.check:
            self.check_replay()

    def _answer(self, step: p.StartStep) -> None:
        replies = self._replies.get(step.task.rsplit("/", 1)[-1], deque([ok({})]))
        reply = replies.popleft() if len(replies) > 1 else replies[0]
        if reply.event is not None:
            at = self.now + timedelta(seconds=reply.after)
            self._later(at, reply.event(step.step, at))

    def _later(self, at: datetime, event: p.Event) -> None:
        self._counter += 1
        self.queue.append((at, self._counter, event))

    def check_replay(self) -> None:
        """The journal alone, through JSON, gives the same state."""
        state, _ = replay(self.workflow, self.info, self.input, stored(self.journal), self.now, self.limits)
        assert state == self.state

    # ---------------------------------------------------------------- looking

    @property
    def output(self) -> Any:
        assert self.state.status is RunStatus.COMPLETED, (self.state.status, self.state.error)
        return self.state.output

    @property
    def error(self) -> dict[str, Any]:
        assert self.state.status is RunStatus.FAULTED, (self.state.status, self.state.output)
        assert self.state.error is not None
        return self.state.error

    @property
    def seconds(self) -> float:
        """From the beginning to now."""
        return (self.now - BEGIN).total_seconds()

    def trace(self) -> list[str]:
        """The journal in short: `started a`, `completed a`, ..."""
        return [
            f"{entry.type.split('.')[1]} {entry.task.rsplit('/', 1)[-1]}".strip()
            for entry in self.journal
            if entry.type.startswith("task.")
        ]

    def of(self, name: str, kind: EntryType | None = None) -> list[Entry]:
        """The entries of the task of that name."""
        return [e for e in self.journal if e.task.rsplit("/", 1)[-1] == name and kind in (None, e.type)]

    def names(self, kind: EntryType = EntryType.TASK_COMPLETED) -> list[str]:
        return [e.task.rsplit("/", 1)[-1] for e in self.journal if e.type is kind]


def stored(entries: Sequence[Entry]) -> list[Entry]:
    """Entries as they come back from a database."""
    return [
        Entry(e.seq, EntryType(str(e.type)), e.at, e.task, tuple(e.path), json.loads(json.dumps(e.data)))
        for e in entries
    ]


def run(tasks: str, input: Any = None, script: Mapping[str, Any] | None = None, **more: Any) -> Host:
    """A workflow of these tasks (YAML), run to its end."""
    return Host(with_tasks(tasks), input, script or {}, **more).run()


def run_parts(parts: str, input: Any = None, script: Mapping[str, Any] | None = None, **more: Any) -> Host:
    """A workflow with these top-level parts (YAML), run to its end."""
    return Host(with_parts(parts), input, script or {}, **more).run()
