"""Models: deploy versions, point aliases at them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import LimitExceeded, NotFound
from models.domain.limits import Limits
from models.learned.bundles import Bundle, digest, unpack
from serve.body import media_type
from serve.deps import ApiDeps
from serve.documents import raw_body
from serve.errors import UnsupportedMediaType
from serve.gateway.policy import cached, takes
from serve.guard import GuardedRoute, deps_of, needs, principal_of, rights_of
from serve.inference_ports import ModelVersion
from serve.responses import cached_response, json_response
from serve.schemas import models as s

router = APIRouter(tags=["models"], route_class=GuardedRoute)

ModelName = Annotated[
    str, Path(pattern=s.MODEL, max_length=63, description="The name of the model.", examples=["flight-delay"])
]
AliasName = Annotated[str, Path(pattern=s.ALIAS, max_length=63, description="The alias.", examples=["live"])]
_ZIP = frozenset({"application/zip", "application/octet-stream"})
_BUNDLE = raw_body(
    "A zip archive with manifest.yaml and pipeline.skops, as `tidewire models deploy` makes it.",
    {"application/zip": ({"type": "string", "format": "binary"}, None)},
)


def _version(version: ModelVersion, aliases: Mapping[str, str]) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "model": version.model,
        "version": version.version,
        "framework": manifest.get("framework", ""),
        "description": manifest.get("description", ""),
        "inputs": tensors(manifest, "inputs"),
        "outputs": tensors(manifest, "outputs"),
        "metrics": manifest.get("metrics") or {},
        "training": manifest.get("training") or {},
        "example": manifest.get("example"),
        "aliases": sorted(alias for alias, target in aliases.items() if target == version.version),
        "sha256": version.sha256.hex(),
        "size_bytes": version.size_bytes,
        "created_at": version.created_at,
        "created_by": version.created_by,
    }


def tensors(manifest: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """The inputs or outputs of a manifest, as the protocol shows them."""
    return [{key: one.get(key) for key in ("name", "datatype", "shape")} for one in manifest.get(kind) or ()]


@router.post(
    "/v1/models",
    response_model=s.DeployedVersion,
    responses={201: {"model": s.DeployedVersion, "description": "A new version"}, 409: {}},
    openapi_extra=_BUNDLE,
)
@needs("model:write", instance=("model",), body_limit="max_model_bundle_bytes")
@takes("upload_seconds")
async def deploy_model(
    request: Request,
    alias: Annotated[
        str, Query(pattern=f"^$|{s.ALIAS}", max_length=63, description="Points at the version; empty: none.")
    ] = "live",
) -> Response:
    """Deploys a bundle: 201 when new, 200 when the very same is there, 409 when the version has other content.

    The bundle is loaded, and its example is tried, before anything of it is stored as a version.
    """
    deps, principal = deps_of(request), principal_of(request)
    if media_type(request) not in _ZIP:
        raise UnsupportedMediaType(f"Send application/zip, not {media_type(request) or 'nothing'}.")
    archive = await request.body()
    bundle, sha256 = await asyncio.to_thread(_open, archive, deps.limits)
    await _check_room(deps, principal.tenant_id, bundle)
    key = f"models/{principal.tenant_id}/{sha256.hex()}.zip"
    await deps.ports.objects.put(key, archive)
    await deps.ports.serving.check(key, sha256)
    manifest = bundle.manifest
    version = ModelVersion(
        principal.tenant_id, manifest.name, manifest.version, manifest.model_dump(mode="json"), key, sha256,
        len(archive), deps.ports.clock.now(), principal.user_id,
    )
    created = await deps.ports.models.add_version(version)
    if alias:
        await deps.ports.models.set_alias(principal.tenant_id, version.model, alias, version.version)
    aliases = await deps.ports.models.aliases(principal.tenant_id, version.model)
    location = {"location": f"/v1/models/{version.model}/versions/{version.version}"}
    body = {**_version(version, aliases), "created": created}
    return json_response(body, 201 if created else 200, location)


def _open(archive: bytes, limits: Limits) -> tuple[Bundle, bytes]:
    return unpack(archive, limits), digest(archive)


async def _check_room(deps: ApiDeps, tenant_id: Any, bundle: Bundle) -> None:
    found = await deps.ports.models.list_models(tenant_id)
    same = next((one for one in found if one.model == bundle.manifest.name), None)
    if same is None and len(found) >= deps.limits.max_models_per_tenant:
        raise LimitExceeded("max_models_per_tenant", deps.limits.max_models_per_tenant)
    if same is not None and same.versions >= deps.limits.max_versions_per_model:
        raise LimitExceeded("max_versions_per_model", deps.limits.max_versions_per_model)


@router.get("/v1/models", response_model=s.Models)
@needs("model:read", somewhere=True)
@cached("model")
async def list_models(request: Request) -> Response:
    """All models of the tenant, by name."""
    found = await deps_of(request).ports.models.list_models(principal_of(request).tenant_id)
    reach = rights_of(request).reach("model:read")
    items = [
        {
            "model": one.model, "aliases": dict(one.aliases), "latest": _version(one.latest, one.aliases),
            "versions": one.versions,
        }
        for one in found
        if reach.holds(one.model)
    ]
    return json_response({"items": items, "next": None})


@router.get("/v1/models/{model}/versions", response_model=s.ModelVersions, responses={404: {}})
@needs("model:read", instance=("model",))
@cached("model")
async def list_model_versions(request: Request, model: ModelName) -> Response:
    """The versions of a model, newest first."""
    catalog, tenant_id = deps_of(request).ports.models, principal_of(request).tenant_id
    found = await catalog.list_versions(tenant_id, model)
    if not found:
        raise NotFound(f"There is no model {model}.")
    aliases = await catalog.aliases(tenant_id, model)
    return json_response({"items": [_version(one, aliases) for one in found], "next": None})


@router.get("/v1/models/{model}/versions/{version}", response_model=s.ModelVersion, responses={404: {}})
@needs("model:read", instance=("model",))
@cached("model")
async def get_model_version(
    request: Request,
    model: ModelName,
    version: Annotated[str, Path(max_length=63, description="A version or an alias.", examples=["live"])],
) -> Response:
    """One version, by its name or by an alias."""
    catalog, tenant_id = deps_of(request).ports.models, principal_of(request).tenant_id
    found = await catalog.resolve(tenant_id, model, version)
    return cached_response(request, _version(found, await catalog.aliases(tenant_id, model)))


@router.put("/v1/models/{model}/aliases/{alias}", response_model=s.Alias, responses={404: {}})
@needs("model:write", instance=("model",))
async def set_model_alias(request: Request, model: ModelName, alias: AliasName, body: s.AliasRequest) -> Response:
    """Points an alias at a version; requests that name the alias, or nothing for `live`, go there from now on."""
    catalog, tenant_id = deps_of(request).ports.models, principal_of(request).tenant_id
    await catalog.set_alias(tenant_id, model, alias, body.version)
    return json_response({"model": model, "alias": alias, "version": body.version})
