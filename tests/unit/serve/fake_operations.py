"""The ports for operating runs, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.errors import Conflict, NotFound
from models.domain.journal import Entry
from models.domain.runs import RunStatus
from serve import operation_records as o
from serve import records as r
from tests.unit.serve.fakes import FakeRuns, FakeWorkflows, page, there


@dataclass
class FakeOperations:
    runs: FakeRuns
    sent: list[tuple[UUID, str, Mapping[str, Any]]] = field(default_factory=list)
    open_steps: dict[UUID, list[o.Undecided]] = field(default_factory=dict)

    async def send(
        self, tenant_id: UUID, run_id: UUID, kind: str, data: Mapping[str, Any], now: datetime
    ) -> o.Addressed:
        run = await self.runs.get(tenant_id, run_id)
        if run.status.is_final:
            raise Conflict("The run has ended.")
        self.sent.append((run_id, kind, data))
        return o.Addressed(run.status, 7)

    async def undecided(self, tenant_id: UUID, run_id: UUID) -> Sequence[o.Undecided]:
        return self.open_steps.get(run_id, [])

    async def source(self, tenant_id: UUID, run_id: UUID, version: str | None) -> o.Source:
        run = await self.runs.get(tenant_id, run_id)
        ref = replace(run.workflow, version=version or run.workflow.version)
        own = await self.runs.workflows.version(tenant_id, run.workflow)
        target = await self.runs.workflows.version(tenant_id, ref)
        return o.Source(run, own.definition, target.definition)

    async def entries(self, tenant_id: UUID, run_id: UUID) -> Sequence[Entry]:
        return self.runs.entries.get(run_id, [])

    async def matching(
        self, tenant_id: UUID, wanted: o.RunsWanted, limit: int, now: datetime
    ) -> tuple[int, Sequence[UUID]]:
        found = [
            run.id for run in self.runs.runs.values()
            if run.tenant_id == tenant_id and wanted.status in (None, run.status.value)
            and wanted.name in (None, run.workflow.name)
        ]  # fmt: skip
        return len(found), found[:limit]


@dataclass
class FakeJobs:
    jobs: dict[UUID, tuple[UUID, o.Job]] = field(default_factory=dict)

    async def add(self, tenant_id: UUID, job: o.NewJob, user_id: UUID, now: datetime) -> o.Job:
        made = o.Job(job.id, job.kind, job.spec, "queued", 3, 0, 0, [], now, None, None)
        self.jobs[job.id] = (tenant_id, made)
        return made

    async def list(self, tenant_id: UUID, after: tuple[str, ...] | None, limit: int) -> r.Page[o.Job]:
        found = [job for tenant, job in self.jobs.values() if tenant == tenant_id]
        return page(found, [(str(job.id),) for job in found], after, limit)

    async def get(self, tenant_id: UUID, job_id: UUID) -> o.Job:
        tenant, job = self.jobs.get(job_id, (None, None))
        return there(job if tenant == tenant_id else None)

    async def stop(self, tenant_id: UUID, job_id: UUID, now: datetime) -> o.Job:
        job = await self.get(tenant_id, job_id)
        if job.state == "done":
            raise Conflict("The job is done.")
        stopped = replace(job, state="stopped", ended_at=now)
        self.jobs[job_id] = (tenant_id, stopped)
        return stopped


@dataclass
class FakeDeadLetters:
    runs: FakeRuns
    handled: dict[UUID, tuple[str, Mapping[str, Any] | None, UUID | None]] = field(default_factory=dict)

    async def list(
        self, tenant_id: UUID, where: o.LetterFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[o.DeadLetter]:
        found = [
            await self.get(tenant_id, run.id)
            for run in self.runs.runs.values()
            if run.tenant_id == tenant_id and run.status is RunStatus.FAULTED
        ]
        found = [one for one in found if one.state == where.state]
        return page(found, [(str(one.run_id),) for one in found], after, limit)

    async def get(self, tenant_id: UUID, run_id: UUID) -> o.DeadLetter:
        run = await self.runs.get(tenant_id, run_id)
        if run.status is not RunStatus.FAULTED:
            raise NotFound
        state, edits, successor = self.handled.get(run_id, ("open", None, None))
        error = run.error or {}
        return o.DeadLetter(
            run_id, run.workflow, error.get("instance"), (), 1, error, run.created_at, run.created_at, state, edits,
            successor, None, run.input, None,
        )  # fmt: skip

    async def edit(
        self, tenant_id: UUID, run_id: UUID, edits: Mapping[str, Any] | None, user_id: UUID, now: datetime
    ) -> None:
        await self._close(tenant_id, run_id, "open", edits, None)

    async def retry(
        self, tenant_id: UUID, run_id: UUID, run: r.AcceptRun, user_id: UUID, now: datetime
    ) -> r.AcceptedRun:
        await self._close(tenant_id, run_id, "retried", None, run.run_id)
        [answer] = await self.runs.accept([run])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def discard(self, tenant_id: UUID, run_id: UUID, user_id: UUID, now: datetime) -> None:
        await self._close(tenant_id, run_id, "discarded", None, None)

    async def _close(
        self, tenant_id: UUID, run_id: UUID, state: str, edits: Mapping[str, Any] | None, successor: UUID | None
    ) -> None:
        if (await self.get(tenant_id, run_id)).state != "open":
            raise Conflict("It is not open any more.")
        self.handled[run_id] = (state, edits, successor)


@dataclass
class FakeSamples:
    workflows: FakeWorkflows
    stored: dict[tuple[UUID, str, str, str], o.Sample] = field(default_factory=dict)

    async def put(self, tenant_id: UUID, namespace: str, name: str, sample: o.Sample) -> bool:
        await self.workflows.get(tenant_id, namespace, name)
        key = (tenant_id, namespace, name, sample.sample)
        is_new = key not in self.stored
        self.stored[key] = sample
        return is_new

    async def list(self, tenant_id: UUID, namespace: str, name: str) -> Sequence[tuple[str, datetime]]:
        await self.workflows.get(tenant_id, namespace, name)
        return [(key[3], one.updated_at) for key, one in self.stored.items() if key[:3] == (tenant_id, namespace, name)]

    async def get(self, tenant_id: UUID, namespace: str, name: str, sample: str) -> o.Sample:
        return there(self.stored.get((tenant_id, namespace, name, sample)))

    async def delete(self, tenant_id: UUID, namespace: str, name: str, sample: str) -> None:
        there(self.stored.pop((tenant_id, namespace, name, sample), None))
