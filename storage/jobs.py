"""Jobs: long work on many runs, done in batches that each move the job on in their own transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """`kind` is rerun, retry or discard; `state` queued, running, stopped or done; `cursor` the last run looked at."""

    tenant_id: UUID
    id: UUID
    shard: int
    kind: str
    spec: Mapping[str, Any]
    state: str
    total: int
    done: int
    skipped: int
    reasons: Sequence[Mapping[str, Any]]
    cursor: UUID | None
    created_at: datetime
    created_by: UUID | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What a batch came to: runs done and skipped, all reasons kept so far, the last run looked at (None: nothing was
    left), and whether that was the end."""

    done: int
    skipped: int
    reasons: Sequence[Mapping[str, Any]]
    cursor: UUID | None
    is_last: bool


async def add(
    conn: WriteConn, scope: TenantScope, job_id: UUID, kind: str, spec: Mapping[str, Any], total: int,
    user: UUID | None, now: datetime,
) -> Job:  # fmt: skip
    """A new job, to be found by the owner of the tenant's shard."""
    row = await conn.fetchrow(_SQL["add"], scope.tenant_id, job_id, kind, spec, total, now, user)
    return Job(**row)


async def get(conn: ReadConn, scope: TenantScope, job_id: UUID) -> Job | None:
    """The job, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, job_id)
    return Job(**row) if row else None


async def find(conn: ReadConn, scope: TenantScope, before: UUID | None, limit: int) -> list[Job]:
    """Newest first."""
    return [Job(**row) for row in await conn.fetch(_SQL["list"], scope.tenant_id, before, limit)]


async def stop(conn: WriteConn, scope: TenantScope, job_id: UUID, now: datetime) -> Job | None:
    """Stops it where it is; None when it has ended, or is not there."""
    row = await conn.fetchrow(_SQL["stop"], scope.tenant_id, job_id, now)
    return Job(**row) if row else None


async def forbid(
    conn: WriteConn, scope: TenantScope, job_id: UUID, reasons: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Stops it where it is, and tells why. Engine role."""
    await conn.execute(_SQL["forbid"], scope.tenant_id, job_id, now, list(reasons))


async def next_open(conn: ReadConn, shards: Sequence[int]) -> Job | None:
    """The oldest job of one of the tenants of these shards that has not ended, by chance; engine role."""
    row = await conn.fetchrow(_SQL["next"], list(shards))
    return Job(**row) if row else None


async def advance(
    conn: WriteConn, tenant_id: UUID, job_id: UUID, expected: UUID | None, progress: Progress, now: datetime
) -> bool:
    """Moves a job on from the run `expected` in the transaction of the batch; False when somebody else did, or it was
    stopped: then the batch must not be committed. Engine role."""
    moved = await conn.fetchval(
        _SQL["advance"], tenant_id, job_id, expected, progress.cursor, progress.done, progress.skipped,
        list(progress.reasons), progress.is_last, now,
    )  # fmt: skip
    return moved is not None
