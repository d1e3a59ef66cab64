"""Binds the ports of human tasks to storage."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.errors import Conflict, NotFound
from models.domain.human_tasks import Answer, Assignee, TaskStatus
from models.domain.identity import TenantScope
from serve import records as r
from serve import task_ports as t
from storage import human_tasks, inbox_delivery
from storage.postgres import Database, ReadConn

_MOST_COUNTED = 1_000


class ApiTasks:
    """See TaskRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, tenant_id: UUID, where: t.TaskFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[t.HumanTask]:
        wanted = human_tasks.TaskFilter(
            where.status, where.email, where.role, where.run_id, where.query, UUID(after[0]) if after else None,
            where.reach,
        )  # fmt: skip
        async with self._database.read([tenant_id]) as conn:
            found = await human_tasks.find(conn, TenantScope(tenant_id), wanted, limit + 1)
        items = [_task(one) for one in found[:limit]]
        return r.Page(items, (str(items[-1].id),) if len(found) > limit else None)

    async def count(self, tenant_id: UUID, email: str, role: str, reach: Reach = WHOLE) -> tuple[int, int]:
        async with self._database.read([tenant_id]) as conn:
            return await human_tasks.count(conn, TenantScope(tenant_id), email, role, _MOST_COUNTED, reach)

    async def get(self, tenant_id: UUID, task_id: UUID) -> t.HumanTask:
        async with self._database.read([tenant_id]) as conn:
            return _task(await _found(conn, tenant_id, task_id))

    async def answer(self, tenant_id: UUID, task_id: UUID, answer: Answer, now: datetime) -> t.HumanTask:
        async with self._database.unit_of_work([tenant_id]) as conn:
            won = await human_tasks.answer(conn, TenantScope(tenant_id), task_id, answer, now)
            if won is None:
                raise _closed(await _found(conn, tenant_id, task_id), now)
        return _task(won)

    async def assign(self, tenant_id: UUID, task_id: UUID, to: Assignee, by: str, now: datetime) -> t.HumanTask:
        async with self._database.unit_of_work([tenant_id]) as conn:
            moved = await human_tasks.assign(conn, TenantScope(tenant_id), task_id, to, by, now)
            if moved is None:
                raise _closed(await _found(conn, tenant_id, task_id), now)
            key = f"task:{task_id}:by hand:{len(moved.escalations)}"
            told = inbox_delivery.Delivery(
                tenant_id, moved.run_id, key, to.audience, "warning", moved.title, moved.body, f"/tasks/{task_id}", now
            )
            await inbox_delivery.deliver(conn, [told])
        return _task(moved)

    async def tenant_name(self, tenant_id: UUID) -> str:
        async with self._database.read([tenant_id]) as conn:
            return await human_tasks.tenant_name(conn, TenantScope(tenant_id))


async def _found(conn: ReadConn, tenant_id: UUID, task_id: UUID) -> human_tasks.HumanTask:
    found = await human_tasks.get(conn, TenantScope(tenant_id), task_id)
    if found is None:
        raise NotFound("There is no such task.")
    return found


def _closed(task: human_tasks.HumanTask, now: datetime) -> Conflict:
    if task.status is TaskStatus.ANSWERED and task.answer is not None:
        by: Any = next(iter((task.answer.get("by") or {}).values()), "nobody")
        return Conflict(f"It was answered before, by {by}: {task.answer['decision']}.")
    if task.status is TaskStatus.CANCELLED:
        return Conflict("The run does not need an answer any more.")
    return Conflict("The time to answer is over.")


def _task(found: human_tasks.HumanTask) -> t.HumanTask:
    return t.HumanTask(*(getattr(found, one.name) for one in fields(t.HumanTask)))
