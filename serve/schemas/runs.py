"""Bodies of the run routes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from models.domain.journal import EntryType
from models.domain.runs import RunStatus
from serve.schemas.common import Json, Reply, Time
from serve.schemas.flow import WaitingFor
from serve.schemas.workflows import WorkflowVersionRef

_RUN_ID = "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d"


class RunError(Reply):
    """The DSL's error object (RFC 7807)."""

    model_config = ConfigDict(extra="allow")

    type: str
    status: int
    title: str | None = None
    detail: str | None = None
    instance: str | None = None


class RunAccepted(Reply):
    """A run that is durable."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": _RUN_ID, "status": "pending"}})

    id: UUID
    status: RunStatus


class RunResult(RunAccepted):
    """A run that ended while the request waited."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"id": _RUN_ID, "status": "completed", "output": {"late": True}, "error": None}
        }
    )

    output: Json
    error: RunError | None


class RunCause(Reply):
    """What started the run: kind is api, event, schedule or webhook."""

    model_config = ConfigDict(extra="allow")

    kind: str | None = None


class RunSummary(Reply):
    """A run in a list."""

    id: UUID
    workflow: WorkflowVersionRef
    status: RunStatus
    cause: RunCause | None
    error: RunError | None
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    last_seq: int
    dry_run: bool


class UndecidedStep(Reply):
    """A step that may or may not have happened, for a person to tell; `seq` names it."""

    seq: int
    task: str
    path: list[int]
    since: Time


class Run(RunSummary):
    """A run with what went in and what came out."""

    input: Json
    output: Json
    cancel_requested_at: Time | None
    rerun_of: UUID | None
    undecided: list[UndecidedStep]
    waiting_for: WaitingFor | None


class RunPage(Reply):
    """A page of runs, newest first."""

    items: list[RunSummary]
    next: str | None


class JournalEntry(Reply):
    """One thing that happened; `task` is the JSON pointer of the task, `path` tells apart its executions."""

    seq: Annotated[int, Field(examples=[3])]
    type: EntryType
    task: Annotated[str, Field(examples=["/do/0/setRed"])]
    path: list[int]
    at: Time
    data: dict[str, Json]


class JournalPage(Reply):
    """Entries in order; `next` goes into `after`."""

    items: list[JournalEntry]
    next: str | None
