"""Metrics: what to count, and the series counted."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import Fault, InvalidInput, LimitExceeded
from serve.gateway.policy import cached, heavy
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.paging import Instant, Text
from serve.records import MetricDefinition, SeriesQuery
from serve.responses import json_response
from serve.schemas import metrics as s
from serve.schemas.common import NAME

router = APIRouter(tags=["metrics"], route_class=GuardedRoute)

MetricName = Annotated[str, Path(pattern=NAME, max_length=63, description="The name of the metric.", examples=["runs"])]
_BUILT_IN = frozenset({"events", "runs"})
_DEFAULT_WINDOWS = 360


def _metric(metric: MetricDefinition) -> dict[str, Any]:
    definition = metric.definition
    return {
        "name": metric.name,
        "type": definition.get("type", ""),
        "value": definition.get("value"),
        "dimensions": definition.get("dimensions") or [],
        "unique": definition.get("unique"),
        "description": definition.get("description") or "",
        "built_in": metric.created_at is None,
    }


@router.put(
    "/v1/metrics/{name}",
    response_model=s.Metric,
    responses={201: {"model": s.Metric, "description": "A new metric"}},
)
@needs("metric:write", instance=("name",))
async def put_metric(request: Request, name: MetricName, body: s.MetricRequest) -> Response:
    """Defines a metric over events that come from now on."""
    deps, principal = deps_of(request), principal_of(request)
    names = [dimension.name for dimension in body.dimensions]
    if name in _BUILT_IN:
        raise InvalidInput("This name is taken by a built-in metric.", [Fault("", f"{name} is built in")])
    if len(set(names)) != len(names):
        raise InvalidInput("The metric is not valid.", [Fault("/dimensions", "two dimensions have the same name")])
    definition = body.model_dump()
    created = await deps.ports.metrics.define(principal.tenant_id, name, definition)
    shown = _metric(MetricDefinition(name, definition, deps.ports.clock.now()))
    return json_response(shown, 201 if created else 200)


@router.get("/v1/metrics", response_model=s.Metrics)
@needs("metric:read", somewhere=True)
@cached("metric_definition")
async def list_metrics(request: Request) -> Response:
    """All metrics of the tenant, the built-in ones included."""
    found = await deps_of(request).ports.metrics.definitions(principal_of(request).tenant_id)
    reach = rights_of(request).reach("metric:read")
    return json_response({"items": [_metric(one) for one in found if reach.holds(one.name)], "next": None})


@router.get("/v1/metrics/{name}", response_model=s.MetricSeries, responses={404: {}})
@needs("metric:read", instance=("name",))
@heavy
async def get_metric_series(
    request: Request,
    name: MetricName,
    start: Annotated[Instant | None, Query(alias="from", description="Default: 360 windows before.")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Default: now, with the open window.")] = None,
    step: Annotated[Literal["10", "60", "3600"], Query(description="Seconds in a window.")] = "60",
    by: Annotated[list[Text] | None, Query(max_length=4, description="Dimensions to keep apart.")] = None,
) -> Response:
    """Counts, sums, extremes, percentiles and uniques by window, equal to a recount of the journal."""
    deps, seconds = deps_of(request), int(step)
    end = end.astimezone(UTC) if end else deps.ports.clock.now() + timedelta(seconds=seconds)
    try:
        start = start.astimezone(UTC) if start else end - timedelta(seconds=seconds * _DEFAULT_WINDOWS)
    except OverflowError:
        raise InvalidInput("The span is not valid.", [Fault("/to", "too early")]) from None
    if start >= end:
        raise InvalidInput("The span is not valid.", [Fault("/from", "must be before `to`")])
    if (end - start).total_seconds() / seconds > deps.limits.max_metric_points:
        raise LimitExceeded("max_metric_points", deps.limits.max_metric_points, pointer="/from")
    names = tuple(part for item in by or () for part in item.split(",") if part)
    query = SeriesQuery(name, start, end, seconds, names)
    found = await deps.ports.metrics.series(principal_of(request).tenant_id, query)
    series = [{"dimensions": dict(one.dimensions), "points": list(one.points)} for one in found]
    return json_response({"metric": name, "step": seconds, "series": series})
