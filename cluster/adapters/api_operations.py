"""The API's ports for operating runs over PostgreSQL: each method is one unit of work of the app role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cluster.adapters.definitions import complete_definition
from cluster.adapters.mapping import as_, page, there
from models.domain.errors import Conflict, LimitExceeded
from models.domain.identity import TenantScope
from models.domain.ids import uuid7_floor
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from serve import operation_records as o
from serve import records as r
from storage import acceptance, dead_letters, jobs, origins, run_inbox, runs, samples, workflows
from storage.postgres import Database, ReadConn

_NO_RUN = "There is no such run."


class ApiOperations:
    """See RunOperations."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def send(
        self, tenant_id: UUID, run_id: UUID, kind: str, data: Mapping[str, Any], now: datetime
    ) -> o.Addressed:
        async with self._database.unit_of_work([tenant_id]) as conn:
            target = there(await origins.target(conn, TenantScope(tenant_id), run_id), _NO_RUN)
            if target.has_ended:
                raise Conflict(f"The run has ended: it is {target.status.value}.")
            if target.messages >= self._limits.max_inbox_messages:
                raise LimitExceeded("max_inbox_messages", self._limits.max_inbox_messages)
            row = run_inbox.InboxRow(tenant_id, run_id, target.shard, kind, data, now)
            await run_inbox.put(conn, [row])
        return o.Addressed(target.status, target.shard)

    async def undecided(self, tenant_id: UUID, run_id: UUID) -> Sequence[o.Undecided]:
        async with self._database.read([tenant_id]) as conn:
            found = await origins.undecided(conn, TenantScope(tenant_id), run_id)
        return [as_(o.Undecided, one) for one in found]

    async def source(self, tenant_id: UUID, run_id: UUID, version: str | None) -> o.Source:
        scope = TenantScope(tenant_id)
        async with self._database.read([tenant_id]) as conn:
            run = there(await runs.get(conn, scope, run_id), _NO_RUN)
            own = await _definition(conn, scope, run.workflow)
            ref = WorkflowRef(run.workflow.namespace, run.workflow.name, version or run.workflow.version)
            target = own if ref == run.workflow else await _definition(conn, scope, ref)
        return o.Source(run, own, target)

    async def entries(self, tenant_id: UUID, run_id: UUID) -> Sequence[Entry]:
        async with self._database.read([tenant_id]) as conn:
            scope = TenantScope(tenant_id)
            return await runs.journal_page(conn, scope, run_id, 0, self._limits.max_moved_entries)

    async def matching(
        self, tenant_id: UUID, wanted: o.RunsWanted, limit: int, now: datetime
    ) -> tuple[int, Sequence[UUID]]:
        scope, asked = TenantScope(tenant_id), wanted_runs(wanted, now)
        async with self._database.read([tenant_id]) as conn:
            count = await origins.count(conn, scope, asked)
            return count, await origins.matching(conn, scope, asked, None, limit)


