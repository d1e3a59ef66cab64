"""Workflows: immutable versions of DSL documents."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import InvalidDefinition
from models.domain.runs import WorkflowRef
from serve.audit_trail import unaudited
from serve.definitions import EXAMPLE, read_definition
from serve.documents import raw_body
from serve.gateway.policy import cached, changes
from serve.guard import GuardedRoute, demand, deps_of, needs, principal_of, rights_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, Text, decode_cursor, encode_cursor
from serve.records import WorkflowSummary
from serve.responses import cached_response, json_response
from serve.schemas import workflows as s
from serve.workflow_resources import with_kept_resources

router = APIRouter(tags=["workflows"], route_class=GuardedRoute)

Namespace = Annotated[Text, Path(max_length=63, description="The document's namespace.", examples=["ops"])]
Name = Annotated[Text, Path(max_length=63, description="The document's name.", examples=["late-flights"])]
VersionName = Annotated[Text, Path(max_length=255, description="A semantic version.", examples=["1.0.0"])]
_DOCUMENT = raw_body(
    "A Serverless Workflow DSL 1.0.3 document.",
    {"application/yaml": ({"type": "string"}, EXAMPLE), "application/json": ({"type": "object"}, None)},
)
_ANYTHING = raw_body(
    "What may be a Serverless Workflow DSL 1.0.3 document, or not.",
    {"application/yaml": ({}, EXAMPLE), "application/json": ({}, None)},
)


def _workflow(summary: WorkflowSummary) -> dict[str, Any]:
    return {
        "namespace": summary.namespace,
        "name": summary.name,
        "latest_version": summary.latest_version,
        "title": summary.title,
        "summary": summary.summary,
        "enabled": summary.enabled,
        "created_at": summary.created_at,
        "updated_at": summary.updated_at,
    }


@router.put(
    "/v1/workflows",
    response_model=s.StoredVersion,
    responses={201: {"model": s.StoredVersion, "description": "A new version"}, 409: {}},
    openapi_extra=_DOCUMENT,
)
@needs("workflow:write", somewhere=True, body_limit="max_definition_bytes")
async def put_workflow(request: Request) -> Response:
    """Stores a version: 201 when new, 200 when the very same is there, 409 when it has other content."""
    deps, principal = deps_of(request), principal_of(request)
    new = await read_definition(request, deps.limits)
    demand(request, "workflow:write", f"{new.ref.namespace}/{new.ref.name}")
    new = await with_kept_resources(deps.ports, principal.tenant_id, new)
    created = await deps.ports.workflows.put(principal.tenant_id, new, principal.user_id, deps.ports.clock.now())
    ref = new.ref
    body = {
        "namespace": ref.namespace, "name": ref.name, "version": ref.version,
        "title": new.title, "summary": new.summary, "created": created,
    }
    location = f"/v1/workflows/{ref.namespace}/{ref.name}/versions/{ref.version}"
    return json_response(body, 201 if created else 200, {"location": location})


@router.post("/v1/workflows/validate", response_model=s.Validation, openapi_extra=_ANYTHING)
@needs("workflow:read", somewhere=True, body_limit="max_definition_bytes")
@unaudited("it changes nothing")
@changes()
async def validate_workflow(request: Request) -> Response:
    """Checks a document without storing it; tells every fault."""
    try:
        await read_definition(request, deps_of(request).limits)
    except InvalidDefinition as error:
        faults = [{"pointer": f.pointer, "detail": f.detail, "line": f.line, "column": f.column} for f in error.faults]
        return json_response({"valid": False, "errors": faults})
    return json_response({"valid": True, "errors": []})


@router.get("/v1/workflows", response_model=s.WorkflowPage)
@needs("workflow:read", somewhere=True)
@cached("workflow")
async def list_workflows(
    request: Request,
    q: Annotated[Text | None, Query(max_length=200, description="Part of namespace, name, title or summary.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Workflows by namespace and name."""
    page = await deps_of(request).ports.workflows.list(
        principal_of(request).tenant_id, q, decode_cursor(cursor, 2), limit, rights_of(request).reach("workflow:read")
    )
    return json_response({"items": [_workflow(w) for w in page.items], "next": encode_cursor(page.next)})


@router.get("/v1/workflows/{namespace}/{name}", response_model=s.Workflow, responses={404: {}})
@needs("workflow:read", instance=("namespace", "name"))
@cached("workflow")
async def get_workflow(request: Request, namespace: Namespace, name: Name) -> Response:
    """A workflow with its newest version."""
    found = await deps_of(request).ports.workflows.get(principal_of(request).tenant_id, namespace, name)
    return cached_response(request, _workflow(found))


@router.patch("/v1/workflows/{namespace}/{name}", response_model=s.Workflow, responses={404: {}})
@needs("workflow:write", instance=("namespace", "name"))
async def set_workflow_enabled(request: Request, namespace: Namespace, name: Name, body: s.EnableRequest) -> Response:
    """Enables or disables a workflow."""
    deps = deps_of(request)
    changed = await deps.ports.workflows.set_enabled(
        principal_of(request).tenant_id, namespace, name, body.enabled, deps.ports.clock.now()
    )
    return json_response(_workflow(changed))


@router.get("/v1/workflows/{namespace}/{name}/versions", response_model=s.VersionPage, responses={404: {}})
@needs("workflow:read", instance=("namespace", "name"))
@cached("workflow")
async def list_workflow_versions(
    request: Request, namespace: Namespace, name: Name, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> Response:
    """The versions of a workflow, newest first."""
    page = await deps_of(request).ports.workflows.versions(
        principal_of(request).tenant_id, namespace, name, decode_cursor(cursor, 2), limit
    )
    items = [
        {"version": v.version, "media_type": v.media_type, "created_at": v.created_at, "created_by": v.created_by}
        for v in page.items
    ]
    return json_response({"items": items, "next": encode_cursor(page.next)})


@router.get("/v1/workflows/{namespace}/{name}/versions/{version}", response_model=s.Version, responses={404: {}})
@needs("workflow:read", instance=("namespace", "name"))
@cached("workflow")
async def get_workflow_version(request: Request, namespace: Namespace, name: Name, version: VersionName) -> Response:
    """A version: its text as it was put and the definition it means. It never changes."""
    ref = WorkflowRef(namespace, name, version)
    found = await deps_of(request).ports.workflows.version(principal_of(request).tenant_id, ref)
    body = {
        "namespace": ref.namespace, "name": ref.name, "version": ref.version, "media_type": found.media_type,
        "source": found.source, "definition": found.definition, "created_at": found.created_at,
    }
    return cached_response(request, body)
