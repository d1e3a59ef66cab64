"""Runs: start, find, follow, cancel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import Conflict, LimitExceeded
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.runs import Run, RunStatus, is_dry
from serve.audit_trail import unaudited
from serve.body import LimitedRequest, media_type, require_json, strict_json
from serve.documents import header, raw_body
from serve.gateway.policy import changes, own_keys, takes
from serve.guard import GuardedRoute, Lookup, deps_of, needs, principal_of, rights_of
from serve.operation_records import RunOrigin
from serve.paging import DEFAULT_PAGE, Cursor, Instant, Limit, Text, decode_id_cursor, encode_cursor
from serve.records import AcceptRun, RunFilter, RunSummary
from serve.requests import cause_of_request, idempotency_key
from serve.responses import json_response
from serve.routes.flow import waiting_for
from serve.routes.workflows import Name, Namespace
from serve.run_acceptor import Started
from serve.schemas import runs as s

router = APIRouter(tags=["runs"], route_class=GuardedRoute)

_LIMITS = Limits()
RunId = Annotated[UUID, Path(description="The id of the run.", examples=["0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d"])]
ONCE = header(
    "Idempotency-Key",
    "The same key with the same body is one run, and gets the same answer, for 24 hours.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
)
_INPUT = raw_body(
    "The input of the run; nothing means {}.",
    {"application/json": ({}, {"flight": "UA 1545", "origin": "EWR"})},
    required=False,
    parameters=(ONCE,),
)


async def _input(request: Request) -> tuple[Any, bytes]:
    assert isinstance(request, LimitedRequest)
    raw = await request.body()
    if not raw:
        return {}, raw
    require_json(media_type(request))
    return strict_json(raw, deps_of(request).limits), raw


def _body_hash(raw: bytes, version: str | None, sample: str = "", dry_run: bool = False) -> bytes:
    asked = f"{version or ''}\0{sample}\0dry" if dry_run else f"{version or ''}\0{sample}" if sample else version or ""
    return hashlib.sha256(asked.encode() + b"\0" + raw).digest()


@router.post(
    "/v1/workflows/{namespace}/{name}/runs",
    response_model=s.RunResult,
    responses={
        200: {"description": "It ended while the request waited"},
        201: {"model": s.RunAccepted, "description": "It is durable and will run"},
        202: {"model": s.RunAccepted, "description": "It did not end in time; it goes on"},
        404: {},
        409: {},
        429: {},
    },
    openapi_extra=_INPUT,
)
@needs("run:start", instance=("namespace", "name"), body_limit="max_data_bytes")
@unaudited("the journal of the run tells it")
@takes("waiting_seconds")
@changes()
@own_keys
async def start_run(
    request: Request,
    namespace: Namespace,
    name: Name,
    version: Annotated[Text | None, Query(max_length=255, description="Default: the newest one.")] = None,
    wait: Annotated[
        float, Query(ge=0, le=_LIMITS.max_wait_seconds, allow_inf_nan=False, description="Seconds to wait for its end.")
    ] = 0,
    sample: Annotated[
        Text | None, Query(max_length=63, description="A sample; its input counts when no body is sent.")
    ] = None,
    dry_run: Annotated[
        bool, Query(description="No outside call: calls answer with the sample's outputs.")
    ] = False,
) -> Response:
    """Starts a run. It is durable before this is answered."""
    deps, principal = deps_of(request), principal_of(request)
    key = idempotency_key(request)
    value, raw = await _input(request)
    await deps.gateway.quotas.require(principal.tenant_id, "runs")
    now = deps.ports.clock.now()
    cause: dict[str, Any] = cause_of_request()
    outputs: Mapping[str, Any] = {}
    if sample is not None:
        data = await deps.ports.samples.get(principal.tenant_id, namespace, name, sample)
        value, outputs = value if raw else data.input, data.outputs
        cause["sample"] = sample
    if dry_run:
        cause["dryRun"] = True
    accept = AcceptRun(
        principal.tenant_id, uuid7(now), namespace, name, version, value, cause, now,
        key, f"/v1/workflows/{namespace}/{name}/runs",
        _body_hash(raw, version, sample or "", dry_run) if key else b"",
        RunOrigin(outputs=outputs) if dry_run else None,
    )
    return _started(await deps.run_acceptor.start(accept, wait), wait)


def _started(started: Started, wait: float) -> Response:
    run_id, ended = started.accepted.run_id, started.ended
    location = {"location": f"/v1/runs/{run_id}"}
    if ended is not None:
        body = {"id": run_id, "status": ended.status.value, "output": ended.output, "error": ended.error}
        return json_response(body, 200, location)
    # One that flow control holds may not have started at all.
    status = RunStatus.RUNNING if wait and not started.accepted.held else RunStatus.PENDING
    return json_response({"id": run_id, "status": status.value}, 202 if wait else 201, location)


def _summary(run: RunSummary | Run) -> dict[str, Any]:
    ref = run.workflow
    return {
        "id": run.id,
        "workflow": {"namespace": ref.namespace, "name": ref.name, "version": ref.version},
        "status": run.status.value,
        "cause": run.cause,
        "error": run.error,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "last_seq": run.last_seq,
        "dry_run": is_dry(run.cause),
    }


@router.get("/v1/runs", response_model=s.RunPage)
@needs("run:read", somewhere=True)
async def list_runs(
    request: Request,
    status: RunStatus | None = None,
    namespace: Annotated[Text | None, Query(max_length=63)] = None,
    name: Annotated[Text | None, Query(max_length=63)] = None,
    q: Annotated[Text | None, Query(description="Full-text search over workflow, input, output and error.")] = None,
    created_from: Annotated[Instant | None, Query(alias="from", description="Created then or later.")] = None,
    created_to: Annotated[Instant | None, Query(alias="to", description="Created before this time.")] = None,
    rerun_of: Annotated[UUID | None, Query(description="Runs that run this one again.")] = None,
    dry_run: Annotated[bool, Query(description="Dry runs instead of real ones.")] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Runs, newest first."""
    deps = deps_of(request)
    if q is not None and len(q.encode()) > deps.limits.max_search_bytes:
        raise LimitExceeded("max_search_bytes", deps.limits.max_search_bytes, pointer="/q")
    where = RunFilter(
        status.value if status else None, namespace, name, q or None, created_from, created_to, rerun_of, dry_run,
        rights_of(request).reach("run:read"),
    )  # fmt: skip
    after = decode_id_cursor(cursor)
    page = await deps.ports.runs.list(principal_of(request).tenant_id, where, after, limit)
    return json_response({"items": [_summary(run) for run in page.items], "next": encode_cursor(page.next)})


