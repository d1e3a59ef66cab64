"""Binds the ports for operated runs to storage: how runs begin, snapshots, moves and jobs, as the engine role."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actors import operation_ports as o
from actors.ports import RunAppend, RunKey
from models.domain.authorization import Resource, Rights, decide
from models.domain.dsl.snapshots import FORM
from models.domain.identity import SubjectKind, TenantScope
from models.domain.ids import uuid7_floor
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.ports import Wake
from models.domain.runs import Run
from storage import acceptance, access, dead_letters, jobs, origins, runs, snapshots
from storage.postgres import Database, ReadConn, WriteConn


async def move(conn: WriteConn, batch: Sequence[RunAppend]) -> None:
    """Before the append, which may end a run: those whose entries say so go on with another version."""
    moved = [
        (item.tenant_id, item.run_id, item.workflow.version)
        for item in batch
        if item.messages.taken and any(entry.type is EntryType.RUN_MOVED for entry in item.entries)
    ]
    if moved:
        await snapshots.move(conn, moved)


async def keep_snapshots(conn: WriteConn, batch: Sequence[RunAppend], limits: Limits) -> None:
    """Those of a batch; the ones of runs that have ended go."""
    kept = [(item.tenant_id, item.run_id, item.last, item.snapshot) for item in batch if item.snapshot is not None]
    if kept:
        await snapshots.keep(conn, FORM, kept)
    ended = [item.key for item in batch if item.ended_at is not None and item.last >= limits.snapshot_entries]
    if ended:
        await snapshots.forget(conn, ended)


class ShardHistory:
    """See RunHistory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beginnings(self, keys: Collection[RunKey]) -> Mapping[UUID, o.Beginning]:
        async with self._database.read() as conn:
            found = await origins.of_runs(conn, list(keys))
        return {
            run: o.Beginning(one.rerun_of, one.task, one.path, one.edits, one.outputs) for run, one in found.items()
        }

    async def snapshots(self, keys: Collection[RunKey]) -> Mapping[UUID, o.Snapshot]:
        async with self._database.read() as conn:
            found = await snapshots.of_runs(conn, list(keys))
        return {run: o.Snapshot(one.seq, one.form, one.state) for run, one in found.items()}

    async def page(self, key: RunKey, after: int, limit: int) -> Sequence[Entry]:
        async with self._database.read() as conn:
            return await runs.journal_page(conn, TenantScope(key[0]), key[1], after, limit)


_NOT_ALLOWED = "Who asked for this may not do it any more; the rest was left undone."


