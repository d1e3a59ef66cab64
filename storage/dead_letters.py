"""Dead letters: runs that faulted for good, and what people did about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.identity import TenantScope
from models.domain.runs import WorkflowRef
from storage.postgres import ReadConn, WriteConn
from storage.queries import load
from storage.reach import parameters

_SQL = load("dead_letters")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A faulted run. `task` and `path` say which step failed, None when none did (a timeout of the run). `input` and
    `step_input` are read for single ones only."""

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
class LetterFilter:
    """What a list is narrowed to; ids are the smallest of their moment."""

    state: str = "open"
    namespace: str | None = None
    name: str | None = None
    from_id: UUID | None = None
    to_id: UUID | None = None
    text: str | None = None
    before: UUID | None = None
    reach: Reach = WHOLE


async def find(conn: ReadConn, scope: TenantScope, wanted: LetterFilter, limit: int) -> list[DeadLetter]:
    """Newest run first."""
    rows = await conn.fetch(
        _SQL["list"], scope.tenant_id, wanted.state, wanted.namespace, wanted.name, wanted.from_id, wanted.to_id,
        wanted.text, wanted.before, limit, *parameters(wanted.reach),
    )  # fmt: skip
    return [_letter(row) for row in rows]


async def of_runs(conn: ReadConn, scope: TenantScope, run_ids: Sequence[UUID]) -> list[DeadLetter]:
    """Those of these runs that are dead letters, in the order of their ids."""
    return [_letter(row) for row in await conn.fetch(_SQL["of_runs"], scope.tenant_id, list(run_ids))]


async def edit(
    conn: WriteConn, scope: TenantScope, run_id: UUID, edits: Mapping[str, Any] | None, user: UUID | None, now: datetime
) -> bool:
    """What the next retry begins with; False when it is not open any more."""
    return await conn.fetchval(_SQL["edit"], scope.tenant_id, run_id, edits, now, user) is not None


async def close(
    conn: WriteConn, scope: TenantScope, successors: Mapping[UUID, UUID | None], user: UUID | None, now: datetime
) -> set[UUID]:
    """Marks letters as retried (run id -> new run) or discarded (None for all); returns those that were still open."""
    state = "retried" if any(successors.values()) else "discarded"
    rows = await conn.fetch(
        _SQL["close"], scope.tenant_id, list(successors), list(successors.values()), state, now, user
    )
    return {row["run_id"] for row in rows}


async def reopen(conn: WriteConn, scope: TenantScope, run_ids: Sequence[UUID]) -> None:
    """Closed in this transaction, but nothing came of it."""
    await conn.execute(_SQL["reopen"], scope.tenant_id, list(run_ids))


def _letter(row: Mapping[str, Any]) -> DeadLetter:
    return DeadLetter(
        run_id=row["run_id"],
        workflow=WorkflowRef(row["namespace"], row["name"], row["version"]),
        task=row["task"],
        path=tuple(row["path"] or ()),
        attempts=row["attempts"] or 0,
        error=row["error"] or {},
        created_at=row["created_at"],
        faulted_at=row["ended_at"],
        state=row["state"],
        edits=row["edits"],
        retried_as=row["retried_as"],
        updated_at=row["updated_at"],
        input=row.get("input"),
        step_input=row.get("step_input"),
    )
