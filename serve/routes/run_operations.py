"""Operating runs: pause, resume, signal, run again, move, and say whether a step happened."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Request, Response

from models.domain.errors import Conflict, Fault, InvalidInput
from models.domain.events import format_time, parse_event
from models.domain.ids import uuid7
from serve.body import LimitedRequest, media_type, require_json, strict_json
from serve.documents import raw_body
from serve.gateway.policy import changes, own_keys
from serve.guard import GuardedRoute, Lookup, demand_workflow, deps_of, needs, principal_of
from serve.operation_records import NewJob, RunsWanted
from serve.paging import Text
from serve.requests import idempotency_key
from serve.rerun_planner import RerunAsked, RerunPlanner
from serve.responses import json_response
from serve.routes.jobs import add_job
from serve.routes.runs import ONCE, RunId
from serve.schemas import operations as s
from serve.schemas import runs as rs

router = APIRouter(tags=["operating runs"], route_class=GuardedRoute)

SignalName = Annotated[
    Text, Path(max_length=100, pattern="^[A-Za-z0-9._-]+$", description="What happened.", examples=["approved"])
]
StepSeq = Annotated[int, Path(ge=1, le=2**31 - 1, description="`data.step` of the entry task.outcome_unknown.")]
_SIGNAL = raw_body(
    "The data of the signal; nothing means null.", {"application/json": ({}, {"by": "Ann"})}, required=False
)


async def _send(request: Request, run_id: UUID, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    deps, tenant = deps_of(request), principal_of(request).tenant_id
    met = await deps.ports.operations.send(tenant, run_id, kind, data, deps.ports.clock.now())
    deps.run_acceptor.wake(tenant, run_id, met.shard)
    return {"id": run_id, "status": met.status.value}


@router.post("/v1/runs/{run_id}/pause", response_model=rs.RunAccepted, status_code=202, responses={404: {}, 409: {}})
@needs("run:operate", instance=Lookup.RUN)
@changes()
async def pause_run(request: Request, run_id: RunId, body: s.PauseRequest | None = None) -> Response:
    """Starts no new step until the run is resumed; steps under way end and are recorded, timers keep their time."""
    return json_response(await _send(request, run_id, "pause", {"reason": body.reason if body else ""}), 202)


@router.post("/v1/runs/{run_id}/resume", response_model=rs.RunAccepted, status_code=202, responses={404: {}, 409: {}})
@needs("run:operate", instance=Lookup.RUN)
@changes()
async def resume_run(request: Request, run_id: RunId) -> Response:
    """Lets a paused run go on; what became due meanwhile happens now."""
    return json_response(await _send(request, run_id, "resume", {}), 202)


@router.post(
    "/v1/runs/{run_id}/signals/{name}", response_model=s.Signalled, status_code=202, responses={404: {}, 409: {}},
    openapi_extra=_SIGNAL,
)  # fmt: skip
@needs("run:operate", instance=Lookup.RUN, body_limit="max_event_bytes")
@changes()
async def signal_run(request: Request, run_id: RunId, name: SignalName) -> Response:
    """Sends an event to one run, where a `listen` may wait for its type `dev.tidewire.signal.<name>`."""
    deps = deps_of(request)
    now = deps.ports.clock.now()
    event = {
        "specversion": "1.0", "id": str(uuid4()), "source": f"/v1/runs/{run_id}", "subject": str(run_id),
        "type": f"dev.tidewire.signal.{name}", "time": format_time(now), "data": await _data(request),
    }  # fmt: skip
    envelope = parse_event(event, now, limits=deps.limits).envelope
    await _send(request, run_id, "event", envelope)
    shown = {key: event[key] for key in ("id", "source", "type", "subject")}
    return json_response({"id": run_id, "event": shown}, 202)


async def _data(request: Request) -> Any:
    assert isinstance(request, LimitedRequest)
    raw = await request.body()
    if not raw:
        return None
    require_json(media_type(request))
    return strict_json(raw, deps_of(request).limits)


@router.post(
    "/v1/runs/{run_id}/steps/{seq}/outcome", response_model=rs.RunAccepted, status_code=202,
    responses={404: {}, 409: {}},
)  # fmt: skip
@needs("run:operate", instance=Lookup.RUN, body_limit="max_data_bytes")
@changes()
async def tell_step_outcome(request: Request, run_id: RunId, seq: StepSeq, body: s.OutcomeRequest) -> Response:
    """Says whether a step happened whose outcome is unknown: then it has this output, else it is done again."""
    deps, principal = deps_of(request), principal_of(request)
    await deps.ports.runs.get(principal.tenant_id, run_id)
    open_steps = await deps.ports.operations.undecided(principal.tenant_id, run_id)
    if seq not in {one.step for one in open_steps}:
        raise Conflict(f"The outcome of step {seq} is not waiting to be told.")
    data = {"step": seq, "happened": body.happened, "output": body.output, "by": str(principal.user_id)}
    return json_response(await _send(request, run_id, "outcome", data), 202)


# ---------------------------------------------------------------- again


@router.post(
    "/v1/runs/{run_id}/rerun",
    response_model=s.RerunPreview,
    responses={
        200: {"description": "What would happen (dry_run)"},
        201: {"model": s.Rerun, "description": "A new run, linked to this one"},
        404: {},
        409: {},
    },
    openapi_extra={"parameters": [ONCE]},
)
@needs("run:operate", instance=Lookup.RUN, body_limit="max_data_bytes")
@changes()
@own_keys
async def rerun_run(request: Request, run_id: RunId, body: s.RerunRequest | None = None) -> Response:
    """Runs it again, from the start or from a step with what was recorded before it, on the old or a new version."""
    deps, tenant = deps_of(request), principal_of(request).tenant_id
    asked, now = _asked(body or s.RerunRequest()), deps.ports.clock.now()
    planner = RerunPlanner(deps.ports.operations, deps.limits)
    if body is not None and body.dry_run:
        return json_response((await planner.preview(tenant, [run_id], 1, asked, now)).shown())
    key = idempotency_key(request)
    wanted = replace(
        await planner.plan(tenant, run_id, asked, now), key=key, route=f"/v1/runs/{run_id}/rerun",
        body_hash=hashlib.sha256(await request.body()).digest() if key else b"",
    )  # fmt: skip
    started = await deps.run_acceptor.start(wanted, 0)
    found = {"id": started.accepted.run_id, "status": "pending", "rerun_of": run_id}
    return json_response(found, 201, {"location": f"/v1/runs/{found['id']}"})


def _asked(body: s.RerunRequest) -> RerunAsked:
    given = body.model_fields_set
    if "input" in given and body.task is not None:
        raise InvalidInput("An input goes with a run from the start.", [Fault("/input", "remove it, or remove task")])
    for name in ("path", "step_input"):
        if name in given and body.task is None:
            raise InvalidInput(f"{name} goes with a task.", [Fault(f"/{name}", "say the task it is about")])
    edits: dict[str, Any] = {"input": body.input} if "input" in given else {}
    if "step_input" in given:
        edits["stepInput"] = body.step_input
    return RerunAsked(body.task, None if body.path is None else tuple(body.path), body.version, edits)


@router.post(
    "/v1/runs/rerun",
    response_model=s.RerunPreview,
    responses={
        200: {"description": "What would happen (dry_run)"},
        202: {"model": s.Job, "description": "A job that does it"},
    },
)
@needs("run:operate", somewhere=True)
@changes()
async def rerun_runs(request: Request, body: s.RerunManyRequest) -> Response:
    """Runs many again: a job that can be watched and stopped. Runs it does not fit are left out, with the reason."""
    deps, tenant = deps_of(request), principal_of(request).tenant_id
    where, now = body.where, deps.ports.clock.now()
    demand_workflow(request, "run:operate", where.namespace, where.name)
    status = where.status.value if where.status else None
    wanted = RunsWanted(status, where.namespace, where.name, where.q or None, where.from_, where.to)
    spec = {"where": told(where), "task": body.task, "version": body.version}
    if body.dry_run:
        count, samples = await deps.ports.operations.matching(tenant, wanted, deps.limits.max_preview_runs, now)
        planner = RerunPlanner(deps.ports.operations, deps.limits)
        asked = RerunAsked(body.task, None, body.version)
        return json_response((await planner.preview(tenant, samples, count, asked, now)).shown())
    return await add_job(request, NewJob(uuid7(now), "rerun", spec, wanted))


def told(where: s.RunWhere | s.LetterWhere) -> dict[str, Any]:
    """The filter as it was asked, for the job; InvalidInput when it is empty."""
    found = where.model_dump(mode="json", by_alias=True, exclude_none=True)
    if not found:
        raise InvalidInput("Say which runs are meant.", [Fault("/where", "give at least one part of the filter")])
    return found


# ---------------------------------------------------------------- another version


@router.post(
    "/v1/runs/{run_id}/move",
    response_model=s.MovePreview,
    responses={
        200: {"description": "It can move there (dry_run)"},
        202: {"model": rs.RunAccepted, "description": "It will move; its journal tells"},
        404: {},
        409: {},
    },
)
@needs("run:operate", instance=Lookup.RUN)
@changes()
async def move_run(request: Request, run_id: RunId, body: s.MoveRequest) -> Response:
    """Lets a run that waits go on with another version, when its position exists there; else 409 with the reason."""
    deps, tenant = deps_of(request), principal_of(request).tenant_id
    planner = RerunPlanner(deps.ports.operations, deps.limits)
    await planner.check_move(tenant, run_id, body.version, deps.ports.clock.now())
    if body.dry_run:
        return json_response({"id": run_id, "version": body.version})
    return json_response(await _send(request, run_id, "move", {"version": body.version}), 202)