class ApiJobs:
    """See JobRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, tenant_id: UUID, job: o.NewJob, user_id: UUID, now: datetime) -> o.Job:
        scope = TenantScope(tenant_id)
        asked = wanted_runs(job.wanted, now)
        spec = {**job.spec, "below": str(asked.below)}
        async with self._database.unit_of_work([tenant_id]) as conn:
            total = await origins.count(conn, scope, asked)
            return as_(o.Job, await jobs.add(conn, scope, job.id, job.kind, spec, total, user_id, now))

    async def list(self, tenant_id: UUID, after: tuple[str, ...] | None, limit: int) -> r.Page[o.Job]:
        async with self._database.read([tenant_id]) as conn:
            found = await jobs.find(conn, TenantScope(tenant_id), UUID(after[0]) if after else None, limit + 1)
        return page([as_(o.Job, one) for one in found], limit, lambda one: (str(one.id),))

    async def get(self, tenant_id: UUID, job_id: UUID) -> o.Job:
        async with self._database.read([tenant_id]) as conn:
            return as_(o.Job, there(await jobs.get(conn, TenantScope(tenant_id), job_id), "There is no such job."))

    async def stop(self, tenant_id: UUID, job_id: UUID, now: datetime) -> o.Job:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            stopped = await jobs.stop(conn, scope, job_id, now)
            found = stopped or there(await jobs.get(conn, scope, job_id), "There is no such job.")
        if found.state == "done":
            raise Conflict("The job is done already.")
        return as_(o.Job, found)


class ApiDeadLetters:
    """See DeadLetterRepository."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._remembered = timedelta(seconds=limits.idempotency_seconds)

    async def list(
        self, tenant_id: UUID, where: o.LetterFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[o.DeadLetter]:
        asked = dead_letters.LetterFilter(
            where.state, where.namespace, where.name,
            uuid7_floor(where.created_from) if where.created_from else None,
            uuid7_floor(where.created_to) if where.created_to else None,
            where.query, UUID(after[0]) if after else None, where.reach,
        )  # fmt: skip
        async with self._database.read([tenant_id]) as conn:
            found = await dead_letters.find(conn, TenantScope(tenant_id), asked, limit + 1)
        return page([as_(o.DeadLetter, one) for one in found], limit, lambda one: (str(one.run_id),))

    async def get(self, tenant_id: UUID, run_id: UUID) -> o.DeadLetter:
        async with self._database.read([tenant_id]) as conn:
            found = await dead_letters.of_runs(conn, TenantScope(tenant_id), [run_id])
        return as_(o.DeadLetter, there(found[0] if found else None, "There is no such dead letter."))

    async def edit(
        self, tenant_id: UUID, run_id: UUID, edits: Mapping[str, Any] | None, user_id: UUID, now: datetime
    ) -> None:
        await self.get(tenant_id, run_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await dead_letters.edit(conn, TenantScope(tenant_id), run_id, edits, user_id, now):
                raise _closed()

    async def retry(
        self, tenant_id: UUID, run_id: UUID, run: r.AcceptRun, user_id: UUID, now: datetime
    ) -> r.AcceptedRun:
        asked = acceptance.Request(
            tenant_id, run.run_id, run.namespace, run.name, run.version, run.input, run.cause, run.created_at
        )
        origin = run.origin
        assert origin is not None
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await dead_letters.close(conn, TenantScope(tenant_id), {run_id: run.run_id}, user_id, now):
                raise _closed()
            [answer] = await acceptance.accept(conn, [asked], self._remembered)
            if not isinstance(answer, acceptance.Accepted):
                raise answer
            await origins.put(
                conn,
                [origins.OriginRow(tenant_id, run.run_id, origin.rerun_of, origin.task, origin.path, origin.edits)],
            )
        return r.AcceptedRun(answer.run_id, answer.shard, answer.new)

    async def discard(self, tenant_id: UUID, run_id: UUID, user_id: UUID, now: datetime) -> None:
        await self.get(tenant_id, run_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await dead_letters.close(conn, TenantScope(tenant_id), {run_id: None}, user_id, now):
                raise _closed()


class ApiSamples:
    """See SampleRepository."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def put(self, tenant_id: UUID, namespace: str, name: str, sample: o.Sample) -> bool:
        scope, most = TenantScope(tenant_id), self._limits.max_samples_per_workflow
        async with self._database.unit_of_work([tenant_id]) as conn:
            there(await workflows.get(conn, scope, namespace, name), f"There is no workflow {namespace}/{name}.")
            is_new = await samples.put(conn, scope, (namespace, name), as_(samples.Sample, sample), most)
        if is_new is None:
            raise LimitExceeded("max_samples_per_workflow", most)
        return is_new

    async def list(self, tenant_id: UUID, namespace: str, name: str) -> Sequence[tuple[str, datetime]]:
        scope = TenantScope(tenant_id)
        async with self._database.read([tenant_id]) as conn:
            there(await workflows.get(conn, scope, namespace, name), f"There is no workflow {namespace}/{name}.")
            return await samples.find(conn, scope, (namespace, name))

    async def get(self, tenant_id: UUID, namespace: str, name: str, sample: str) -> o.Sample:
        async with self._database.read([tenant_id]) as conn:
            found = await samples.get(conn, TenantScope(tenant_id), (namespace, name), sample)
        return as_(o.Sample, there(found, f"There is no sample {sample} of {namespace}/{name}."))

    async def delete(self, tenant_id: UUID, namespace: str, name: str, sample: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            found = await samples.delete(conn, TenantScope(tenant_id), (namespace, name), sample)
        there(found or None, f"There is no sample {sample} of {namespace}/{name}.")


async def _definition(conn: ReadConn, scope: TenantScope, ref: WorkflowRef) -> Mapping[str, Any]:
    found = await complete_definition(conn, scope, ref)
    return there(found, f"There is no version {ref.version} of {ref.namespace}/{ref.name}.")


def wanted_runs(wanted: o.RunsWanted, now: datetime) -> origins.Wanted:
    """Only runs that were there before `now`."""
    return origins.Wanted(
        uuid7_floor(now), wanted.status, wanted.namespace, wanted.name,
        uuid7_floor(wanted.created_from) if wanted.created_from else None,
        uuid7_floor(wanted.created_to) if wanted.created_to else None,
        wanted.query, wanted.open_letters,
    )  # fmt: skip


def _closed() -> Conflict:
    return Conflict("Somebody has retried or discarded this dead letter already.")
