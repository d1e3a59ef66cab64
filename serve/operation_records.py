"""What the ports for operating runs give and take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.runs import Run, RunStatus, WorkflowRef


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """How a new run begins that is not begun from nothing: at a task of another run, with edits; `outputs` is what
    calls of a dry run answer, by the pointer of their task."""

    rerun_of: UUID | None = None
    task: str | None = None
    path: tuple[int, ...] | None = None
    edits: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Addressed:
    """The run that a message was written to: its status at that moment, and the shard to wake."""

    status: RunStatus
    shard: int


@dataclass(frozen=True, slots=True)
class Undecided:
    """A step whose outcome a person must tell."""

    step: int
    task: str
    path: tuple[int, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """A run with the definition of its own version and of the one asked for."""

    run: Run
    definition: Mapping[str, Any]
    target: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunsWanted:
    """Which runs many are picked by; every part that is set must hold. `open_letters`: only those whose dead letter
    is open."""

    status: str | None = None
    namespace: str | None = None
    name: str | None = None
    query: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    open_letters: bool = False


@dataclass(frozen=True, slots=True)
class NewJob:
    """`spec` has what is done (task, version) and `where`, as the API was asked."""

    id: UUID
    kind: str
    spec: Mapping[str, Any]
    wanted: RunsWanted


@dataclass(frozen=True, slots=True)
class Job:
    """Long work on many runs and how far it is."""

    id: UUID
    kind: str
    spec: Mapping[str, Any]
    state: str
    total: int
    done: int
    skipped: int
    reasons: Sequence[Mapping[str, Any]]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """What a list of dead letters shows."""

    state: str = "open"
    namespace: str | None = None
    name: str | None = None
    query: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    reach: Reach = WHOLE


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A run that faulted for good. `task` None: the run itself did (its time was up, its output did not fit)."""

    run_id: UUID
    workflow: WorkflowRef
    task: str | None
    path: tuple[int, ...]
    attempts: int
    error: Mapping[str, Any]
    created_at: datetime
    faulted_at: datetime
    state: str
    edits: Mapping[str, Any] | None
    retried_as: UUID | None
    updated_at: datetime | None
    input: Any = None
    step_input: Any = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Sample data of a workflow: an input, and what its calls answer."""

    sample: str
    input: Any
    outputs: Mapping[str, Any]
    updated_at: datetime
