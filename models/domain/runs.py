"""A run: one execution of one workflow version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class RunStatus(StrEnum):
    """The status phases of the Serverless Workflow DSL."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    FAULTED = "faulted"
    COMPLETED = "completed"

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset({RunStatus.CANCELLED, RunStatus.FAULTED, RunStatus.COMPLETED})


@dataclass(frozen=True, slots=True)
class WorkflowRef:
    """Names one version of a workflow of a tenant."""

    namespace: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be accepted. `cause` is what started it: api, event, schedule, webhook (and its id)."""

    tenant_id: UUID
    id: UUID
    workflow: WorkflowRef
    input: Any
    created_at: datetime
    cause: dict[str, Any]

    @property
    def has_origin(self) -> bool:
        """Whether more is stored about how it begins: it is a re-run, or a dry run."""
        return has_origin(self.cause)


def has_origin(cause: Mapping[str, Any]) -> bool:
    """See NewRun.has_origin."""
    return cause.get("kind") == "rerun" or is_dry(cause)


def is_dry(cause: Mapping[str, Any]) -> bool:
    """Whether a run with this cause makes no outside call, and counts nowhere."""
    return bool(cause.get("dryRun"))


@dataclass(frozen=True, slots=True)
class Run:
    """A run as stored."""

    tenant_id: UUID
    id: UUID
    workflow: WorkflowRef
    status: RunStatus
    input: Any
    output: Any
    error: dict[str, Any] | None
    cause: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    last_seq: int
    wake_at: datetime | None = None
    cancel_requested_at: datetime | None = None
