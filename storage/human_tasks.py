"""Tasks of people: opened, moved and closed with the journal of their run, answered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.domain.authorization import WHOLE, Reach
from models.domain.errors import TasksAnswered
from models.domain.events import format_time
from models.domain.human_tasks import (
    Answer,
    Assignee,
    TaskChange,
    TaskClosed,
    TaskMoved,
    TaskOpened,
    TaskStatus,
    parse_assignee,
)
from models.domain.identity import TenantScope
from models.domain.runs import RunStatus, WorkflowRef
from storage.postgres import ReadConn, WriteConn
from storage.queries import load
from storage.reach import parameters
from storage.runs import OpenRun

_SQL = load("human_tasks")
ALL = ""
"""The `task` of a TaskClosed that closes whatever its run has open."""


@dataclass(frozen=True, slots=True)
class HumanTask:
    """A task as stored. `planned` are all escalations that were planned, `escalations` what has happened."""

    id: UUID
    run_id: UUID
    shard: int
    workflow: WorkflowRef
    task: str
    seq: int
    status: TaskStatus
    title: str
    body: str
    assignee: Assignee
    decisions: Sequence[str]
    form: Any
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None
    planned: Sequence[Mapping[str, Any]]
    escalations: Sequence[Mapping[str, Any]]
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What new entries of one run do to its tasks."""

    tenant_id: UUID
    run_id: UUID
    shard: int
    workflow: WorkflowRef
    changes: Sequence[TaskChange]


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that its run has not taken yet; `seq` is the entry that asked."""

    run_id: UUID
    seq: int
    answer: Mapping[str, Any]
    at: datetime


async def change(conn: WriteConn, batch: Sequence[RunChanges]) -> None:
    """Opens, moves, closes, and tells the people concerned; TasksAnswered when an answer came before. Engine role."""
    await _open(conn, [(item, one) for item in batch for one in item.changes if isinstance(one, TaskOpened)])
    moved = [(item, one) for item in batch for one in item.changes if isinstance(one, TaskMoved)]
    closed = [(item, one) for item in batch for one in item.changes if isinstance(one, TaskClosed)]
    if moved:
        await _tell_both(conn, await _move(conn, moved))
    if closed:
        rows = await _close(conn, closed)
        if len(rows) < sum(one.task != ALL for _, one in closed):
            await _look_for_answers(conn, [item for item, _ in closed])
        await _tell(conn, rows)


async def answers(conn: ReadConn, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, list[StoredAnswer]]:
    """Run id -> answers that these runs (tenant, id) have not taken yet, oldest question first."""
    found: dict[UUID, list[StoredAnswer]] = {}
    for row in await conn.fetch(_SQL["answers"], [tenant for tenant, _ in keys], [run for _, run in keys]):
        one = StoredAnswer(row["run_id"], row["seq"], row["answer"], row["closed_at"])
        found.setdefault(one.run_id, []).append(one)
    return found


async def unapplied(conn: ReadConn, shards: Sequence[int], before: datetime, limit: int) -> list[OpenRun]:
    """Runs of these shards with an answer, given up to `before`, that they have not taken."""
    rows = await conn.fetch(_SQL["unapplied"], list(shards), before, limit)
    return [
        OpenRun(
            row["shard"], row["tenant_id"], row["id"], RunStatus(row["status"]), row["last_seq"], row["wake_at"], False
        )
        for row in rows
    ]


async def get(conn: ReadConn, scope: TenantScope, task_id: UUID) -> HumanTask | None:
    """The task, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, task_id)
    return _task(row) if row else None


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What a list shows. `email` and `role` together: what is with this person."""

    status: str | None = None
    email: str | None = None
    role: str | None = None
    run_id: UUID | None = None
    text: str | None = None
    before: UUID | None = None
    reach: Reach = WHOLE


async def find(conn: ReadConn, scope: TenantScope, wanted: TaskFilter, limit: int) -> list[HumanTask]:
    """Newest first."""
    rows = await conn.fetch(
        _SQL["list"], scope.tenant_id, wanted.status, wanted.email, wanted.role, wanted.run_id, wanted.text,
        wanted.before, limit, *parameters(wanted.reach),
    )  # fmt: skip
    return [_task(row) for row in rows]


async def count(
    conn: ReadConn, scope: TenantScope, email: str, role: str, most: int, reach: Reach = WHOLE
) -> tuple[int, int]:
    """How many within `reach` are open, and how many of these are with this person; counts up to `most`."""
    row = await conn.fetchrow(_SQL["count"], scope.tenant_id, email, role, most, *parameters(reach))
    return row["open"], row["mine"]


async def answer(
    conn: WriteConn, scope: TenantScope, task_id: UUID, given: Answer, now: datetime
) -> HumanTask | None:
    """Exactly one answer wins; None when the task is not open any more, or is overdue."""
    row = await conn.fetchrow(_SQL["answer"], scope.tenant_id, task_id, given.json, now)
    if row is None:
        return None
    await _tell(conn, [row])
    return _task(row)


async def assign(
    conn: WriteConn, scope: TenantScope, task_id: UUID, to: Assignee, by: str, now: datetime
) -> HumanTask | None:
    """Gives an open task to somebody else; None when it is not open."""
    row = await conn.fetchrow(_SQL["assign"], scope.tenant_id, task_id, to.kind, to.name, format_time(now), by)
    if row is None:
        return None
    await _tell_both(conn, [row])
    return _task(row)


async def email_of(conn: ReadConn, user_id: UUID) -> str:
    """The address of a user; empty when there is none."""
    return await conn.fetchval(_SQL["email_of"], user_id) or ""


async def tenant_name(conn: ReadConn, scope: TenantScope) -> str:
    """What the tenant is called."""
    row = await conn.fetchrow(_SQL["place"], scope.tenant_id)
    return row["display_name"] if row else ""


async def _open(conn: WriteConn, opened: Sequence[tuple[RunChanges, TaskOpened]]) -> None:
    if not opened:
        return
    assignees = [parse_assignee(one.ask["assignee"]) for _, one in opened]
    await conn.execute(
        _SQL["open"],
        [item.tenant_id for item, _ in opened],
        [one.id for _, one in opened],
        [item.run_id for item, _ in opened],
        [item.shard for item, _ in opened],
        [item.workflow.namespace for item, _ in opened],
        [item.workflow.name for item, _ in opened],
        [item.workflow.version for item, _ in opened],
        [one.task for _, one in opened],
        [_path(one.path) for _, one in opened],
        [one.seq for _, one in opened],
        [one.ask["title"] for _, one in opened],
        [one.ask["body"] for _, one in opened],
        [assignee.kind for assignee in assignees],
        [assignee.name for assignee in assignees],
        [_json(one.ask["decisions"]) for _, one in opened],
        [None if one.ask["form"] is None else _json(one.ask["form"]) for _, one in opened],
        [datetime.fromisoformat(one.ask["due"]) for _, one in opened],
        [one.at for _, one in opened],
        [_json(one.ask["escalations"]) for _, one in opened],
    )
    await _tell(conn, [_opened_row(item, one, to) for (item, one), to in zip(opened, assignees, strict=True)])


async def _move(conn: WriteConn, moved: Sequence[tuple[RunChanges, TaskMoved]]) -> Sequence[Mapping[str, Any]]:
    targets = [parse_assignee(one.to) for _, one in moved]
    return await conn.fetch(
        _SQL["move"],
        [item.tenant_id for item, _ in moved],
        [item.run_id for item, _ in moved],
        [one.task for _, one in moved],
        [_path(one.path) for _, one in moved],
        [one.seq for _, one in moved],
        [to.kind for to in targets],
        [to.name for to in targets],
        [format_time(one.at) for _, one in moved],
    )


async def _close(conn: WriteConn, closed: Sequence[tuple[RunChanges, TaskClosed]]) -> Sequence[Mapping[str, Any]]:
    return await conn.fetch(
        _SQL["close"],
        [item.tenant_id for item, _ in closed],
        [item.run_id for item, _ in closed],
        [one.task for _, one in closed],
        [_path(one.path) for _, one in closed],
        [one.seq for _, one in closed],
        [one.status.value for _, one in closed],
        [one.at for _, one in closed],
    )


async def _look_for_answers(conn: ReadConn, items: Sequence[RunChanges]) -> None:
    keys = {(item.tenant_id, item.run_id) for item in items}
    rows = await conn.fetch(
        _SQL["answered_meanwhile"], [tenant for tenant, _ in keys], [run for _, run in keys]
    )
    if rows:
        raise TasksAnswered([row["run_id"] for row in rows])


def _opened_row(item: RunChanges, one: TaskOpened, to: Assignee) -> dict[str, Any]:
    return {
        "tenant_id": item.tenant_id, "id": one.id, "run_id": item.run_id, "status": "open", "title": one.ask["title"],
        "assignee_kind": to.kind, "assignee": to.name, "due_at": datetime.fromisoformat(one.ask["due"]),
    }  # fmt: skip


async def _tell_both(conn: WriteConn, rows: Sequence[Mapping[str, Any]]) -> None:
    """Of tasks that went on: the pages of those whom they came to, and of those whom they left."""
    await _tell(conn, rows)
    left = [(row, parse_assignee(row["escalations"][-1]["from"])) for row in rows]
    await _tell(conn, [{**row, "told_kind": one.kind, "told": one.name} for row, one in left])


async def _tell(conn: WriteConn, rows: Sequence[Mapping[str, Any]]) -> None:
    """The pages of those whom the tasks are with."""
    if rows:
        await conn.execute(
            _SQL["tell"],
            [row["tenant_id"] for row in rows],
            [row.get("told_kind", row["assignee_kind"]) for row in rows],
            [row.get("told", row["assignee"]) for row in rows],
            [_json(_shown(row)) for row in rows],
        )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "status": row["status"],
        "title": row["title"],
        "run_id": row["run_id"],
        "assignee": {row["assignee_kind"]: row["assignee"]},
        "due_at": format_time(row["due_at"]),
    }


def _path(path: Sequence[int]) -> str:
    return "{" + ",".join(map(str, path)) + "}"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _task(row: Mapping[str, Any]) -> HumanTask:
    return HumanTask(
        row["id"], row["run_id"], row["shard"], WorkflowRef(row["namespace"], row["name"], row["version"]),
        row["task"], row["seq"], TaskStatus(row["status"]), row["title"], row["body"],
        Assignee(row["assignee_kind"], row["assignee"]), row["decisions"], row["form"], row["due_at"],
        row["created_at"], row["closed_at"], row["planned"], row["escalations"], row["answer"],
    )  # fmt: skip
