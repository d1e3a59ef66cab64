"""A run while a shard holds it in memory, and its turns: events in, entries and effects out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actors.dry_runs import DryRun
from actors.inbox import Delivered, Seen
from actors.interpreter import Engine
from actors.ports import NO_MESSAGES, Messages, RunAppend, RunKey
from models.domain.dsl.approvals import asked_anew
from models.domain.dsl.engine import RunState, Workflow
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol import (
    AppendJournal,
    AskOutcome,
    CancelRequested,
    ChangeTasks,
    Command,
    EmitEvents,
    Event,
    Notification,
    Notify,
    RunInfo,
    SuspendRequested,
)
from models.domain.dsl.protocol_messages import CancelChild, StartChild, Subscribe, Unsubscribe
from models.domain.dsl.running import reopened
from models.domain.dsl.snapshots import dump
from models.domain.human_tasks import TaskChange, TaskClosed, TaskStatus
from models.domain.journal import Entry, EntryType
from models.domain.runs import NewRun, Run, RunStatus
from models.domain.task_events import tells_tasks
from models.domain.tracing import traceparent_of


@dataclass(slots=True, eq=False)
class ActiveRun:
    """`state` is None until the first turn; `fault` is why the run cannot go on at all; `first` are the entries that a
    re-run begins with; `snapshot_seq` is the entry of its last snapshot.

    `events` wait for a turn. A run that is being committed takes no turn until the commit is known.
    """

    new: NewRun
    shard: int
    epoch: int
    workflow: Workflow | None
    state: RunState | None = None
    fault: dict[str, Any] | None = None
    stored_seq: int = 0
    events: deque[Event | Delivered] = field(default_factory=deque)
    seen: Seen = field(default_factory=Seen)
    first: Sequence[Entry] = ()
    dry: DryRun | None = None
    snapshot_seq: int = 0
    open_steps: set[int] = field(default_factory=set)
    timers: dict[str, datetime] = field(default_factory=dict)
    listeners: list[str] = field(default_factory=list)
    is_queued: bool = False
    is_committing: bool = False
    is_dropped: bool = False
    cancel_seen: bool = False

    @property
    def key(self) -> RunKey:
        return self.new.tenant_id, self.new.id

    @property
    def info(self) -> RunInfo:
        cause = self.new.cause
        return RunInfo(
            self.new.id, self.new.workflow, hops=cause.get("hops", 0), depth=cause.get("depth", 0),
            traceparent=traceparent_of(cause),
        )

    @property
    def is_flow_controlled(self) -> bool:
        """Whether its end may let another start; without a definition nobody can tell."""
        return self.workflow is None or self.workflow.is_flow_controlled

    @property
    def has_work(self) -> bool:
        return bool(self.events) or self.state is None


@dataclass(slots=True)
class Turn:
    """What a run's turn came to: `append` first, then the effects. `is_last`: it ends a run that cannot go on."""

    run: ActiveRun
    append: RunAppend | None
    effects: list[Command]
    is_last: bool = False


def take_turn(engine: Engine, run: ActiveRun, now: datetime, max_entries: int) -> Turn:
    """Works off what waits for the run, as far as the limit of entries allows."""
    if run.fault is not None or run.workflow is None:
        return Turn(run, faulted(run, run.fault or _no_definition(), now), [], is_last=True)
    if not run.stored_seq and run.events and isinstance(run.events[0], CancelRequested):
        why = {"reason": run.events[0].reason} if run.events[0].reason else {}
        return Turn(run, _ended(run, EntryType.RUN_CANCELLED, RunStatus.CANCELLED, why, now), [])
    expected = run.stored_seq
    gathered = _Gathered(run, now)
    if run.state is None:
        pause = _pause_before(run)
        if pause is None:
            run.state, commands = _begin(engine, run, run.workflow, now)
        else:
            gathered.event_of(run.events.popleft())
            run.state, commands = engine.start_suspended(run.workflow, run.info, run.new.input, now, pause.reason)
        gathered.take(commands)
    while run.events and len(gathered.entries) < max_entries:
        run.state, commands = engine.advance(run.workflow, run.state, gathered.event_of(run.events.popleft()))
        gathered.take(commands)
    if not gathered.entries and not gathered.taken:
        return Turn(run, None, gathered.effects)
    return Turn(run, _append(run, run.state, expected, gathered), gathered.effects)


def _pause_before(run: ActiveRun) -> SuspendRequested | None:
    """The wish that a run waits before it begins. One that begins in the middle has begun already."""
    match run.events[0] if run.events and not run.first else None:
        case Delivered(event=SuspendRequested() as pause):
            return pause
    return None


