"""The audit log of the tenant: looked at, exported with its hashes, and sent on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from models.domain.audit import Head
from models.domain.egress import parse_target
from models.domain.errors import Fault, InvalidInput, NotFound
from models.domain.webhooks import Scheme, check_secret
from serve.audit_ports import AuditFilter, AuditRepository, AuditStream, NewAuditStream
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.paging import DEFAULT_PAGE, Cursor, Instant, Limit, Text, decode_cursor, encode_cursor
from serve.responses import json_response, no_content
from serve.schemas import audit as s

router = APIRouter(tags=["audit"], route_class=GuardedRoute)

Word = Annotated[Text | None, Query(max_length=255)]


@router.get("/v1/audit", response_model=s.AuditPage)
@needs("audit:read")
async def list_audit_entries(
    request: Request,
    actor: Annotated[Text | None, Query(max_length=255, description="The id of who did it.")] = None,
    action: Annotated[Text | None, Query(max_length=255, description="The name of the call, as put_secret.")] = None,
    resource_type: Word = None,
    resource_id: Word = None,
    outcome: Annotated[s.Outcome | None, Query(description="done, refused or failed.")] = None,
    since: Annotated[Instant | None, Query(description="Not before.")] = None,
    until: Annotated[Instant | None, Query(description="Before.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """What was done in the tenant, newest first."""
    where = AuditFilter(actor, action, resource_type, resource_id, outcome, since, until)
    page = await deps_of(request).ports.audit.list(
        principal_of(request).tenant_id, where, decode_cursor(cursor), limit
    )
    items = [{**one.entry, "hash": one.hash} for one in page.items]
    return json_response({"items": items, "next": encode_cursor(page.next)})


def _head(tenant_id: UUID, head: Head) -> dict[str, Any]:
    return {"tenant": tenant_id, "seq": head.seq, "hash": head.hash.hex()}


@router.get("/v1/audit/head", response_model=s.AuditHead)
@needs("audit:read")
async def get_audit_head(request: Request) -> Response:
    """The end of the chain, to be kept elsewhere."""
    tenant_id = principal_of(request).tenant_id
    return json_response(_head(tenant_id, await deps_of(request).ports.audit.head(tenant_id)))


@router.get(
    "/v1/audit/export",
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
@needs("audit:read")
async def export_audit_log(
    request: Request, after: Annotated[int, Query(ge=0, le=2**53, description="Entries after this one.")] = 0
) -> Response:
    """All entries, oldest first, one JSON document a line: `entry` and its `hash`; the last line is the `head`.

    Check it with `tidewire audit verify FILE`. The head, kept elsewhere, shows later that nothing was changed.
    """
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    head = await deps.ports.audit.head(tenant_id)
    lines = _lines(deps.ports.audit, tenant_id, after, head, deps.limits.max_audit_batch)
    headers = {
        "content-disposition": f'attachment; filename="audit-{tenant_id}.ndjson"', "cache-control": "no-store"
    }  # fmt: skip
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)


async def _lines(audit: AuditRepository, tenant_id: UUID, after: int, head: Head, batch: int) -> AsyncIterator[bytes]:
    while after < head.seq:
        found = await audit.following(tenant_id, after, head.seq, batch)
        if not found:
            break
        yield b"".join(f'{{"entry":{one.text},"hash":"{one.hash}"}}\n'.encode() for one in found)
        after = int(found[-1].entry["seq"])
    yield orjson.dumps({"head": {**_head(tenant_id, head), "tenant": str(tenant_id)}}) + b"\n"


def _stream(stream: AuditStream) -> dict[str, Any]:
    return {
        "url": stream.url, "enabled": stream.enabled, "sent_seq": stream.sent_seq, "failures": stream.failures,
        "last_error": stream.last_error, "next_at": stream.next_at, "updated_at": stream.updated_at,
    }  # fmt: skip


@router.get("/v1/audit/stream", response_model=s.AuditStream, responses={404: {}})
@needs("audit:read")
async def get_audit_stream(request: Request) -> Response:
    """Where entries are sent, and how far the receiver has got."""
    found = await deps_of(request).ports.audit.stream(principal_of(request).tenant_id)
    if found is None:
        raise NotFound("Entries of this tenant are not sent anywhere.")
    return json_response(_stream(found))


@router.put("/v1/audit/stream", response_model=s.AuditStream)
@needs("audit:write", fresh=True)
async def put_audit_stream(request: Request, body: s.AuditStreamRequest) -> Response:
    """Sends every further entry to an address, signed as Standard Webhooks say, each at least once and in order."""
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    _check_url(body.url)
    sealed = None
    if body.secret is not None:
        check_secret(Scheme.STANDARD, body.secret)
        sealed = deps.ports.sealer.seal(body.secret.encode(), f"{tenant_id}/audit-stream")
    made = await deps.ports.audit.put_stream(
        NewAuditStream(tenant_id, body.url, sealed, body.enabled, deps.ports.clock.now())
    )
    return json_response(_stream(made))


def _check_url(url: str) -> None:
    try:
        parse_target(url)
    except InvalidInput as error:
        raise InvalidInput("The address is not usable.", [Fault("/url", error.detail)]) from None


@router.delete("/v1/audit/stream", status_code=204, responses={404: {}})
@needs("audit:write", fresh=True)
async def delete_audit_stream(request: Request) -> Response:
    """Sends entries nowhere any more."""
    await deps_of(request).ports.audit.delete_stream(principal_of(request).tenant_id)
    return no_content()
