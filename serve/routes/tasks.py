"""Human tasks: what runs ask of people, and their answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import Conflict, Fault, Forbidden, InvalidInput
from models.domain.events import format_time
from models.domain.human_tasks import Answer, TaskStatus, check_answer, may_answer, parse_assignee
from models.domain.identity import Principal
from serve.auth.task_links import MAX_BYTES, TaskLink, issue_link, verify_link
from serve.deps import ApiDeps
from serve.gateway.policy import changes
from serve.guard import GuardedRoute, Lookup, deps_of, needs, principal_of, public, rights_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, Text, decode_id_cursor, encode_cursor
from serve.responses import json_response
from serve.schemas import tasks as s
from serve.task_ports import HumanTask, TaskFilter

router = APIRouter(tags=["tasks"], route_class=GuardedRoute)

TaskId = Annotated[UUID, Path(description="The id of the task.")]
Token = Annotated[Text, Path(max_length=MAX_BYTES, description="The token of a link.")]


@router.get("/v1/tasks", response_model=s.TaskPage)
@needs("task:read", somewhere=True)
async def list_tasks(
    request: Request,
    status: TaskStatus | None = None,
    mine: Annotated[bool, Query(description="Only what is with the caller or the caller's role.")] = False,
    run_id: Annotated[UUID | None, Query(description="Only those of this run.")] = None,
    q: Annotated[Text | None, Query(max_length=200, description="Part of the title or body.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """What people are asked, newest first."""
    deps, principal = deps_of(request), principal_of(request)
    email = await _email(deps, principal)
    reach = rights_of(request).reach("task:read")
    where = TaskFilter(
        status.value if status else None, email if mine else None, principal.role if mine else None, run_id, q or None,
        reach,
    )  # fmt: skip
    tasks = deps.ports.tasks
    page = await tasks.list(principal.tenant_id, where, decode_id_cursor(cursor), limit)
    is_open, own = await tasks.count(principal.tenant_id, email, principal.role, reach)
    items = [_shown(one, principal, email, deps.ports.clock.now()) for one in page.items]
    return json_response({"items": items, "next": encode_cursor(page.next), "open": is_open, "mine": own})


@router.get("/v1/tasks/{task_id}", response_model=s.Task, responses={404: {}})
@needs("task:read", instance=Lookup.TASK)
async def get_task(request: Request, task_id: TaskId) -> Response:
    """One task."""
    deps, principal = deps_of(request), principal_of(request)
    task = await deps.ports.tasks.get(principal.tenant_id, task_id)
    return json_response(_shown(task, principal, await _email(deps, principal), deps.ports.clock.now()))


@router.post("/v1/tasks/{task_id}/answer", response_model=s.Task, responses={404: {}, 409: {}})
@needs("task:answer", instance=Lookup.TASK, body_limit="max_data_bytes")
@changes()
async def answer_task(request: Request, task_id: TaskId, body: s.AnswerRequest) -> Response:
    """Answers. Exactly one answer counts: 409 when there was one before, or when the time is over."""
    deps, principal = deps_of(request), principal_of(request)
    task = await deps.ports.tasks.get(principal.tenant_id, task_id)
    email = await _email(deps, principal)
    if not may_answer(principal, email, task.assignee):
        raise Forbidden(f"It is with the {task.assignee.kind} {task.assignee.name}: only they may answer.")
    answered = await _answer(deps, principal.tenant_id, task, body, task.decisions, {"user": email})
    return json_response(_shown(answered, principal, email, deps.ports.clock.now()))


@router.post("/v1/tasks/{task_id}/assign", response_model=s.Task, responses={404: {}, 409: {}})
@needs("task:assign", instance=Lookup.TASK)
@changes()
async def assign_task(request: Request, task_id: TaskId, body: s.AssignRequest) -> Response:
    """Gives an open task to somebody else, who is told."""
    deps, principal = deps_of(request), principal_of(request)
    to = parse_assignee(body.assignee.model_dump(exclude_none=True))
    email, now = await _email(deps, principal), deps.ports.clock.now()
    moved = await deps.ports.tasks.assign(principal.tenant_id, task_id, to, email, now)
    return json_response(_shown(moved, principal, email, now))


@router.post(
    "/v1/tasks/{task_id}/links", response_model=s.TaskLink, status_code=201, responses={404: {}, 409: {}}
)
@needs("task:assign", instance=Lookup.TASK)
@changes()
async def make_task_link(request: Request, task_id: TaskId, body: s.LinkRequest) -> Response:
    """A link with which somebody without an account answers this task, once."""
    deps, principal = deps_of(request), principal_of(request)
    task = await deps.ports.tasks.get(principal.tenant_id, task_id)
    now = deps.ports.clock.now()
    if task.status is not TaskStatus.OPEN or task.due_at <= now:
        raise Conflict("The task is not open: nobody can answer it any more.")
    decisions = list(task.decisions) if body.decisions is None else body.decisions
    strange = [index for index, one in enumerate(decisions) if one not in task.decisions]
    if strange:
        what = f"expected one of {', '.join(task.decisions)}"
        raise InvalidInput("A decision is not one of the task's.", [Fault(f"/decisions/{i}", what) for i in strange])
    until = task.due_at
    if body.expires_in is not None:
        until = min(until, now + timedelta(seconds=body.expires_in))
    link = TaskLink(principal.tenant_id, task.id, body.name, decisions, int(until.timestamp()))
    token = issue_link(deps.ports.keys, link, now)
    return json_response(
        {
            "token": token, "path": f"/v1/task-links/{token}", "page": f"/answer/{token}", "decisions": decisions,
            "expires_at": _moment(link),
        },
        201,
    )  # fmt: skip


@router.get("/v1/task-links/{token}", response_model=s.AskedByLink, responses={401: {}, 404: {}})
@public
async def get_task_of_link(request: Request, token: Token) -> Response:
    """What the holder of a link is asked."""
    deps = deps_of(request)
    link, task = await _linked(deps, token)
    return json_response({
        "tenant": await deps.ports.tasks.tenant_name(link.tenant_id), "name": link.name, "title": task.title,
        "body": task.body, "decisions": link.decisions, "form": task.form, "status": task.status.value,
        "due_at": task.due_at, "expires_at": _moment(link),
    })  # fmt: skip


@router.post(
    "/v1/task-links/{token}", response_model=s.AnsweredByLink, responses={401: {}, 404: {}, 409: {}}
)
@public
async def answer_task_by_link(request: Request, token: Token, body: s.AnswerRequest) -> Response:
    """Answers by a link, once."""
    deps = deps_of(request)
    link, task = await _linked(deps, token)
    answered = await _answer(deps, link.tenant_id, task, body, link.decisions, {"link": link.name})
    return json_response({"status": answered.status.value, "answer": answered.answer})


async def _linked(deps: ApiDeps, token: str) -> tuple[TaskLink, HumanTask]:
    link = verify_link(deps.ports.keys, token, deps.ports.clock.now())
    return link, await deps.ports.tasks.get(link.tenant_id, link.task_id)


async def _answer(
    deps: ApiDeps, tenant_id: UUID, task: HumanTask, body: s.AnswerRequest, decisions: Any, by: dict[str, str]
) -> HumanTask:
    now = deps.ports.clock.now()
    if task.status is TaskStatus.OPEN:
        check_answer(body.decision, body.data, decisions, task.form, deps.limits)
    answer = Answer(body.decision, body.data, body.comment, by, format_time(now))
    answered = await deps.ports.tasks.answer(tenant_id, task.id, answer, now)
    deps.run_acceptor.wake(tenant_id, task.run_id, task.shard)
    return answered


async def _email(deps: ApiDeps, principal: Principal) -> str:
    user = await deps.ports.identity.user(principal.user_id)
    return user.email if user is not None else ""


def _moment(link: TaskLink) -> datetime:
    return datetime.fromtimestamp(link.expires_at, UTC)


def _shown(task: HumanTask, principal: Principal, email: str, now: datetime) -> dict[str, Any]:
    ref, is_open = task.workflow, task.status is TaskStatus.OPEN
    coming = [one for one in task.planned if datetime.fromisoformat(one["at"]) > now] if is_open else []
    return {
        "id": task.id, "run_id": task.run_id,
        "workflow": {"namespace": ref.namespace, "name": ref.name, "version": ref.version},
        "task": task.task, "status": task.status.value, "title": task.title, "body": task.body,
        "assignee": task.assignee.json, "decisions": list(task.decisions), "form": task.form, "due_at": task.due_at,
        "created_at": task.created_at, "closed_at": task.closed_at, "escalations": list(task.escalations),
        "next_escalation": coming[0] if coming else None,
        "may_answer": is_open and task.due_at > now and may_answer(principal, email, task.assignee),
        "answer": task.answer,
    }  # fmt: skip
