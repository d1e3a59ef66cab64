"""Dead letters: runs that faulted for good, to be edited, retried or discarded, one or many."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from models.domain.errors import Conflict, Fault, InvalidInput
from models.domain.ids import uuid7
from models.domain.ports import Wake
from serve.gateway.policy import changes
from serve.guard import GuardedRoute, Lookup, demand_workflow, deps_of, needs, principal_of, rights_of
from serve.operation_records import DeadLetter, LetterFilter, NewJob, RunsWanted
from serve.paging import DEFAULT_PAGE, Cursor, Instant, Limit, Text, decode_id_cursor, encode_cursor
from serve.rerun_planner import Preview, RerunAsked, RerunPlanner
from serve.responses import json_response
from serve.routes.jobs import add_job
from serve.routes.run_operations import told
from serve.routes.runs import RunId
from serve.schemas import operations as s

router = APIRouter(tags=["dead letters"], route_class=GuardedRoute)


def _summary(letter: DeadLetter) -> dict[str, Any]:
    ref = letter.workflow
    return {
        "run_id": letter.run_id,
        "workflow": {"namespace": ref.namespace, "name": ref.name, "version": ref.version},
        "task": letter.task,
        "path": list(letter.path),
        "attempts": letter.attempts,
        "error": letter.error,
        "created_at": letter.created_at,
        "faulted_at": letter.faulted_at,
        "state": letter.state,
        "edits": letter.edits,
        "retried_as": letter.retried_as,
        "updated_at": letter.updated_at,
    }


def _full(letter: DeadLetter) -> dict[str, Any]:
    return {**_summary(letter), "input": letter.input, "step_input": letter.step_input}


@router.get("/v1/dead-letters", response_model=s.DeadLetterPage)
@needs("run:read", somewhere=True)
async def list_dead_letters(
    request: Request,
    state: Annotated[Literal["open", "retried", "discarded"], Query(description="What became of them.")] = "open",
    namespace: Annotated[Text | None, Query(max_length=63)] = None,
    name: Annotated[Text | None, Query(max_length=63)] = None,
    q: Annotated[Text | None, Query(max_length=500, description="Full-text search.")] = None,
    created_from: Annotated[Instant | None, Query(alias="from", description="Created then or later.")] = None,
    created_to: Annotated[Instant | None, Query(alias="to", description="Created before this time.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Runs that faulted after all their retries, newest first, with the reason and the step."""
    deps = deps_of(request)
    reach = rights_of(request).reach("run:read")
    where = LetterFilter(state, namespace, name, q or None, created_from, created_to, reach)
    page = await deps.ports.dead_letters.list(
        principal_of(request).tenant_id, where, decode_id_cursor(cursor), limit
    )
    return json_response({"items": [_summary(one) for one in page.items], "next": encode_cursor(page.next)})


@router.get("/v1/dead-letters/{run_id}", response_model=s.DeadLetter, responses={404: {}})
@needs("run:read", instance=Lookup.RUN)
async def get_dead_letter(request: Request, run_id: RunId) -> Response:
    """A dead letter with what the run and the failed step were given."""
    return json_response(_full(await deps_of(request).ports.dead_letters.get(principal_of(request).tenant_id, run_id)))


@router.patch("/v1/dead-letters/{run_id}", response_model=s.DeadLetter, responses={404: {}, 409: {}})
@needs("run:operate", instance=Lookup.RUN, body_limit="max_data_bytes")
@changes()
async def edit_dead_letter(request: Request, run_id: RunId, body: s.DeadLetterEdits) -> Response:
    """Sets what the next retry begins with: another input of the run, or of the failed step."""
    deps, principal = deps_of(request), principal_of(request)
    letter = await deps.ports.dead_letters.get(principal.tenant_id, run_id)
    edits: dict[str, Any] = {name: getattr(body, name) for name in sorted(body.model_fields_set)}
    if "step_input" in edits and letter.task is None:
        raise InvalidInput("No step of this run failed.", [Fault("/step_input", "set the input of the run instead")])
    if len(edits) == 2:
        raise InvalidInput("A retry begins at one place.", [Fault("/input", "give input or step_input, not both")])
    now = deps.ports.clock.now()
    await deps.ports.dead_letters.edit(principal.tenant_id, run_id, edits or None, principal.user_id, now)
    return json_response(_full(await deps.ports.dead_letters.get(principal.tenant_id, run_id)))


