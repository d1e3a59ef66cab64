"""Tasks of people in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.errors import Conflict, NotFound
from models.domain.human_tasks import Answer, Assignee, TaskStatus
from serve import records as r
from serve.task_ports import HumanTask, TaskFilter


@dataclass
class FakeTasks:
    tasks: dict[tuple[UUID, UUID], HumanTask] = field(default_factory=dict)

    async def list(
        self, tenant_id: UUID, where: TaskFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[HumanTask]:
        found = [one for (tenant, _), one in self.tasks.items() if tenant == tenant_id and _fits(one, where)]
        found.sort(key=lambda one: one.id, reverse=True)
        found = [one for one in found if not after or str(one.id) < after[0]]
        return r.Page(found[:limit], (str(found[limit - 1].id),) if len(found) > limit else None)

    async def count(self, tenant_id: UUID, email: str, role: str, reach: Reach = WHOLE) -> tuple[int, int]:
        is_open = [one for (tenant, _), one in self.tasks.items() if tenant == tenant_id and one.status == "open"]
        return len(is_open), sum(_fits(one, TaskFilter(email=email, role=role)) for one in is_open)

    async def get(self, tenant_id: UUID, task_id: UUID) -> HumanTask:
        if (tenant_id, task_id) not in self.tasks:
            raise NotFound("There is no such task.")
        return self.tasks[tenant_id, task_id]

    async def answer(self, tenant_id: UUID, task_id: UUID, answer: Answer, now: datetime) -> HumanTask:
        task = await self.get(tenant_id, task_id)
        if task.status is not TaskStatus.OPEN or task.due_at <= now:
            raise Conflict("It was answered before.")
        task = replace(task, status=TaskStatus.ANSWERED, answer=answer.json, closed_at=now)
        self.tasks[tenant_id, task_id] = task
        return task

    async def assign(self, tenant_id: UUID, task_id: UUID, to: Assignee, by: str, now: datetime) -> HumanTask:
        task = await self.get(tenant_id, task_id)
        if task.status is not TaskStatus.OPEN:
            raise Conflict("It is not open.")
        move = {"at": now.isoformat(), "from": task.assignee.json, "to": to.json, "by": {"user": by}}
        task = replace(task, assignee=to, escalations=[*task.escalations, move])
        self.tasks[tenant_id, task_id] = task
        return task

    async def tenant_name(self, tenant_id: UUID) -> str:
        return "Somebody"


def _fits(task: HumanTask, where: TaskFilter) -> bool:
    own = (Assignee("user", where.email or ""), Assignee("role", where.role or ""))
    is_mine = where.email is None or task.assignee in own
    return (
        is_mine
        and where.status in (None, task.status)
        and where.run_id in (None, task.run_id)
        and (where.query is None or where.query.lower() in f"{task.title} {task.body}".lower())
    )
