"""Notifications of runs into the inboxes of their recipients, and to their open pages, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.domain.events import format_time
from models.domain.notifications import parse_audience
from models.domain.push import inbox_channel
from storage.postgres import WriteConn
from storage.queries import load

_SQL = load("inbox_delivery")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification of a run. The same `key` is delivered to the same user once, whatever happens.

    `to` is `all`, `role:<role>` or `user:<email>`, all within the tenant.
    """

    tenant_id: UUID
    run_id: UUID
    key: str
    to: str
    severity: str
    title: str
    body: str
    link: str | None
    at: datetime


async def deliver(conn: WriteConn, deliveries: Sequence[Delivery]) -> int:
    """How many inboxes got one that they did not have yet. Engine role."""
    audiences = [parse_audience(one.to) for one in deliveries]
    rows = await conn.fetch(
        _SQL["deliver"],
        [one.tenant_id for one in deliveries],
        [one.run_id for one in deliveries],
        [one.key for one in deliveries],
        [audience.value for audience, _ in audiences],
        [name for _, name in audiences],
        [one.severity for one in deliveries],
        [one.title for one in deliveries],
        [one.body for one in deliveries],
        [one.link for one in deliveries],
        [one.at for one in deliveries],
    )
    if rows:
        await conn.execute(_SQL["push"], [row["tenant_id"] for row in rows], [_message(row) for row in rows])
    return len(rows)


def _message(row: Any) -> str:
    shown = {
        "id": row["id"],
        "severity": row["severity"],
        "title": row["title"],
        "body": row["body"],
        "link": row["link"],
        "run_id": row["run_id"],
        "created_at": format_time(row["created_at"]),
        "read_at": None,
    }
    channel = inbox_channel(row["tenant_id"], row["user_id"])
    return orjson.dumps({"channel": channel, "data": {"notification": shown}}).decode()
