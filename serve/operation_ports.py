"""What operating runs needs from storage; cluster/adapters/api_operations.py provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from models.domain.journal import Entry
from serve import operation_records as o
from serve.records import AcceptedRun, AcceptRun, Page


class RunOperations(Protocol):
    """Messages to single runs, and what re-runs are made of."""

    async def send(
        self, tenant_id: UUID, run_id: UUID, kind: str, data: Mapping[str, Any], now: datetime
    ) -> o.Addressed:
        """Durable. NotFound; Conflict when the run has ended; LimitExceeded above max_inbox_messages."""

    async def undecided(self, tenant_id: UUID, run_id: UUID) -> Sequence[o.Undecided]:
        """Steps of a run that wait for a person to say whether they happened."""

    async def source(self, tenant_id: UUID, run_id: UUID, version: str | None) -> o.Source:
        """NotFound when there is no such run, or no such version of its workflow (None: its own)."""

    async def entries(self, tenant_id: UUID, run_id: UUID) -> Sequence[Entry]:
        """The journal of a run, at most its first max_moved_entries."""

    async def matching(
        self, tenant_id: UUID, wanted: o.RunsWanted, limit: int, now: datetime
    ) -> tuple[int, Sequence[UUID]]:
        """How many runs are meant, and the first of them."""


class JobRepository(Protocol):
    """Jobs of a tenant; their work is done by the owner of its shard."""

    async def add(self, tenant_id: UUID, job: o.NewJob, user_id: UUID, now: datetime) -> o.Job:
        """Durable; `total` is counted then, and runs that come later are not meant."""

    async def list(self, tenant_id: UUID, after: tuple[str, ...] | None, limit: int) -> Page[o.Job]:
        """Newest first."""

    async def get(self, tenant_id: UUID, job_id: UUID) -> o.Job:
        """NotFound when there is none."""

    async def stop(self, tenant_id: UUID, job_id: UUID, now: datetime) -> o.Job:
        """What was done stays done; NotFound when there is none, Conflict when it is done."""


class DeadLetterRepository(Protocol):
    """Runs that faulted for good."""

    async def list(
        self, tenant_id: UUID, where: o.LetterFilter, after: tuple[str, ...] | None, limit: int
    ) -> Page[o.DeadLetter]:
        """Newest run first."""

    async def get(self, tenant_id: UUID, run_id: UUID) -> o.DeadLetter:
        """With inputs; NotFound when the run is no dead letter."""

    async def edit(
        self, tenant_id: UUID, run_id: UUID, edits: Mapping[str, Any] | None, user_id: UUID, now: datetime
    ) -> None:
        """NotFound; Conflict when it is not open any more."""

    async def retry(self, tenant_id: UUID, run_id: UUID, run: AcceptRun, user_id: UUID, now: datetime) -> AcceptedRun:
        """Accepts the new run and closes the letter, in one transaction; Conflict when it is not open any more."""

    async def discard(self, tenant_id: UUID, run_id: UUID, user_id: UUID, now: datetime) -> None:
        """NotFound; Conflict when it is not open any more."""


class SampleRepository(Protocol):
    """Sample data of workflows."""

    async def put(self, tenant_id: UUID, namespace: str, name: str, sample: o.Sample) -> bool:
        """True when new; NotFound without the workflow, LimitExceeded above max_samples_per_workflow."""

    async def list(self, tenant_id: UUID, namespace: str, name: str) -> Sequence[tuple[str, datetime]]:
        """Names and when they changed; NotFound without the workflow."""

    async def get(self, tenant_id: UUID, namespace: str, name: str, sample: str) -> o.Sample:
        """NotFound when there is none."""

    async def delete(self, tenant_id: UUID, namespace: str, name: str, sample: str) -> None:
        """NotFound when there is none."""