@router.post(
    "/v1/dead-letters/{run_id}/retry", response_model=s.Rerun, status_code=201, responses={404: {}, 409: {}}
)
@needs("run:operate", instance=Lookup.RUN)
@changes()
async def retry_dead_letter(request: Request, run_id: RunId, body: s.RetryRequest | None = None) -> Response:
    """Runs it again from the failed step (or the start), with its edits, as a new run that is linked to the old one."""
    deps, principal = deps_of(request), principal_of(request)
    letter, now = await deps.ports.dead_letters.get(principal.tenant_id, run_id), deps.ports.clock.now()
    if letter.state != "open":
        raise Conflict(f"This dead letter was {letter.state} already.")
    asked = _asked(letter, (body or s.RetryRequest()).from_, body.version if body else None)
    planner = RerunPlanner(deps.ports.operations, deps.limits)
    run = await planner.plan(principal.tenant_id, run_id, asked, now)
    accepted = await deps.ports.dead_letters.retry(principal.tenant_id, run_id, run, principal.user_id, now)
    deps.ports.dispatcher.wake([Wake(principal.tenant_id, accepted.run_id, accepted.shard)])
    found = {"id": accepted.run_id, "status": "pending", "rerun_of": run_id}
    return json_response(found, 201, {"location": f"/v1/runs/{accepted.run_id}"})


def _asked(letter: DeadLetter, begin: str, version: str | None) -> RerunAsked:
    edits = letter.edits or {}
    if begin == "start" or letter.task is None or "input" in edits:
        return RerunAsked(None, None, version, {"input": edits["input"]} if "input" in edits else {})
    given = {"stepInput": edits["step_input"]} if "step_input" in edits else {}
    return RerunAsked(letter.task, letter.path, version, given)


@router.post("/v1/dead-letters/{run_id}/discard", response_model=s.DeadLetter, responses={404: {}, 409: {}})
@needs("run:operate", instance=Lookup.RUN)
@changes()
async def discard_dead_letter(request: Request, run_id: RunId) -> Response:
    """Takes it off the list; the run and its journal stay."""
    deps, principal = deps_of(request), principal_of(request)
    letters = deps.ports.dead_letters
    await letters.discard(principal.tenant_id, run_id, principal.user_id, deps.ports.clock.now())
    return json_response(_full(await letters.get(principal.tenant_id, run_id)))


_MANY: dict[int | str, dict[str, Any]] = {
    200: {"description": "What would happen (dry_run)"},
    202: {"model": s.Job, "description": "A job that does it"},
}


@router.post("/v1/dead-letters/retry", response_model=s.RerunPreview, responses=_MANY)
@needs("run:operate", somewhere=True)
@changes()
async def retry_dead_letters(request: Request, body: s.RetryManyRequest) -> Response:
    """Retries many from their failed steps: a job that can be watched and stopped."""
    demand_workflow(request, "run:operate", body.where.namespace, body.where.name)
    spec, wanted = {"where": told(body.where), "version": body.version}, _wanted(body.where)
    if not body.dry_run:
        return await add_job(request, NewJob(_job_id(request), "retry", spec, wanted))
    preview = await _preview(request, wanted)
    deps, tenant, now = deps_of(request), principal_of(request).tenant_id, deps_of(request).ports.clock.now()
    planner = RerunPlanner(deps.ports.operations, deps.limits)
    for run_id in preview.samples:
        asked = _asked(await deps.ports.dead_letters.get(tenant, run_id), "step", body.version)
        one = await planner.preview(tenant, [run_id], 1, asked, now)
        preview.repeated.update(one.repeated)
        preview.refused += one.refused
    return json_response(preview.shown())


@router.post("/v1/dead-letters/discard", response_model=s.RerunPreview, responses=_MANY)
@needs("run:operate", somewhere=True)
@changes()
async def discard_dead_letters(request: Request, body: s.DiscardManyRequest) -> Response:
    """Discards many: a job that can be watched and stopped."""
    demand_workflow(request, "run:operate", body.where.namespace, body.where.name)
    spec, wanted = {"where": told(body.where)}, _wanted(body.where)
    if body.dry_run:
        return json_response((await _preview(request, wanted)).shown())
    return await add_job(request, NewJob(_job_id(request), "discard", spec, wanted))


def _job_id(request: Request) -> UUID:
    return uuid7(deps_of(request).ports.clock.now())


def _wanted(where: s.LetterWhere) -> RunsWanted:
    return RunsWanted(
        "faulted", where.namespace, where.name, where.q or None, where.from_, where.to, open_letters=True
    )


async def _preview(request: Request, wanted: RunsWanted) -> Preview:
    deps, tenant = deps_of(request), principal_of(request).tenant_id
    now = deps.ports.clock.now()
    count, samples = await deps.ports.operations.matching(tenant, wanted, deps.limits.max_preview_runs, now)
    return Preview(count, samples)
