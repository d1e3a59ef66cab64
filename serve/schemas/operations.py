"""Bodies of the routes that operate runs."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, JsonValue

from models.domain.runs import RunStatus
from serve.paging import Text, no_number
from serve.schemas.common import Json, Reply, Request, Time
from serve.schemas.runs import RunAccepted, RunError
from serve.schemas.workflows import WorkflowVersionRef

_RUN_ID = "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d"
Pointer = Annotated[
    Text,
    Field(max_length=4000, pattern="^/", description="The JSON pointer of a task.", examples=["/do/2/charge"]),
]
Path = Annotated[list[Annotated[int, Field(ge=0, le=2**31 - 1)]], Field(max_length=64)]
VersionName = Annotated[Text, Field(min_length=1, max_length=255, examples=["1.1.0"])]
Label = Annotated[Text, Field(max_length=63)]


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("write a date and time with its offset, such as 2026-11-24T10:00:00Z")
    return no_number(value)


At = Annotated[AwareDatetime, BeforeValidator(_text), Field(strict=False)]


class PauseRequest(Request):
    """Why the run is paused."""

    reason: Annotated[Text, Field(max_length=500)] = ""


class RerunRequest(Request):
    """Where and on what a run is run again. Without `task` from the start, maybe with another `input`; with `task` from
    there, maybe with another input of that step. `path` tells apart executions of the task in loops."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"example": {"task": "/do/2/charge", "version": "1.1.0"}}
    )

    task: Pointer | None = None
    path: Path | None = None
    version: VersionName | None = None
    input: JsonValue | None = None
    step_input: JsonValue | None = None
    dry_run: bool = False


class RunWhere(Request):
    """Which runs are meant; every part that is given must hold, and at least one is given."""

    status: Annotated[RunStatus | None, Field(strict=False)] = None
    namespace: Label | None = None
    name: Label | None = None
    q: Annotated[Text | None, Field(max_length=500, description="Full-text search.")] = None
    from_: Annotated[At | None, Field(alias="from", description="Created then or later.")] = None
    to: Annotated[At | None, Field(description="Created before this time.")] = None


class RerunManyRequest(Request):
    """The runs that are run again, and how."""

    where: RunWhere
    task: Pointer | None = None
    version: VersionName | None = None
    dry_run: bool = False


class Rerun(RunAccepted):
    """A new run that is linked to an old one."""

    rerun_of: UUID


class RepeatedCall(Reply):
    """A call that is made again, and how often the old runs made it."""

    task: str
    calls: int


class Refusal(Reply):
    """A run that is left out, and why."""

    id: UUID
    reason: str


class RerunPreview(Reply):
    """What would happen: `repeated` and `refused` are about the samples."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "count": 412, "samples": [_RUN_ID], "repeated": [{"task": "/do/2/charge", "calls": 1}], "refused": [],
            }
        }
    )  # fmt: skip

    count: int
    samples: list[UUID]
    repeated: list[RepeatedCall]
    refused: list[Refusal]


class MoveRequest(Request):
    """The version that the run goes on with."""

    version: VersionName
    dry_run: bool = False


class MovePreview(Reply):
    """The run can move there."""

    id: UUID
    version: str


class OutcomeRequest(Request):
    """Whether the step happened; `output` counts when it did."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"example": {"happened": True, "output": {"id": "ch_123"}}}
    )

    happened: bool
    output: JsonValue = None


class SignalEvent(Reply):
    """The CloudEvent that the run receives."""

    id: str
    source: str
    type: str
    subject: str


class Signalled(Reply):
    """A signal that will reach the run."""

    id: UUID
    event: SignalEvent


class JobReason(Reply):
    """Why a run was left out."""

    id: UUID | None = None
    reason: str


class Job(Reply):
    """Long work on many runs. `reasons` are the first ones why runs were left out."""

    id: UUID
    kind: Literal["rerun", "retry", "discard"]
    state: Literal["queued", "running", "stopped", "done"]
    total: int
    done: int
    skipped: int
    reasons: list[JobReason]
    spec: dict[str, Json]
    created_at: Time
    started_at: Time | None
    ended_at: Time | None


class JobPage(Reply):
    """A page of jobs, newest first."""

    items: list[Job]
    next: str | None


class DeadLetterEdits(Request):
    """What the next retry begins with instead of what was recorded; nothing takes earlier edits back."""

    input: JsonValue | None = None
    step_input: JsonValue | None = None


class DeadLetterSummary(Reply):
    """A run that faulted for good: where, why, and what became of it."""

    run_id: UUID
    workflow: WorkflowVersionRef
    task: str | None
    path: list[int]
    attempts: int
    error: RunError
    created_at: Time
    faulted_at: Time
    state: Literal["open", "retried", "discarded"]
    edits: dict[str, Json] | None
    retried_as: UUID | None
    updated_at: Time | None


class DeadLetter(DeadLetterSummary):
    """With what the run and the failed step were given."""

    input: Json
    step_input: Json


class DeadLetterPage(Reply):
    """A page of dead letters, newest run first."""

    items: list[DeadLetterSummary]
    next: str | None


class RetryRequest(Request):
    """Where the retry begins, and on which version (default: the run's own)."""

    from_: Annotated[Literal["step", "start"], Field(alias="from")] = "step"
    version: VersionName | None = None


class LetterWhere(Request):
    """Which open dead letters are meant; every part that is given must hold, and at least one is given."""

    namespace: Label | None = None
    name: Label | None = None
    q: Annotated[Text | None, Field(max_length=500, description="Full-text search.")] = None
    from_: Annotated[At | None, Field(alias="from", description="Created then or later.")] = None
    to: Annotated[At | None, Field(description="Created before this time.")] = None


class RetryManyRequest(Request):
    """The dead letters that are retried."""

    where: LetterWhere
    version: VersionName | None = None
    dry_run: bool = False


class DiscardManyRequest(Request):
    """The dead letters that are discarded."""

    where: LetterWhere
    dry_run: bool = False


class SampleData(Request):
    """An input, and what calls answer by the pointer of their task."""

    model_config = ConfigDict(
        extra="forbid", strict=True,
        json_schema_extra={"example": {"input": {"order": 7}, "outputs": {"/do/0/charge": {"id": "ch_123"}}}},
    )  # fmt: skip

    input: JsonValue
    outputs: dict[str, JsonValue] = Field(default_factory=dict)


class SampleSummary(Reply):
    """The name of a sample."""

    sample: str
    updated_at: Time


class Sample(SampleSummary):
    """A sample with its data."""

    input: Json
    outputs: dict[str, Json]


class SampleList(Reply):
    """Samples by name."""

    items: list[SampleSummary]
