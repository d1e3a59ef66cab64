"""Bodies of the inbox routes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from serve.schemas.common import Reply, Time


class Notification(Reply):
    """A notification in the caller's inbox."""

    id: UUID
    severity: Literal["info", "success", "warning", "critical"]
    title: str
    body: str
    link: str | None
    run_id: UUID | None
    created_at: Time
    read_at: Time | None


class NotificationPage(Reply):
    """A page of the inbox, newest first; `unread` counts the whole inbox."""

    items: list[Notification]
    next: str | None
    unread: int


class Unread(Reply):
    """How many are unread now."""

    unread: int