def _begin(engine: Engine, run: ActiveRun, workflow: Workflow, now: datetime) -> tuple[RunState, list[Command]]:
    if not run.first:
        return engine.start(workflow, run.info, run.new.input, now)
    state, commands = engine.replay(workflow, run.info, run.new.input, run.first, now)
    # Nothing of what is open in a copy was ever begun in this run.
    fresh = [command.step if isinstance(command, AskOutcome) else command for command in commands]
    asked = asked_anew(workflow, state, run.first) if workflow.has_approvals else []
    told = [*reopened(workflow, state), *([ChangeTasks(tuple(asked))] if asked else [])]
    return state, [AppendJournal(tuple(run.first)), *told, *fresh]


_TELLING = (EmitEvents, Notify, ChangeTasks, StartChild, CancelChild)


class _Gathered:
    """The commands of several events, sorted by when they are performed. A dry run tells nobody anything."""

    __slots__ = ("effects", "entries", "events", "messages", "notifications", "now", "run", "taken", "tasks")

    def __init__(self, run: ActiveRun, now: datetime) -> None:
        self.run, self.now = run, now
        self.entries: list[Entry] = []
        self.effects: list[Command] = []
        self.events: list[dict[str, Any]] = []
        self.notifications: list[Notification] = []
        self.tasks: list[TaskChange] = []
        self.messages: list[Command] = []
        self.taken: list[int] = []

    def event_of(self, given: Event | Delivered) -> Event:
        """The event itself; the message that it came by is taken."""
        if isinstance(given, Delivered):
            self.taken.append(given.message)
            return given.event
        return given

    def take(self, commands: list[Command]) -> None:
        for command in commands:
            if self.run.dry is not None and isinstance(command, _TELLING):
                self.run.events.extend(self.run.dry.answers(command, self.now))
                continue
            match command:
                case AppendJournal():
                    self.entries.extend(command.entries)
                case EmitEvents():
                    self.events.extend(command.events)
                case Notify():
                    self.notifications.extend(command.notifications)
                case ChangeTasks():
                    self.tasks.extend(command.changes)
                case Subscribe() | Unsubscribe() | StartChild() | CancelChild():
                    self.messages.append(command)
                case _:
                    self.effects.append(command)

    def told(self) -> Messages:
        """What others are told."""
        if not self.messages and not self.taken:
            return NO_MESSAGES
        told = self.messages
        return Messages(
            [one for one in told if isinstance(one, Subscribe)],
            [one.listen for one in told if isinstance(one, Unsubscribe)],
            [one for one in told if isinstance(one, StartChild)],
            [one.run_id for one in told if isinstance(one, CancelChild)],
            self.taken,
        )


def _append(run: ActiveRun, state: RunState, expected: int, gathered: _Gathered) -> RunAppend:
    new = run.new
    return RunAppend(
        new.tenant_id, new.id, run.shard, run.epoch, new.workflow, new.created_at, new.cause, expected,
        gathered.entries, state.status, state.started_at, state.ended_at,
        None if state.status.is_final else state.wake_at, state.output, state.error, gathered.events,
        gathered.notifications, gathered.tasks, gathered.told(), run.is_flow_controlled, _snapshot(run, state),
        run.workflow is not None and tells_tasks(run.workflow.definition),
    )  # fmt: skip


def _snapshot(run: ActiveRun, state: RunState) -> dict[str, Any] | None:
    """The state of a long run now and then, so that nobody has to read all of its journal."""
    if state.status.is_final or state.last_seq - run.snapshot_seq < state.limits.snapshot_entries:
        return None
    run.snapshot_seq = state.last_seq
    return dump(state)


def faulted(run: ActiveRun, error: dict[str, Any], now: datetime) -> RunAppend:
    """Ends a run that cannot go on, whatever state it is in."""
    return _ended(run, EntryType.RUN_FAULTED, RunStatus.FAULTED, {"error": error}, now)


def _ended(run: ActiveRun, kind: EntryType, status: RunStatus, data: dict[str, Any], now: datetime) -> RunAppend:
    """An end that the engine has no part in."""
    new, expected = run.new, run.stored_seq
    entries = [] if expected else [Entry(1, EntryType.RUN_STARTED, now)]
    entries.append(Entry(expected + len(entries) + 1, kind, now, data=data))
    started = run.state.started_at if run.state is not None and expected else now
    return RunAppend(
        new.tenant_id, new.id, run.shard, run.epoch, new.workflow, new.created_at, new.cause, expected, entries,
        status, started, now, error=data.get("error"),
        tasks=[TaskClosed(entries[-1].seq, "", (), TaskStatus.CANCELLED, now)] if expected else (),
        messages=Messages(unsubscribes=[None]) if expected else NO_MESSAGES,
        is_flow_controlled=run.is_flow_controlled,
    )  # fmt: skip


def from_stored(run: Run, shard: int, epoch: int, workflow: Workflow | None) -> ActiveRun:
    """An active run without its state yet."""
    new = NewRun(run.tenant_id, run.id, run.workflow, run.input, run.created_at, run.cause)
    return ActiveRun(new, shard, epoch, workflow, stored_seq=run.last_seq)


def _no_definition() -> dict[str, Any]:
    return {**problem("configuration", "The definition of this workflow is not there."), "instance": "/"}