class ShardJobs:
    """See JobStore."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def next(self, shards: Sequence[int]) -> o.Job | None:
        async with self._database.read() as conn:
            found = await jobs.next_open(conn, shards)
        if found is None:
            return None
        return o.Job(
            found.tenant_id, found.id, found.kind, found.spec, found.cursor, found.reasons, found.created_by
        )

    async def runs(self, job: o.Job, limit: int) -> Sequence[o.JobRun]:
        scope = TenantScope(job.tenant_id)
        async with self._database.read() as conn:
            ids = await origins.matching(conn, scope, wanted(job), job.cursor, limit)
            if job.kind == "retry":
                letters = {one.run_id: one for one in await dead_letters.of_runs(conn, scope, ids)}
                return [
                    o.JobRun(run, letters[run.id].task, letters[run.id].path, letters[run.id].edits or {})
                    for run in await _all(conn, scope, ids)
                    if run.id in letters
                ]
            return [o.JobRun(run) for run in await _all(conn, scope, ids)]

    async def apply(self, job: o.Job, batch: o.Batch, now: datetime) -> Sequence[Wake]:
        wakes: list[Wake] = []
        refused = [{"id": str(run), "reason": reason} for run, reason in batch.refused]
        try:
            async with self._database.unit_of_work() as conn:
                if not await _still_allowed(conn, job):
                    reasons = [{"id": str(job.id), "reason": _NOT_ALLOWED}, *job.reasons]
                    await jobs.forbid(conn, TenantScope(job.tenant_id), job.id, reasons, now)
                    return []
                accepted = await self._accept(conn, job, batch, now, refused)
                wakes = [Wake(job.tenant_id, one.run_id, one.shard) for one in accepted]
                await self._move_on(conn, job, batch, len(accepted), refused, now)
        except _Overtaken:
            return []
        return wakes

    async def _accept(
        self, conn: WriteConn, job: o.Job, batch: o.Batch, now: datetime, refused: list[dict[str, Any]]
    ) -> list[acceptance.Accepted]:
        scope, reruns = TenantScope(job.tenant_id), list(batch.reruns)
        if job.kind == "retry" and reruns:
            letters: dict[UUID, UUID | None] = {one.source.id: one.run_id for one in reruns}
            still_open = await dead_letters.close(conn, scope, letters, job.created_by, now)
            reruns = [one for one in reruns if one.source.id in still_open]
        if batch.discarded:
            await dead_letters.close(conn, scope, dict.fromkeys(batch.discarded), job.created_by, now)
        if not reruns:
            return []
        asked = [_request(job, one, now) for one in reruns]
        answers = await acceptance.accept(conn, asked, timedelta(0))
        accepted = [one for one in answers if isinstance(one, acceptance.Accepted)]
        no = [
            (one.source.id, answer.detail)
            for one, answer in zip(reruns, answers, strict=True)
            if not isinstance(answer, acceptance.Accepted)
        ]
        refused += [{"id": str(run), "reason": reason} for run, reason in no]
        if job.kind == "retry" and no:
            await dead_letters.reopen(conn, scope, [run for run, _ in no])
        there = {one.run_id for one in accepted}
        await origins.put(conn, [_origin(job, one) for one in reruns if one.run_id in there])
        return accepted

    async def _move_on(
        self, conn: WriteConn, job: o.Job, batch: o.Batch, accepted: int, refused: Sequence[dict[str, Any]],
        now: datetime,
    ) -> None:  # fmt: skip
        reasons = [*job.reasons, *refused][: self._limits.max_job_reasons]
        done = accepted + len(batch.discarded)
        cursor = batch.looked_at[-1] if batch.looked_at else None
        progress = jobs.Progress(done, len(batch.looked_at) - done, reasons, cursor, is_last=not batch.looked_at)
        if not await jobs.advance(conn, job.tenant_id, job.id, job.cursor, progress, now):
            raise _Overtaken


class _Overtaken(Exception):
    """Somebody else moved the job on, or stopped it: nothing of this batch is kept."""


async def _still_allowed(conn: ReadConn, job: o.Job) -> bool:
    """Whether who made the job may do as much now, decided in the transaction of each batch."""
    if job.created_by is None:
        return True
    scope, user = TenantScope(job.tenant_id), job.created_by
    [found] = await access.standings(conn, [(job.tenant_id, user)])
    found = found or await access.standing(conn, scope, SubjectKind.SERVICE_ACCOUNT, user)
    if found is None:
        return False
    rights, where = Rights(found.role, found.permissions, found.grants), job.spec.get("where", {})
    if rights.reach("run:operate").whole:
        return True
    named = where.get("namespace") and where.get("name")
    place = Resource("workflow", f"{where['namespace']}/{where['name']}") if named else None
    return place is not None and decide(rights, "run:operate", place).allowed


def wanted(job: o.Job) -> origins.Wanted:
    """The runs that the job was asked for."""
    where, spec = job.spec.get("where", {}), job.spec
    letters = job.kind != "rerun"

    def floor(name: str) -> UUID | None:
        return uuid7_floor(datetime.fromisoformat(where[name])) if where.get(name) else None

    return origins.Wanted(
        UUID(spec["below"]), "faulted" if letters else where.get("status"), where.get("namespace"), where.get("name"),
        floor("from"), floor("to"), where.get("q") or None, letters,
    )  # fmt: skip


async def _all(conn: ReadConn, scope: TenantScope, ids: Sequence[UUID]) -> list[Run]:
    found = [await runs.get(conn, scope, one) for one in ids]
    return [run for run in found if run is not None]


def _request(job: o.Job, one: o.NewRerun, now: datetime) -> acceptance.Request:
    ref = one.source.workflow
    cause: dict[str, Any] = {"kind": "rerun", "of": str(one.source.id), "job": str(job.id)}
    if one.beginning.task is not None:
        cause["task"] = one.beginning.task
    return acceptance.Request(job.tenant_id, one.run_id, ref.namespace, ref.name, one.version, one.input, cause, now)


def _origin(job: o.Job, one: o.NewRerun) -> origins.OriginRow:
    begin = one.beginning
    return origins.OriginRow(job.tenant_id, one.run_id, begin.rerun_of, begin.task, begin.path, begin.edits)
