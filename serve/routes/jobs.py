"""Jobs: long work on many runs, to be watched and stopped."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from serve.gateway.policy import changes
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.operation_records import Job, NewJob
from serve.paging import DEFAULT_PAGE, Cursor, Limit, decode_id_cursor, encode_cursor
from serve.responses import json_response
from serve.schemas import operations as s

router = APIRouter(tags=["jobs"], route_class=GuardedRoute)

JobId = Annotated[UUID, Path(description="The id of the job.", examples=["0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d"])]


def _shown(job: Job) -> dict[str, Any]:
    return {
        "id": job.id, "kind": job.kind, "state": job.state, "total": job.total, "done": job.done,
        "skipped": job.skipped, "reasons": job.reasons, "spec": job.spec, "created_at": job.created_at,
        "started_at": job.started_at, "ended_at": job.ended_at,
    }  # fmt: skip


async def add_job(request: Request, new: NewJob) -> Response:
    """Makes the job durable and tells where to watch it."""
    deps, principal = deps_of(request), principal_of(request)
    job = await deps.ports.jobs.add(principal.tenant_id, new, principal.user_id, deps.ports.clock.now())
    return json_response(_shown(job), 202, {"location": f"/v1/jobs/{job.id}"})


@router.get("/v1/jobs", response_model=s.JobPage)
@needs("run:read", whole=True)
async def list_jobs(request: Request, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE) -> Response:
    """Jobs, newest first."""
    after = decode_id_cursor(cursor)
    page = await deps_of(request).ports.jobs.list(principal_of(request).tenant_id, after, limit)
    return json_response({"items": [_shown(job) for job in page.items], "next": encode_cursor(page.next)})


@router.get("/v1/jobs/{job_id}", response_model=s.Job, responses={404: {}})
@needs("run:read", whole=True)
async def get_job(request: Request, job_id: JobId) -> Response:
    """A job and how far it is."""
    return json_response(_shown(await deps_of(request).ports.jobs.get(principal_of(request).tenant_id, job_id)))


@router.post("/v1/jobs/{job_id}/stop", response_model=s.Job, responses={404: {}, 409: {}})
@needs("run:operate", whole=True)
@changes()
async def stop_job(request: Request, job_id: JobId) -> Response:
    """Stops a job where it is; what was done stays done."""
    deps = deps_of(request)
    stopped = await deps.ports.jobs.stop(principal_of(request).tenant_id, job_id, deps.ports.clock.now())
    return json_response(_shown(stopped))
