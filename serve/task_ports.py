"""What the routes of human tasks need from storage; cluster/adapters/api_tasks.py provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.human_tasks import Answer, Assignee, TaskStatus
from models.domain.runs import WorkflowRef
from serve.records import Page


@dataclass(frozen=True, slots=True)
class HumanTask:
    """A task. `planned` are all escalations ({at, to}) as they were planned, `escalations` what happened."""

    id: UUID
    run_id: UUID
    shard: int
    workflow: WorkflowRef
    task: str
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
class TaskFilter:
    """What a list shows. `email` with `role`: what is with this person."""

    status: str | None = None
    email: str | None = None
    role: str | None = None
    run_id: UUID | None = None
    query: str | None = None
    reach: Reach = WHOLE


class TaskRepository(Protocol):
    """Tasks of people."""

    async def list(
        self, tenant_id: UUID, where: TaskFilter, after: tuple[str, ...] | None, limit: int
    ) -> Page[HumanTask]:
        """Newest first."""

    async def count(self, tenant_id: UUID, email: str, role: str, reach: Reach = WHOLE) -> tuple[int, int]:
        """How many within `reach` are open, and how many of these are with this person; counts up to 1,000."""

    async def get(self, tenant_id: UUID, task_id: UUID) -> HumanTask:
        """NotFound when there is none."""

    async def answer(self, tenant_id: UUID, task_id: UUID, answer: Answer, now: datetime) -> HumanTask:
        """Exactly one answer wins; Conflict for all others, and when nobody may answer any more."""

    async def assign(self, tenant_id: UUID, task_id: UUID, to: Assignee, by: str, now: datetime) -> HumanTask:
        """Gives it to somebody else and tells them; Conflict when it is not open."""

    async def tenant_name(self, tenant_id: UUID) -> str:
        """What the tenant is called."""
