"""Accepting runs: many requests of many tenants in one statement, each with an answer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.domain.errors import Conflict, IdempotencyMismatch, NotFound, TidewireError
from models.domain.runs import NewRun, WorkflowRef
from storage.postgres import WriteConn
from storage.queries import load

_SQL = load("acceptance")


@dataclass(frozen=True, slots=True)
class Request:
    """Start a run of a workflow; `version` None is the latest.

    `key`, `route` and `body_hash` make it idempotent: the same three name the same run for as long as keys are kept.
    """

    tenant_id: UUID
    run_id: UUID
    namespace: str
    name: str
    version: str | None
    input: Any
    cause: dict[str, Any]
    created_at: datetime
    key: str | None = None
    route: str = ""
    body_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A durable run. `new` is None when it was accepted earlier under the same key."""

    run_id: UUID
    shard: int
    new: NewRun | None


async def accept(
    conn: WriteConn, requests: Sequence[Request], remembered: timedelta
) -> list[Accepted | TidewireError]:
    """One round trip. NotFound, Conflict (disabled) and IdempotencyMismatch concern one request alone."""
    rows = await conn.fetch(
        _SQL["accept"],
        [request.tenant_id for request in requests],
        [request.run_id for request in requests],
        [request.namespace for request in requests],
        [request.name for request in requests],
        [request.version for request in requests],
        [orjson.dumps(request.cause).decode() for request in requests],
        [orjson.dumps(request.input).decode() for request in requests],
        [request.created_at for request in requests],
        [request.key for request in requests],
        [request.route for request in requests],
        [request.body_hash for request in requests],
        remembered,
    )
    return [_answer(request, row) for request, row in zip(requests, rows, strict=True)]


async def forget_keys(conn: WriteConn, before: datetime, at_most: int) -> int:
    """Deletes keys that are older, how many; engine role."""
    return int((await conn.execute(_SQL["forget"], before, at_most)).rpartition(" ")[2])


def _answer(request: Request, row: Any) -> Accepted | TidewireError:
    match row["outcome"]:
        case "accepted":
            ref = WorkflowRef(request.namespace, request.name, row["version"])
            new = NewRun(request.tenant_id, request.run_id, ref, request.input, request.created_at, request.cause)
            return Accepted(request.run_id, row["shard"], new)
        case "repeated":
            return Accepted(row["run_id"], row["shard"], None)
        case "mismatch":
            return IdempotencyMismatch()
        case "disabled":
            return Conflict(f"The workflow {request.namespace}/{request.name} is disabled.")
    version = f" {request.version}" if request.version else ""
    return NotFound(f"There is no workflow {request.namespace}/{request.name}{version}.")
