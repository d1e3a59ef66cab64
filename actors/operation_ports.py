"""What the actors need for operated runs: how they begin, snapshots of long ones, and jobs over many."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from actors.ports import RunKey
from models.domain.journal import Entry
from models.domain.ports import Wake
from models.domain.runs import Run


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run begins that is not begun from nothing: at a task of another run, with edits. `outputs` are what calls
    of a dry run answer, by the pointer of their task."""

    rerun_of: UUID | None = None
    task: str | None = None
    path: tuple[int, ...] | None = None
    edits: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a run after entry `seq`; `form` as in models/domain/dsl/snapshots.py."""

    seq: int
    form: str
    state: Mapping[str, Any]


class RunHistory(Protocol):
    """What is read of few runs only; every method may raise Unavailable."""

    async def beginnings(self, keys: Collection[RunKey]) -> Mapping[UUID, Beginning]:
        """Run id -> how it begins, where that is stored."""

    async def snapshots(self, keys: Collection[RunKey]) -> Mapping[UUID, Snapshot]:
        """Run id -> the snapshot that is there."""

    async def page(self, key: RunKey, after: int, limit: int) -> Sequence[Entry]:
        """The next entries of a journal."""


class NoHistory:
    """For hosts without: nothing is stored about how runs begin, and there are no snapshots."""

    async def beginnings(self, keys: Collection[RunKey]) -> Mapping[UUID, Beginning]:
        return {}

    async def snapshots(self, keys: Collection[RunKey]) -> Mapping[UUID, Snapshot]:
        return {}

    async def page(self, key: RunKey, after: int, limit: int) -> Sequence[Entry]:
        return []


@dataclass(frozen=True, slots=True)
class Job:
    """Work on many runs: `kind` is rerun, retry or discard; `task` and `version` of the re-runs; `cursor` the last run
    that was looked at; `reasons` why runs were left out, the first ones."""

    tenant_id: UUID
    id: UUID
    kind: str
    spec: Mapping[str, Any]
    cursor: UUID | None
    reasons: Sequence[Mapping[str, Any]]
    created_by: UUID | None

    @property
    def task(self) -> str | None:
        """Where the re-runs begin; None: at the start."""
        return self.spec.get("task")

    @property
    def version(self) -> str | None:
        """The version of the re-runs; None: each its own."""
        return self.spec.get("version")


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run that a job is about. For a dead letter, where it failed (None: nowhere in particular) and its edits."""

    run: Run
    task: str | None = None
    path: tuple[int, ...] | None = None
    edits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewRerun:
    """A run to be accepted in the place of `source`."""

    source: Run
    run_id: UUID
    version: str
    input: Any
    beginning: Beginning


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of a job came to; the transaction that moves the job on does all of it."""

    looked_at: Sequence[UUID]
    reruns: Sequence[NewRerun] = ()
    discarded: Sequence[UUID] = ()
    refused: Sequence[tuple[UUID, str]] = ()


class JobStore(Protocol):
    """Jobs of tenants; every method may raise Unavailable."""

    async def next(self, shards: Sequence[int]) -> Job | None:
        """The oldest job of one of the tenants of these shards that has not ended; no tenant is left out."""

    async def runs(self, job: Job, limit: int) -> Sequence[JobRun]:
        """The next runs after the job's cursor; none when there are no more."""

    async def apply(self, job: Job, batch: Batch, now: datetime) -> Sequence[Wake]:
        """Does the batch and moves the job on in one transaction; an empty batch ends the job. Nothing is done when
        somebody else moved it, or it was stopped. Returns the new runs."""


class NoJobs:
    """For hosts that do no jobs."""

    async def next(self, shards: Sequence[int]) -> Job | None:
        return None

    async def runs(self, job: Job, limit: int) -> Sequence[JobRun]:
        return []

    async def apply(self, job: Job, batch: Batch, now: datetime) -> Sequence[Wake]:
        return []
