"""The state of a run: immutable for the host; a draft of it changes while one event is worked off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from models.domain.dsl.listening_state import Listening
from models.domain.dsl.protocol import RunInfo
from models.domain.limits import Limits
from models.domain.runs import RunStatus

Path = tuple[int, ...]
Key = tuple[str, Path]


class Todo(IntEnum):
    """What is next for a task that is ready."""

    NOTHING = 0
    RUN = 1
    NEXT = 2
    ITERATE = 3
    BRANCH = 4
    COMPLETE = 5
    FAIL = 6


class Timing(IntEnum):
    """What a timer is for."""

    WAIT = 0
    TIMEOUT = 1
    RETRY = 2
    ATTEMPT = 3
    DUE = 4
    ESCALATION = 5


@dataclass(slots=True)
class Frame:
    """One task that is being executed.

    `flow` is what goes into the next task of a list, in the end its raw output; `error` what a child failed with.
    `attempt_seq` is the entry that began the attempt at hand of a step or a try, or the wait for it.
    Never changed once it belongs to a RunState.
    """

    seq: int
    raw: Any
    input: Any
    started_at: datetime
    todo: Todo
    flow: Any = None
    part: str = "do"
    next: int = 0
    then: str | None = None
    error: dict[str, Any] | None = None
    deadline: datetime | None = None
    iteration: int = 0
    items: list[Any] | None = None
    visits: dict[int, int] | None = None
    outputs: dict[int, Any] | None = None
    attempt: int = 1
    attempt_seq: int = 0
    request: dict[str, Any] | None = None
    listening: Listening | None = None

    def copy(self) -> Frame:
        return Frame(
            self.seq, self.raw, self.input, self.started_at, self.todo, self.flow, self.part, self.next, self.then,
            self.error, self.deadline, self.iteration, self.items,
            None if self.visits is None else self.visits.copy(),
            None if self.outputs is None else self.outputs.copy(),
            self.attempt, self.attempt_seq, self.request, self.listening,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that runs: what for, of which task, until when."""

    timing: Timing
    key: Key
    at: datetime


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as the engine knows it. Rebuilt from its journal at any time; never changed in place."""

    info: RunInfo
    limits: Limits
    raw_input: Any
    status: RunStatus = RunStatus.PENDING
    input: Any = None
    output: Any = None
    error: dict[str, Any] | None = None
    context: Any = None
    last_seq: int = 0
    last_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    frames: Mapping[Key, Frame] = frozenset()  # type: ignore[assignment]
    ready: Mapping[Key, None] = frozenset()  # type: ignore[assignment]
    steps: Mapping[int, Key] = frozenset()  # type: ignore[assignment]
    timers: Mapping[str, Timer] = frozenset()  # type: ignore[assignment]
    awaits: Mapping[int, Key] = frozenset()  # type: ignore[assignment]
    hops: int = 0
    undecided: Mapping[int, Key] = frozenset()  # type: ignore[assignment]
    cancelling: str | None = None
    received: tuple[dict[str, Any], ...] = ()

    @property
    def wake_at(self) -> datetime | None:
        """When the next timer is due; None when none runs, or the run is suspended."""
        if self.status is RunStatus.SUSPENDED:
            return None
        return min((timer.at for timer in self.timers.values()), default=None)


class Draft:
    """A state while it changes. Frames of the former state are copied before they are written to."""

    __slots__ = (
        "_owned",
        "awaits",
        "cancelling",
        "children",
        "context",
        "ended_at",
        "error",
        "frames",
        "hops",
        "info",
        "input",
        "last_at",
        "last_seq",
        "limits",
        "output",
        "raw_input",
        "ready",
        "received",
        "started_at",
        "started_awaits",
        "started_steps",
        "started_timers",
        "status",
        "steps",
        "stopped_awaits",
        "stopped_steps",
        "stopped_timers",
        "timers",
        "undecided",
    )  # fmt: skip

    def __init__(self, state: RunState) -> None:
        self.info, self.limits, self.raw_input = state.info, state.limits, state.raw_input
        self.status, self.input, self.output, self.error = state.status, state.input, state.output, state.error
        self.context, self.last_seq, self.last_at = state.context, state.last_seq, state.last_at
        self.started_at, self.ended_at = state.started_at, state.ended_at
        self.frames: dict[Key, Frame] = dict(state.frames)
        self.ready: dict[Key, None] = dict(state.ready)
        self.steps: dict[int, Key] = dict(state.steps)
        self.timers: dict[str, Timer] = dict(state.timers)
        self.started_steps: dict[int, None] = {}
        self.stopped_steps: list[int] = []
        self.started_timers: dict[str, None] = {}
        self.stopped_timers: list[str] = []
        # What comes through the inbox: events that are listened to, and ends of runs.
        self.awaits: dict[int, Key] = dict(state.awaits)
        self.started_awaits: dict[int, None] = {}
        self.stopped_awaits: list[tuple[int, dict[str, Any] | None]] = []
        self.children: list[tuple[int, Key, dict[str, Any]]] = []
        self.hops = state.hops
        self.undecided: dict[int, Key] = dict(state.undecided)
        self.cancelling, self.received = state.cancelling, state.received
        self._owned: set[Key] = set()

    def own(self, key: Key) -> Frame:
        """The frame, to be written to."""
        if key in self._owned:
            return self.frames[key]
        frame = self.frames[key] = self.frames[key].copy()
        self._owned.add(key)
        return frame

    def add(self, key: Key, frame: Frame) -> None:
        self.frames[key] = frame
        self._owned.add(key)
        if frame.todo:
            self.ready[key] = None

    def remove(self, key: Key) -> Frame:
        """Ends a task with its step and its timers."""
        frame = self.frames.pop(key)
        self._owned.discard(key)
        self.ready.pop(key, None)
        if frame.request is not None:
            self.undecided.pop(frame.attempt_seq, None)
            if frame.attempt_seq in self.steps:
                self.stop_step(frame.attempt_seq)
        if frame.seq in self.awaits:
            self.stop_await(frame.seq, frame)
        if self.timers:
            self.stop_timer(timer_name(frame.seq, Timing.WAIT))
            self.stop_timer(timer_name(frame.seq, Timing.TIMEOUT))
            if frame.request is not None:
                self.stop_timer(timer_name(frame.seq, Timing.DUE))
                self.stop_timer(timer_name(frame.seq, Timing.ESCALATION))
            self.stop_attempt(frame)
        return frame

    def set_todo(self, key: Key, todo: Todo) -> None:
        self.own(key).todo = todo
        if todo:
            self.ready[key] = None
        else:
            self.ready.pop(key, None)

    def start_step(self, seq: int, key: Key) -> None:
        self.steps[seq] = key
        self.started_steps[seq] = None

    def stop_step(self, seq: int) -> None:
        del self.steps[seq]
        if seq in self.started_steps:
            del self.started_steps[seq]
        else:
            self.stopped_steps.append(seq)

    def finish_step(self, seq: int) -> None:
        """A step that ended by itself needs no cancelling."""
        self.steps.pop(seq, None)
        self.started_steps.pop(seq, None)

    def start_await(self, seq: int, key: Key) -> None:
        self.awaits[seq] = key
        self.started_awaits[seq] = None

    def stop_await(self, seq: int, frame: Frame) -> None:
        del self.awaits[seq]
        if frame.listening is not None and seq in self.started_awaits:
            del self.started_awaits[seq]
        else:
            self.stopped_awaits.append((seq, frame.request))

    def finish_await(self, seq: int) -> None:
        """A run that ended by itself needs no cancelling."""
        self.awaits.pop(seq, None)

    def finish_timer(self, name: str) -> None:
        """A timer that fired needs no cancelling."""
        del self.timers[name]
        self.started_timers.pop(name, None)

    def start_timer(self, seq: int, timing: Timing, key: Key, at: datetime) -> None:
        name = timer_name(seq, timing)
        self.timers[name] = Timer(timing, key, at)
        self.started_timers[name] = None

    def stop_timer(self, name: str) -> None:
        if self.timers.pop(name, None) is None:
            return
        if name in self.started_timers:
            del self.started_timers[name]
        else:
            self.stopped_timers.append(name)

    def stop_attempt(self, frame: Frame) -> None:
        """Ends the timers of the attempt at hand."""
        if frame.attempt_seq:
            self.stop_timer(timer_name(frame.attempt_seq, Timing.RETRY))
            self.stop_timer(timer_name(frame.attempt_seq, Timing.ATTEMPT))

    def freeze(self) -> RunState:
        """The new state; the draft must not be used afterwards."""
        if not self.status.is_final and self.status is not RunStatus.SUSPENDED:
            waits = bool(self.timers or self.awaits or self.undecided) and not (self.steps or self.ready)
            self.status = RunStatus.WAITING if waits else RunStatus.RUNNING
        return RunState(
            self.info, self.limits, self.raw_input, self.status, self.input, self.output, self.error, self.context,
            self.last_seq, self.last_at, self.started_at, self.ended_at, self.frames, self.ready, self.steps,
            self.timers, self.awaits, self.hops, self.undecided, self.cancelling,
            self.received,
        )  # fmt: skip


def timer_name(seq: int, timing: Timing) -> str:
    """The name of a timer: of the entry that started the task, and what for."""
    return f"{seq}:{timing.name.lower()}"
