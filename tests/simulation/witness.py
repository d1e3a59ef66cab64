"""Watches engines, journal and services while a world runs, and writes down each broken rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from actors.interpreter import Interpreter, Step
from actors.jq_sandbox import JqSandbox, NeedsThread
from actors.ports import RunAppend
from models.domain.dsl import nodes
from models.domain.dsl.engine import RunState, Workflow, compile_workflow, replay
from models.domain.dsl.expressions import InProcessJq
from models.domain.dsl.protocol import Event, RunInfo, StartStep, UnknownPolicy
from models.domain.dsl.requests import logical_key
from models.domain.dsl.snapshots import load
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.runs import Run, WorkflowRef
from tests.simulation.postgres import RunRow

# Journals longer than this are replayed at some of their prefixes only.
_LONG = 40


@dataclass(slots=True)
class Begun:
    """A logical call whose start is in the journal."""

    run: UUID
    task: str
    path: tuple[int, ...]
    asks: bool
    seqs: set[int] = field(default_factory=set)


@dataclass
class Witness:
    """`said` are the broken rules, in the order in which they were seen."""

    limits: Limits
    dice: Random
    trace: list[str]
    now: Callable[[], float]
    said: list[str] = field(default_factory=list)
    compiled: dict[WorkflowRef, Workflow] = field(default_factory=dict)
    definitions: dict[WorkflowRef, Mapping[str, Any]] = field(default_factory=dict)
    live: dict[int, tuple[Entry, RunState]] = field(default_factory=dict)
    calls: dict[str, Begun] = field(default_factory=dict)
    performed: Counter[tuple[str, int]] = field(default_factory=Counter)
    disturbed: set[UUID] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    ended: dict[UUID, float] = field(default_factory=dict)
    prefixes: int = 0

    def say(self, what: str) -> None:
        self.said.append(what)

    def workflow(self, ref: WorkflowRef) -> Workflow:
        """Compiled once for the witness itself."""
        found = self.compiled.get(ref)
        if found is None:
            found = self.compiled[ref] = compile_workflow(self.definitions[ref], self.limits, InProcessJq())
        return found

    # ---------------------------------------------------------------- engines

    def decided(self, state: RunState, commands: Sequence[Any], run: UUID) -> None:
        """An engine came to this state; its last entry names it."""
        entries = getattr(commands[0], "entries", None) if commands else None
        if entries:
            self.live[id(entries[-1])] = (entries[-1], state)

    # ---------------------------------------------------------------- the journal, as its observer

    def appended(self, row: RunRow, item: RunAppend) -> None:
        run, last = row.run, row.entries[-1]
        self.trace.append(f"{self.now():.6f} append {run.id.int & 0xFFFF:x} {last.seq} {last.type} {last.task}")
        self._take_messages(item)
        if [entry.seq for entry in item.entries] != list(range(item.expected + 1, item.last + 1)):
            self.say(f"the entries of {run.id} are not gapless: {[e.seq for e in item.entries]} after {item.expected}")
        if run.status.is_final:
            self.ended[run.id] = self.now()
        workflow = self.workflow(run.workflow)
        for entry in item.entries:
            self._note_call(workflow, run.id, entry)
        for entry in item.entries:
            live = self.live.pop(id(entry), None)
            if live is not None:
                self._compare(workflow, row, item, entry.seq, live[1])

    def _take_messages(self, item: RunAppend) -> None:
        # An append of nothing may be repeated, and forgets the same message again.
        for message in item.messages.taken if item.entries else ():
            if message in self.taken:
                self.say(f"message {message} of {item.run_id} was taken twice")
            self.taken.add(message)

    def _note_call(self, workflow: Workflow, run: UUID, entry: Entry) -> None:
        if entry.type is not EntryType.TASK_STARTED and entry.type is not EntryType.TASK_RETRIED:
            return
        task = workflow.tasks.get(entry.task)
        if not isinstance(task, nodes.Step):
            return
        key = logical_key(run, (entry.task, entry.path))
        asks = task.on_unknown is UnknownPolicy.STOP
        begun = self.calls.setdefault(key, Begun(run, entry.task, entry.path, asks))
        begun.seqs.add(entry.seq)

    def _compare(self, workflow: Workflow, row: RunRow, item: RunAppend, count: int, live: RunState) -> None:
        if count > _LONG and self.dice.random() * count > _LONG:
            return
        self.prefixes += 1
        state = self.replayed(workflow, row, count)
        if state is None:
            return
        if item.snapshot is not None and count == item.last:
            restored = load(state.info, self.limits, row.run.input, item.snapshot)
            if restored != live:
                self.say(f"the snapshot of {row.run.id} at {count} differs: {differences(restored, live)}")
        if state != live:
            self.say(f"replay of {row.run.id} to {count} differs: {differences(state, live)}")
        if count < item.last:
            return
        wake_at = None if state.status.is_final else state.wake_at
        told = (item.status, item.output, item.error and dict(item.error), item.wake_at)
        if told != (state.status, state.output, state.error, wake_at):
            self.say(f"the row of {row.run.id} says {told}, its journal {state.status, state.output, state.error}")

    def replayed(self, workflow: Workflow, row: RunRow, count: int) -> RunState | None:
        """The state after so many stored entries; None when they cannot be replayed, which is said."""
        run = row.run
        info, entries = info_of(run), row.entries[:count]
        try:
            return replay(workflow, info, run.input, entries, entries[-1].at, self.limits)[0]
        except Exception as error:
            self.say(f"the journal of {run.id} cannot be replayed to {count}: {error!r} {error.__cause__!r}")
            return None

    # ---------------------------------------------------------------- steps

    def performs(self, owner: str, step: StartStep) -> None:
        """A shard begins a step. Its start must be durable by then."""
        self.trace.append(f"{self.now():.6f} {owner} performs {step.task} {step.step} {step.idempotency_key[:8]}")
        begun = self.calls.get(step.idempotency_key)
        if begun is None or step.step not in begun.seqs:
            self.say(f"step {step.step} of {step.task} {step.path} was begun before its start was in the journal")
            return
        if (begun.task, begun.path) != (step.task, step.path):
            self.say(f"the key of {step.task} {step.path} belongs to {begun.task} {begun.path}")
        self.performed[step.idempotency_key, step.step] += 1
        if begun.asks and self.performed[step.idempotency_key, step.step] > 1:
            self.say(f"step {step.step} of {step.task} must not be done again, and was")

    def disturb(self, key: str) -> None:
        """An answer to this key was lost: the run may go another way than it would have gone."""
        begun = self.calls.get(key)
        if begun is not None:
            self.disturbed.add(begun.run)


class WatchedEngine(Interpreter):
    """The engine of one process, under a witness. Workflows whose names are `slow` take their turns in threads."""

    def __init__(self, limits: Limits, witness: Witness, heard: Callable[[UUID, Event], None]) -> None:
        super().__init__(limits, InProcessJq())
        self.sandbox: JqSandbox | None = None
        self._witness = witness
        self._heard = heard

    def start(self, workflow: Workflow, info: RunInfo, input: Any, at: datetime) -> Step:
        self._need_thread(info)
        state, commands = super().start(workflow, info, input, at)
        self._witness.decided(state, commands, info.id)
        return state, commands

    def advance(self, workflow: Workflow, state: RunState, event: Event) -> Step:
        self._need_thread(state.info)
        self._heard(state.info.id, event)
        after, commands = super().advance(workflow, state, event)
        self._witness.decided(after, commands, state.info.id)
        return after, commands

    def _need_thread(self, info: RunInfo) -> None:
        is_slow = info.workflow.namespace == "slow" and self.sandbox is not None
        if is_slow and getattr(self.sandbox._local, "until", None) is None:
            raise NeedsThread


def info_of(run: Run) -> RunInfo:
    """Facts of a stored run."""
    return RunInfo(run.id, run.workflow, hops=run.cause.get("hops", 0), depth=run.cause.get("depth", 0))


def differences(one: RunState, other: RunState) -> str:
    """The names of the fields in which two states differ, with their values."""
    names = [name for name in RunState.__slots__ if getattr(one, name) != getattr(other, name)]
    return "; ".join(f"{name}: {getattr(one, name)!r} / {getattr(other, name)!r}" for name in names)[:600]
