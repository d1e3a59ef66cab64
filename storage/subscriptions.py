"""What open runs listen to, and the way of events into their inboxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.domain.ports import Wake
from models.domain.subscriptions import first_key, key_value, may_want
from storage import run_inbox
from storage.postgres import WriteConn
from storage.queries import load
from storage.run_inbox import InboxRow

_SQL = load("subscriptions")
EVENT = "event"
"""The kind of message that has an event: its data is the CloudEvent in the JSON format."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One listen of a run; `filters` as in models/domain/dsl/protocol_messages.py."""

    tenant_id: UUID
    run_id: UUID
    shard: int
    listen: int
    filters: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new event of a tenant."""

    tenant_id: UUID
    envelope: Mapping[str, Any]
    at: datetime


async def begin(conn: WriteConn, opened: Sequence[Subscription]) -> None:
    """From this transaction on, events that these may want reach their runs. One that is there stays. Engine role."""
    rows = [(one, place, spec) for one in opened for place, spec in enumerate(one.filters)]
    await conn.execute(
        _SQL["begin"],
        [one.tenant_id for one, _, _ in rows],
        [one.run_id for one, _, _ in rows],
        [one.listen for one, _, _ in rows],
        [place for _, place, _ in rows],
        [one.shard for one, _, _ in rows],
        [spec["type"] or "" for _, _, spec in rows],
        *_columns([first_key(spec) for _, _, spec in rows]),
        [orjson.dumps(spec).decode() for _, _, spec in rows],
    )


async def end(conn: WriteConn, closed: Sequence[tuple[UUID, UUID, int | None]]) -> None:
    """These listens (tenant, run, listen; None: all of the run) are over. Engine role."""
    await conn.execute(
        _SQL["end"],
        [tenant for tenant, _, _ in closed],
        [run for _, run, _ in closed],
        [listen for _, _, listen in closed],
    )


async def _listening(conn: WriteConn, arrivals: Sequence[Arrival]) -> Sequence[Any]:
    """The subscriptions that have the types and the correlation values of these events."""
    keys: dict[tuple[UUID, str], list[str]] = {}
    for row in await conn.fetch(
        _SQL["keys"], [one.tenant_id for one in arrivals], [one.envelope["type"] for one in arrivals]
    ):
        keys.setdefault((row["tenant"], row["type"]), []).append(row["key_from"])
    asked = [
        (place, one.tenant_id, kind, key, value)
        for place, one in enumerate(arrivals)
        for kind in (one.envelope["type"], "")
        for key in keys.get((one.tenant_id, kind), ())
        if (value := key_value(key, one.envelope)) is not None
    ]
    return await conn.fetch(_SQL["listening"], *map(list, zip(*asked, strict=True))) if asked else ()


def _columns(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [first for first, _ in pairs], [second for _, second in pairs]


async def deliver(conn: WriteConn, arrivals: Sequence[Arrival]) -> list[tuple[int, Wake]]:
    """Puts each event into the inboxes of the runs that may want it, once each; the places of the events and the runs
    to wake."""
    found: dict[tuple[int, UUID], tuple[Arrival, int]] = {}
    for row in await _listening(conn, arrivals):
        place = row["n"]
        if (place, row["run_id"]) not in found and may_want(row["spec"], arrivals[place].envelope):
            found[place, row["run_id"]] = (arrivals[place], row["shard"])
    if found:
        await run_inbox.put(
            conn,
            [
                InboxRow(one.tenant_id, run, shard, EVENT, one.envelope, one.at)
                for (_, run), (one, shard) in found.items()
            ],
        )
    return [(place, Wake(one.tenant_id, run, shard)) for (place, run), (one, shard) in found.items()]
