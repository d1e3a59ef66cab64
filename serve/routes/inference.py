"""Open Inference Protocol v2: metadata, readiness and inference, for the models of the caller's tenant."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from models.domain.errors import Unavailable
from serve.audit_trail import unaudited
from serve.body import LimitedRequest
from serve.documents import raw_body
from serve.gateway.policy import changes, health, infers
from serve.guard import GuardedRoute, deps_of, needs, principal_of, public
from serve.inference_wire import infer_response, read_infer
from serve.paging import Text
from serve.responses import json_response
from serve.routes.models import tensors
from serve.schemas import models as s

router = APIRouter(tags=["inference"], route_class=GuardedRoute)

Model = Annotated[Text, Path(max_length=63, description="The name of the model.", examples=["flight-delay"])]
Version = Annotated[Text, Path(max_length=63, description="A version or an alias.", examples=["live"])]
_REQUEST_SCHEMA = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string", "maxLength": 255},
        "inputs": {
            "description": "Tensors, or (our short form) input name -> value.",
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "shape", "datatype"],
                        "properties": {
                            "name": {"type": "string"},
                            "shape": {"type": "array", "items": {"type": "integer"}},
                            "datatype": {"type": "string"},
                            "data": {"type": "array", "items": {}},
                            "parameters": {"type": "object"},
                        },
                    },
                },
                {"type": "object"},
            ],
        },
        "outputs": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        "parameters": {"type": "object"},
    },
}
_EXAMPLE = {"inputs": [{"name": "x", "shape": [2, 1], "datatype": "FP64", "data": [1.0, 2.0]}]}
_INFER: dict[str, Any] = {
    "response_model": s.InferResponse,
    "responses": {404: {}},
    "openapi_extra": raw_body(
        "JSON, or JSON and after it the binary part, as Inference-Header-Content-Length tells.",
        {"application/json": (_REQUEST_SCHEMA, _EXAMPLE)},
    ),
}


@router.get("/v2", response_model=s.ServerMetadata)
@public
async def get_server_metadata(request: Request) -> Response:
    """The server and the extensions of the protocol that it knows."""
    body = {"name": "tidewire", "version": deps_of(request).options.version, "extensions": ["binary_tensor_data"]}
    return json_response(body)


@router.get("/v2/health/live", response_model=s.ServerLive)
@public
@health
async def get_server_live(request: Request) -> Response:
    """This replica answers."""
    return json_response({"live": True})


@router.get(
    "/v2/health/ready", response_model=s.ServerReady,
    responses={503: {"model": s.ServerReady, "description": "Not ready"}},
)
@public
@health
async def get_server_ready(request: Request) -> Response:
    """Whether the parts that requests need are there."""
    parts = await deps_of(request).ports.readiness.check()
    ready = all(state == "ok" for state in parts.values())
    return json_response({"ready": ready}, 200 if ready else 503)


async def _metadata(request: Request, model: str, version: str | None) -> Response:
    catalog, tenant_id = deps_of(request).ports.models, principal_of(request).tenant_id
    found = await catalog.resolve(tenant_id, model, version)
    versions = [found] if version is not None else await catalog.list_versions(tenant_id, model)
    return json_response({
        "name": found.model,
        "versions": [one.version for one in versions],
        "platform": found.manifest.get("framework", ""),
        "inputs": tensors(found.manifest, "inputs"),
        "outputs": tensors(found.manifest, "outputs"),
    })


@router.get("/v2/models/{model}", response_model=s.ModelMetadata, responses={404: {}})
@needs("model:read", instance=("model",))
async def get_model_metadata(request: Request, model: Model) -> Response:
    """What goes into the model that is live and what comes out, and its versions."""
    return await _metadata(request, model, None)


@router.get("/v2/models/{model}/versions/{version}", response_model=s.ModelMetadata, responses={404: {}})
@needs("model:read", instance=("model",))
async def get_model_version_metadata(request: Request, model: Model, version: Version) -> Response:
    """The same of one version."""
    return await _metadata(request, model, version)


async def _ready(request: Request, model: str, version: str | None) -> Response:
    ports, tenant_id = deps_of(request).ports, principal_of(request).tenant_id
    await ports.models.resolve(tenant_id, model, version)
    if not await ports.serving.ready(tenant_id, model, version):
        raise Unavailable(f"The model {model} cannot be loaded right now.")
    return json_response({"name": model, "ready": True})


@router.get("/v2/models/{model}/ready", response_model=s.ModelReady, responses={404: {}})
@needs("model:read", instance=("model",))
async def get_model_ready(request: Request, model: Model) -> Response:
    """Loads the model when it is not loaded yet."""
    return await _ready(request, model, None)


@router.get("/v2/models/{model}/versions/{version}/ready", response_model=s.ModelReady, responses={404: {}})
@needs("model:read", instance=("model",))
async def get_model_version_ready(request: Request, model: Model, version: Version) -> Response:
    """The same of one version."""
    return await _ready(request, model, version)


async def _infer(request: Request, model: str, version: str | None) -> Response:
    assert isinstance(request, LimitedRequest)
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    body = await read_infer(request, deps.limits)
    answer = await deps.ports.serving.infer(tenant_id, model, version, body)
    return infer_response(answer, request.headers.get("accept-encoding", ""))


@router.post("/v2/models/{model}/infer", **_INFER)
@needs("model:infer", instance=("model",), body_limit="max_inference_bytes")
@unaudited("asking a model changes nothing")
@infers
@changes()
async def infer(request: Request, model: Model) -> Response:
    """Asks the model that is live."""
    return await _infer(request, model, None)


@router.post("/v2/models/{model}/versions/{version}/infer", **_INFER)
@needs("model:infer", instance=("model",), body_limit="max_inference_bytes")
@unaudited("asking a model changes nothing")
@infers
@changes()
async def infer_version(request: Request, model: Model, version: Version) -> Response:
    """Asks one version."""
    return await _infer(request, model, version)
