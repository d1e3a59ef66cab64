"""Bodies of the routes of human tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from models.domain.human_tasks import TaskStatus
from models.domain.identity import ROLES
from models.domain.limits import Limits
from serve.paging import Text
from serve.schemas.common import Json, Reply, Request, Time
from serve.schemas.workflows import WorkflowVersionRef

_LIMITS = Limits()
_ONE: dict[str, Any] = {"oneOf": [{"required": ["user"]}, {"required": ["role"]}]}
_SECONDS = Field(ge=60, le=31_622_400, description="Seconds; at most what the task has left.")


class TaskAssignee(Request):
    """Whom a task is with: a user by email address, or everybody with a role."""

    model_config = ConfigDict(json_schema_extra={**_ONE, "example": {"role": "admin"}})

    user: Annotated[Text, Field(min_length=3, max_length=254, pattern="@")] | None = None
    role: Annotated[str, Field(json_schema_extra={"enum": list(ROLES)})] | None = None

    @model_validator(mode="after")
    def _one(self) -> TaskAssignee:
        if (self.user is None) == (self.role is None):
            raise ValueError("give either user or role")
        if self.role is not None and self.role not in ROLES:
            raise ValueError(f"expected a role of {', '.join(ROLES)}")
        return self


class Assignee(Reply):
    """Whom a task is with: one of the two."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "admin"}})

    user: str | None = None
    role: str | None = None


class TaskAnswerer(Reply):
    """Who answered: a user by email address, or whoever held a link with this name."""

    user: str | None = None
    link: str | None = None


class TaskAnswer(Reply):
    """What was decided; also the output of the step."""

    decision: str
    data: Json
    comment: str
    by: TaskAnswerer | None
    at: str


class TaskMove(Reply):
    """When a task went to somebody else; `by` is null where its escalation did it."""

    model_config = ConfigDict(populate_by_name=True)

    at: str
    from_: Annotated[Assignee, Field(alias="from")]
    to: Assignee
    by: TaskAnswerer | None


class PlannedMove(Reply):
    """When a task will go to somebody else if nobody answers."""

    at: str
    to: Assignee


class Task(Reply):
    """Something that a run asks of people; `task` is the JSON pointer of the step in the definition."""

    id: UUID
    run_id: UUID
    workflow: WorkflowVersionRef
    task: str
    status: TaskStatus
    title: str
    body: str
    assignee: Assignee
    decisions: list[str]
    form: Annotated[dict[str, Any] | None, Field(description="JSON Schema of the answer's data.")]
    due_at: Time
    created_at: Time
    closed_at: Time | None
    escalations: list[TaskMove]
    next_escalation: PlannedMove | None
    may_answer: Annotated[bool, Field(description="Whether the caller may answer it now.")]
    answer: TaskAnswer | None


class TaskPage(Reply):
    """A page of tasks, newest first; `open` and `mine` count what is open (up to 1,000)."""

    items: list[Task]
    next: str | None
    open: int
    mine: int


class AnswerRequest(Request):
    """A decision, with data where the task has a form."""

    model_config = ConfigDict(json_schema_extra={"example": {"decision": "approve", "comment": "Looks right."}})

    decision: Annotated[Text, Field(min_length=1, max_length=60)]
    data: Json = None
    comment: Annotated[Text, Field(max_length=_LIMITS.max_task_comment)] = ""


class AssignRequest(Request):
    """To whom a task goes."""

    assignee: TaskAssignee


class LinkRequest(Request):
    """A link for somebody: under which name they answer, what they may decide, and for how long."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Ada Lovelace, supplier"}})

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    decisions: Annotated[list[Text], Field(min_length=1, max_length=_LIMITS.max_task_decisions)] | None = None
    expires_in: Annotated[int, _SECONDS] | None = None


class TaskLink(Reply):
    """A link to hand on; `path` is the API's, `page` the one of the web app."""

    token: str
    path: str
    page: str
    decisions: list[str]
    expires_at: Time


class AskedByLink(Reply):
    """What the holder of a link is asked."""

    tenant: str
    name: str
    title: str
    body: str
    decisions: list[str]
    form: dict[str, Any] | None
    status: TaskStatus
    due_at: Time
    expires_at: Time


class AnsweredByLink(Reply):
    """That an answer was taken."""

    status: Literal["answered"]
    answer: TaskAnswer
