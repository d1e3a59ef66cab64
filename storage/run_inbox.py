"""The inboxes of runs: what is to reach a run durably, in order, and once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.domain.runs import RunStatus
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("run_inbox")


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A message to a run: `kind` says what `data` (JSON) is."""

    tenant_id: UUID
    run_id: UUID
    shard: int
    kind: str
    data: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message as stored; ids grow, and are not reused."""

    id: int
    kind: str
    data: Any


@dataclass(frozen=True, slots=True)
class Addressed:
    """An open run that has messages."""

    shard: int
    tenant_id: UUID
    run_id: UUID
    messages: tuple[int, ...]
    status: RunStatus
    last_seq: int
    wake_at: datetime | None
    cancel_requested: bool


async def put(conn: WriteConn, rows: Sequence[InboxRow]) -> None:
    """Makes messages durable, in this order. Whether the runs are open is for the caller to know: messages to one that
    has ended are thrown away later."""
    await conn.execute(
        _SQL["put"],
        [row.tenant_id for row in rows],
        [row.run_id for row in rows],
        [row.shard for row in rows],
        [row.kind for row in rows],
        [orjson.dumps(row.data).decode() for row in rows],
        [row.at for row in rows],
    )


async def of_runs(conn: ReadConn, keys: Sequence[tuple[UUID, UUID]], most: int) -> dict[UUID, list[Message]]:
    """Run id -> its first `most` messages in order; only runs (tenant, id) that have some."""
    found: dict[UUID, list[Message]] = {}
    for row in await conn.fetch(_SQL["of_runs"], [tenant for tenant, _ in keys], [run for _, run in keys], most):
        found.setdefault(row["run_id"], []).append(Message(row["id"], row["kind"], row["data"]))
    return found


async def waiting(conn: ReadConn, shards: Sequence[int], limit: int) -> list[Addressed]:
    """Open runs of these shards that have messages, looking at the oldest `limit` messages to open runs."""
    return [
        Addressed(
            row["shard"], row["tenant_id"], row["run_id"], tuple(row["messages"]), RunStatus(row["status"]),
            row["last_seq"], row["wake_at"], row["cancel_requested"],
        )
        for row in await conn.fetch(_SQL["waiting"], list(shards), limit)
    ]  # fmt: skip


async def forget(conn: WriteConn, messages: Sequence[int]) -> None:
    """These messages have had their effect, in this very transaction."""
    await conn.execute(_SQL["forget"], list(messages))


async def forget_of_ended(conn: WriteConn, at_most: int) -> int:
    """Deletes messages to runs that have ended; how many."""
    return int((await conn.execute(_SQL["forget_of_ended"], at_most)).rpartition(" ")[2])