@router.get("/v1/runs/{run_id}", response_model=s.Run, responses={404: {}})
@needs("run:read", instance=Lookup.RUN)
async def get_run(request: Request, run_id: RunId) -> Response:
    """A run with what went in and what came out."""
    deps, tenant = deps_of(request), principal_of(request).tenant_id
    ports = deps.ports
    run = await ports.runs.get(tenant, run_id)
    undecided = () if run.status.is_final else await ports.operations.undecided(tenant, run_id)
    return json_response({
        **_summary(run),
        "waiting_for": await waiting_for(deps, tenant, run),
        "rerun_of": run.cause["of"] if run.cause.get("kind") == "rerun" else None,
        "undecided": [
            {"seq": one.step, "task": one.task, "path": list(one.path), "since": one.since} for one in undecided
        ],
        "input": run.input, "output": run.output, "cancel_requested_at": run.cancel_requested_at,
    })


@router.get("/v1/runs/{run_id}/journal", response_model=s.JournalPage, responses={404: {}})
@needs("run:read", instance=Lookup.RUN)
async def get_run_journal(
    request: Request,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Entries after this `seq`.")] = 0,
    cursor: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=_LIMITS.max_journal_page)] = 200,
) -> Response:
    """What happened in a run, in order."""
    after = after if cursor is None else cursor
    entries = await deps_of(request).ports.runs.journal(principal_of(request).tenant_id, run_id, after, limit)
    items = [
        {"seq": e.seq, "type": e.type.value, "task": e.task, "path": list(e.path), "at": e.at, "data": e.data}
        for e in entries
    ]
    return json_response({"items": items, "next": str(entries[-1].seq) if len(entries) == limit else None})


@router.post(
    "/v1/runs/{run_id}/cancel", response_model=s.RunAccepted, status_code=202, responses={404: {}, 409: {}}
)
@needs("run:cancel", instance=Lookup.RUN)
@changes()
async def cancel_run(request: Request, run_id: RunId) -> Response:
    """Asks a run to stop; 409 when it has ended otherwise."""
    deps, principal = deps_of(request), principal_of(request)
    met = await deps.ports.runs.request_cancel(principal.tenant_id, run_id, deps.ports.clock.now())
    if met.status.is_final and met.status is not RunStatus.CANCELLED:
        raise Conflict(f"The run has ended: it is {met.status.value}.")
    deps.run_acceptor.wake(principal.tenant_id, run_id, met.shard)
    return json_response({"id": run_id, "status": met.status.value}, 202)
