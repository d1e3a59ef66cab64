"""The caller's inbox."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from serve.audit_trail import unaudited
from serve.gateway.policy import changes
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.paging import DEFAULT_PAGE, Cursor, Limit, decode_id_cursor, encode_cursor
from serve.responses import json_response
from serve.schemas import notifications as s

router = APIRouter(tags=["notifications"], route_class=GuardedRoute)


@router.get("/v1/notifications", response_model=s.NotificationPage)
@needs("notification:read")
async def list_notifications(
    request: Request,
    unread: Annotated[bool, Query(description="Only those not read yet.")] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """The inbox, newest first, and how much of it is unread."""
    principal = principal_of(request)
    page, count = await deps_of(request).ports.notifications.list(
        principal.tenant_id, principal.user_id, unread, decode_id_cursor(cursor), limit
    )
    return json_response({"items": list(page.items), "next": encode_cursor(page.next), "unread": count})


@router.post("/v1/notifications/{notification_id}/read", response_model=s.Unread, responses={404: {}})
@needs("notification:read")
@unaudited("it is about the own inbox only")
@changes()
async def read_notification(
    request: Request, notification_id: Annotated[UUID, Path(description="The id of the notification.")]
) -> Response:
    """Marks one as read."""
    deps, principal = deps_of(request), principal_of(request)
    unread = await deps.ports.notifications.read(
        principal.tenant_id, principal.user_id, notification_id, deps.ports.clock.now()
    )
    return json_response({"unread": unread})


@router.post("/v1/notifications/read-all", response_model=s.Unread)
@needs("notification:read")
@unaudited("it is about the own inbox only")
@changes()
async def read_all_notifications(request: Request) -> Response:
    """Marks all as read."""
    deps, principal = deps_of(request), principal_of(request)
    await deps.ports.notifications.read_all(principal.tenant_id, principal.user_id, deps.ports.clock.now())
    return json_response({"unread": 0})
