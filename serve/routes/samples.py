"""Sample data of workflows: what a run can begin with, and what calls of a dry run answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from models.domain.errors import Fault, InvalidInput
from serve.gateway.policy import cached
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.operation_records import Sample
from serve.paging import Text
from serve.responses import json_response, no_content
from serve.routes.workflows import Name, Namespace
from serve.schemas import operations as s

router = APIRouter(tags=["samples"], route_class=GuardedRoute)

SampleName = Annotated[
    Text, Path(max_length=63, pattern="^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$", examples=["big-order"])
]
_ONE = "/v1/workflows/{namespace}/{name}/samples/{sample}"


def _shown(sample: Sample) -> dict[str, Any]:
    return {
        "sample": sample.sample, "input": sample.input, "outputs": sample.outputs, "updated_at": sample.updated_at,
    }  # fmt: skip


@router.get("/v1/workflows/{namespace}/{name}/samples", response_model=s.SampleList, responses={404: {}})
@needs("workflow:read", instance=("namespace", "name"))
@cached("sample", "workflow")
async def list_samples(request: Request, namespace: Namespace, name: Name) -> Response:
    """Samples of a workflow by name."""
    found = await deps_of(request).ports.samples.list(principal_of(request).tenant_id, namespace, name)
    return json_response({"items": [{"sample": sample, "updated_at": at} for sample, at in found]})


@router.put(_ONE, response_model=s.Sample, responses={201: {"model": s.Sample, "description": "A new one"}, 404: {}})
@needs("run:operate", instance=("namespace", "name"), body_limit="max_data_bytes")
async def put_sample(
    request: Request, namespace: Namespace, name: Name, sample: SampleName, body: s.SampleData
) -> Response:
    """Stores or replaces a sample."""
    deps = deps_of(request)
    for pointer in body.outputs:
        if not pointer.startswith("/"):
            faults = [Fault("/outputs", f"{pointer[:100]!r} is no pointer of a task, such as /do/0/charge")]
            raise InvalidInput("The outputs are named by the pointers of their tasks.", faults)
    made = Sample(sample, body.input, body.outputs, deps.ports.clock.now())
    is_new = await deps.ports.samples.put(principal_of(request).tenant_id, namespace, name, made)
    return json_response(_shown(made), 201 if is_new else 200)


@router.get(_ONE, response_model=s.Sample, responses={404: {}})
@needs("workflow:read", instance=("namespace", "name"))
@cached("sample", "workflow")
async def get_sample(request: Request, namespace: Namespace, name: Name, sample: SampleName) -> Response:
    """A sample with its data."""
    found = await deps_of(request).ports.samples.get(principal_of(request).tenant_id, namespace, name, sample)
    return json_response(_shown(found))


@router.delete(_ONE, status_code=204, responses={404: {}})
@needs("run:operate", instance=("namespace", "name"))
async def delete_sample(request: Request, namespace: Namespace, name: Name, sample: SampleName) -> Response:
    """Deletes a sample; runs that began with it keep what they have."""
    await deps_of(request).ports.samples.delete(principal_of(request).tenant_id, namespace, name, sample)
    return no_content()
