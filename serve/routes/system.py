"""What operators and tools ask."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from serve.gateway.policy import health
from serve.guard import GuardedRoute, deps_of, public
from serve.responses import cached_response, json_response
from serve.schemas.system import Health, Readiness

router = APIRouter(tags=["system"], route_class=GuardedRoute)


@router.get("/healthz", response_model=Health)
@public
@health
async def get_health(request: Request) -> Response:
    """This replica answers."""
    return json_response({"status": "ok"})


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness, "description": "Not ready"}})
@public
@health
async def get_readiness(request: Request) -> Response:
    """Whether the parts that requests need are there, and this replica is not about to stop."""
    deps = deps_of(request)
    parts = dict(await deps.ports.readiness.check())
    if deps.gateway.load.is_draining:
        return json_response({"status": "draining", "parts": parts}, 503)
    ready = all(state == "ok" for state in parts.values())
    return json_response({"status": "ok" if ready else "not ready", "parts": parts}, 200 if ready else 503)


@router.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
@public
@health
async def get_prometheus_metrics(request: Request) -> Response:
    """What this replica counts of itself, in the Prometheus text format."""
    body = deps_of(request).telemetry.exposition()
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/openapi.json", include_in_schema=False)
@public
async def get_openapi(request: Request) -> Response:
    """This API, as an OpenAPI 3.1 document."""
    return cached_response(request, request.app.openapi(), "public, no-cache")
