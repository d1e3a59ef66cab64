"""Events in: CloudEvents, one or many, structured or binary."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response

from models.domain.errors import Fault, InvalidInput, LimitExceeded
from models.domain.events import CloudEvent, format_time, parse_event
from models.domain.limits import Limits
from serve.audit_trail import unaudited
from serve.body import LimitedRequest, media_type, strict_json
from serve.deps import ApiDeps
from serve.documents import raw_body, reference
from serve.errors import UnsupportedMediaType
from serve.gateway.policy import changes
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, Text, decode_cursor, encode_cursor
from serve.records import IngestEvents
from serve.requests import traced
from serve.responses import json_response
from serve.schemas import events as s

router = APIRouter(tags=["events"], route_class=GuardedRoute)

_BATCH = "application/cloudevents-batch+json"
_STRUCTURED = "application/cloudevents+json"
_BODY = raw_body(
    "One event, a batch, or (with ce-* headers) the data of one.",
    {
        _STRUCTURED: (reference("CloudEvent"), s.CLOUD_EVENT),
        _BATCH: ({"type": "array", "items": reference("CloudEvent")}, [s.CLOUD_EVENT]),
        "application/json": (
            {"anyOf": [reference("CloudEvent"), {"type": "array", "items": reference("CloudEvent")}]},
            [s.CLOUD_EVENT],
        ),
    },
)


@router.post(
    "/v1/events", response_model=s.EventReceipt, status_code=202, openapi_extra=_BODY,
)
@needs("event:write")
@unaudited("events are kept themselves")
@changes()
async def post_events(request: Request) -> Response:
    """Takes CloudEvents: all of the request or none. They are durable before this is answered."""
    assert isinstance(request, LimitedRequest)
    deps, principal = deps_of(request), principal_of(request)
    now = deps.ports.clock.now()
    raw_events, pointers = await _read(request, deps.limits)
    events: list[CloudEvent] = []
    faults: list[Fault] = []
    for raw, pointer in zip(raw_events, pointers, strict=True):
        try:
            events.append(traced(parse_event(raw, now, pointer, deps.limits)))
            check_event_size(events[-1], pointer, deps.limits)
        except LimitExceeded:
            raise
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput("Not a valid CloudEvent.", faults[:100])
    await check_quota(deps, principal.tenant_id, events)
    taken = await deps.event_acceptor.accept(IngestEvents(principal.tenant_id, events, now))
    return json_response({"accepted": taken.accepted, "duplicates": taken.duplicates}, 202)


async def check_quota(deps: ApiDeps, tenant_id: UUID, events: Sequence[CloudEvent]) -> None:
    """LimitExceeded when the tenant's plan has no room for these events."""
    await deps.gateway.quotas.require(tenant_id, "events", len(events))
    if (await deps.gateway.plan(tenant_id)).event_bytes is not None:
        size = sum(len(orjson.dumps(event.envelope)) for event in events)
        await deps.gateway.quotas.require(tenant_id, "event_bytes", size)


def check_event_size(event: CloudEvent, pointer: str, limits: Limits) -> None:
    """LimitExceeded when the event as JSON is too long."""
    if len(orjson.dumps(event.envelope)) > limits.max_event_bytes:
        raise LimitExceeded("max_event_bytes", limits.max_event_bytes, pointer=pointer)


async def _read(request: LimitedRequest, limits: Limits) -> tuple[list[Any], list[str]]:
    """The events as they came, each with the pointer of its place."""
    media = media_type(request)
    raw = await request.body()
    if "ce-specversion" in request.headers and media not in (_STRUCTURED, _BATCH):
        return [_binary(request, media, raw, limits)], [""]
    if media not in ("application/json", _STRUCTURED, _BATCH):
        raise UnsupportedMediaType(f"Send {_STRUCTURED}, {_BATCH} or application/json, not {media or 'nothing'}.")
    value = strict_json(raw, limits)
    if isinstance(value, dict) and media != _BATCH:
        return [value], [""]
    if not isinstance(value, list) or media == _STRUCTURED:
        expected = "an array of events" if media == _BATCH else "an event"
        raise InvalidInput("Not a valid CloudEvent.", [Fault("", f"expected {expected}")])
    if len(value) > limits.max_events_per_request:
        raise LimitExceeded("max_events_per_request", limits.max_events_per_request)
    return value, [f"/{index}" for index in range(len(value))]


def _binary(request: Request, media: str, raw: bytes, limits: Limits) -> dict[str, Any]:
    event: dict[str, Any] = _attributes(request.headers)
    if media:
        event["datacontenttype"] = request.headers["content-type"]
    if raw:
        if media == "application/json" or media.endswith("+json"):
            event["data"] = strict_json(raw, limits)
        elif media.startswith("text/"):
            event["data"] = _text(raw)
        else:
            event["data_base64"] = base64.b64encode(raw).decode()
    return event


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise InvalidInput("Not a valid CloudEvent.", [Fault("/data", "the text is not UTF-8")]) from None
    if "\0" in text:
        raise InvalidInput("Not a valid CloudEvent.", [Fault("/data", "the character NUL is not allowed")])
    return text


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    from_headers: dict[str, Any] = {}
    for name, value in headers.items():
        if name.startswith("ce-"):
            from_headers[name[3:]] = value
    return from_headers


@router.get("/v1/events", response_model=s.EventPage)
@needs("event:read")
async def list_events(
    request: Request,
    type: Annotated[Text | None, Query(max_length=1024)] = None,
    source: Annotated[Text | None, Query(max_length=1024)] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Events that came in, the latest first."""
    page = await deps_of(request).ports.events.list(
        principal_of(request).tenant_id, type, source, decode_cursor(cursor, 3), limit
    )
    items = [{**event.envelope, "receivedat": format_time(event.received_at)} for event in page.items]
    return json_response({"items": items, "next": encode_cursor(page.next)})
