"""Webhooks in: sources with their secrets, and the doors they post to."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from models.domain.errors import InvalidInput, Unauthenticated
from models.domain.events import parse_event
from models.domain.webhooks import Scheme, check_secret, is_genuine, to_event
from serve.audit_trail import unaudited
from serve.body import LimitedRequest, media_type, strict_json
from serve.deps import ApiDeps
from serve.documents import header, raw_body
from serve.errors import MalformedBody, UnsupportedMediaType
from serve.gateway.policy import WRITE_COST
from serve.guard import GuardedRoute, deps_of, needs, principal_of, public, rights_of
from serve.paging import Text
from serve.records import HookSource, IngestEvents
from serve.requests import traced
from serve.responses import json_response, no_content
from serve.routes.events import check_event_size, check_quota
from serve.schemas import events as s
from serve.schemas.common import NAME

router = APIRouter(tags=["webhooks"], route_class=GuardedRoute)

Source = Annotated[str, Path(pattern=NAME, max_length=63, description="The name of the source.", examples=["github"])]
_DELIVERY = raw_body(
    "What the sender posts, byte for byte as it was signed.",
    {"application/json": ({"type": "object"}, {"action": "opened"})},
    parameters=tuple(
        header(name, description, {"type": "string"})
        for name, description in (
            ("X-Hub-Signature-256", "GitHub: HMAC of the body"),
            ("X-GitHub-Delivery", "GitHub: id of the delivery"),
            ("X-GitHub-Event", "GitHub: name of the event"),
            ("webhook-id", "Standard Webhooks: id of the message"),
            ("webhook-timestamp", "Standard Webhooks: seconds since 1970"),
            ("webhook-signature", "Standard Webhooks: one or more signatures"),
        )
    ),
)
# What an unknown source is checked against, so that it takes as long as a known one.
_NOBODY = "an unknown source"


def secret_context(tenant_id: UUID, source: str) -> str:
    """What the sealed secret of a source is bound to."""
    return f"hook:{tenant_id}:{source}"


async def _shown(request: Request, sources: list[HookSource]) -> list[dict[str, Any]]:
    principal = principal_of(request)
    memberships = await deps_of(request).ports.identity.memberships(principal.user_id)
    tenant = next((m.name for m in memberships if m.tenant_id == principal.tenant_id), str(principal.tenant_id))
    return [
        {
            "source": source.source,
            "scheme": source.scheme,
            "path": f"/v1/hooks/{tenant}/{source.source}",
            "created_at": source.created_at,
        }
        for source in sources
    ]


@router.put(
    "/v1/hooks/sources/{source}",
    response_model=s.HookSource,
    responses={201: {"model": s.HookSource, "description": "A new source"}},
)
@needs("hook:write", instance=("source",))
async def put_hook_source(request: Request, source: Source, body: s.HookSourceRequest) -> Response:
    """Makes a source of webhooks, or changes its secret."""
    deps, principal = deps_of(request), principal_of(request)
    check_secret(Scheme(body.scheme), body.secret)
    sealed = deps.ports.sealer.seal(body.secret.encode(), secret_context(principal.tenant_id, source))
    stored = HookSource(principal.tenant_id, source, body.scheme, sealed, deps.ports.clock.now())
    created = await deps.ports.webhooks.put(stored)
    return json_response((await _shown(request, [stored]))[0], 201 if created else 200)


@router.get("/v1/hooks/sources", response_model=s.HookSources)
@needs("hook:read", somewhere=True)
async def list_hook_sources(request: Request) -> Response:
    """All sources of the tenant."""
    found = await deps_of(request).ports.webhooks.list(principal_of(request).tenant_id)
    reach = rights_of(request).reach("hook:read")
    seen = [one for one in found if reach.holds(one.source)]
    return json_response({"items": await _shown(request, seen), "next": None})


@router.get("/v1/hooks/sources/{source}", response_model=s.HookSource, responses={404: {}})
@needs("hook:read", instance=("source",))
async def get_hook_source(request: Request, source: Source) -> Response:
    """One source."""
    found = await deps_of(request).ports.webhooks.get(principal_of(request).tenant_id, source)
    return json_response((await _shown(request, [found]))[0])


@router.delete("/v1/hooks/sources/{source}", status_code=204, responses={404: {}})
@needs("hook:write", instance=("source",))
async def delete_hook_source(request: Request, source: Source) -> Response:
    """Deletes a source; its deliveries are refused from now on."""
    await deps_of(request).ports.webhooks.delete(principal_of(request).tenant_id, source)
    return no_content()


@router.post(
    "/v1/hooks/{tenant}/{source}", response_model=s.EventReceipt, status_code=202, responses={401: {}},
    openapi_extra=_DELIVERY,
)
@public
@unaudited("events are kept themselves")
async def receive_hook(
    request: Request,
    tenant: Annotated[Text, Path(max_length=63, description="The name of the tenant.", examples=["harbour"])],
    source: Annotated[Text, Path(max_length=63, description="The name of the source.", examples=["github"])],
) -> Response:
    """Takes a signed delivery as an event. An unknown door and a wrong signature are answered alike."""
    assert isinstance(request, LimitedRequest)
    deps = deps_of(request)
    raw = await request.body()
    found = await deps.ports.webhooks.find(tenant, source)
    if not _genuine(deps, found, request, raw) or found is None:
        raise Unauthenticated("The source is unknown or the signature is wrong.")
    await deps.gateway.charge_tenant(found.tenant_id, WRITE_COST)
    payload = _payload(request, raw, deps)
    now = deps.ports.clock.now()
    told = to_event(Scheme(found.scheme), source, dict(request.headers), payload)
    event = traced(parse_event(told, now, limits=deps.limits))
    check_event_size(event, "", deps.limits)
    await check_quota(deps, found.tenant_id, [event])
    taken = await deps.event_acceptor.accept(IngestEvents(found.tenant_id, [event], now))
    return json_response({"accepted": taken.accepted, "duplicates": taken.duplicates}, 202)


def _genuine(deps: ApiDeps, found: HookSource | None, request: Request, raw: bytes) -> bool:
    scheme, secret = Scheme.GITHUB, _NOBODY
    if found is not None:
        scheme = Scheme(found.scheme)
        context = secret_context(found.tenant_id, found.source)
        secret = deps.ports.sealer.open(found.secret_sealed, context).decode()
    return is_genuine(
        scheme, secret, dict(request.headers), raw, deps.ports.clock.now(), deps.limits.max_hook_age_seconds
    )


def _payload(request: Request, raw: bytes, deps: ApiDeps) -> Any:
    media = media_type(request)
    if media == "application/x-www-form-urlencoded":
        try:
            fields = parse_qs(raw.decode("ascii"), strict_parsing=True, max_num_fields=10)
        except ValueError:
            raise MalformedBody("The form is not well-formed.") from None
        if len(fields.get("payload", ())) != 1:
            raise InvalidInput("The form has no payload.")
        return strict_json(fields["payload"][0].encode("utf-8", "replace"), deps.limits)
    if media and media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMediaType(f"Send JSON, not {media}.")
    return strict_json(raw, deps.limits)
