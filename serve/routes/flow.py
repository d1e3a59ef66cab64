"""What waits, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from models.domain.runs import Run, RunStatus
from serve.deps import ApiDeps
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, decode_cursor, encode_cursor
from serve.responses import json_response
from serve.routes.workflows import Name, Namespace
from serve.schemas import flow as s

router = APIRouter(tags=["usage"], route_class=GuardedRoute)


@router.get("/v1/workflows/{namespace}/{name}/flow", response_model=s.Flow, responses={404: {}})
@needs("run:read", instance=("namespace", "name"))
async def get_workflow_flow(
    request: Request, namespace: Namespace, name: Name, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> Response:
    """The flow control of a workflow, and what goes on for each key."""
    found = await deps_of(request).ports.flow.flow(
        principal_of(request).tenant_id, namespace, name, decode_cursor(cursor), limit
    )
    items = [asdict(key) for key in found.keys.items]
    return json_response({"control": found.control, "items": items, "next": encode_cursor(found.keys.next)})


@router.get("/v1/usage/queue", response_model=s.QueueUsage)
@needs("run:read")
async def get_queue_usage(request: Request) -> Response:
    """What the tenant has waiting. Tenants share the starts of their shard evenly, however much each has waiting."""
    deps = deps_of(request)
    found = await deps.ports.flow.usage(principal_of(request).tenant_id)
    now = deps.ports.clock.now()
    age = max(0.0, (now - found.oldest_at).total_seconds()) if found.oldest_at is not None else None
    others = found.tenants_waiting + (found.waiting == 0)
    return json_response({**asdict(found), "oldest_age": age, "share": round(1 / max(others, 1), 6)})


async def waiting_for(deps: ApiDeps, tenant_id: UUID, run: Run) -> dict[str, Any] | None:
    """Why a run that is pending has not started, as far as flow control is the reason."""
    if run.status is not RunStatus.PENDING:
        return None
    found = await deps.ports.flow.waiting_for(tenant_id, run.id, deps.ports.clock.now())
    return None if found is None else asdict(found)
