"""Runs that start others and await their ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.domain.dsl.problems import problem
from models.domain.errors import LimitExceeded, TidewireError, TooManyRequests
from models.domain.ports import Wake
from models.domain.runs import RunStatus
from storage import acceptance, run_inbox
from storage.acceptance import Accepted, Request
from storage.postgres import WriteConn
from storage.queries import load
from storage.run_inbox import InboxRow

_SQL = load("children")
ENDED = "ended"
"""The kind of message that tells of an end: {step, run, status, output, error}."""


@dataclass(frozen=True, slots=True)
class Child:
    """A run to start for `parent`; `cause` tells by which step, and whether it is awaited."""

    tenant_id: UUID
    parent: UUID
    shard: int
    run_id: UUID
    namespace: str
    name: str
    version: str | None
    input: Any
    cause: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class End:
    """A run that has ended, with its cause."""

    tenant_id: UUID
    run_id: UUID
    shard: int
    cause: Mapping[str, Any]
    status: RunStatus
    output: Any
    error: Mapping[str, Any] | None
    at: datetime


async def start(conn: WriteConn, children: Sequence[Child]) -> list[Wake]:
    """Accepts the runs. Where one cannot be, whoever awaits it is told so. Engine role."""
    answers = await acceptance.accept(conn, [_request(one) for one in children], timedelta())
    wakes, refused = [], []
    for one, answer in zip(children, answers, strict=True):
        if isinstance(answer, Accepted):
            if not answer.held:
                wakes.append(Wake(one.tenant_id, one.run_id, answer.shard, answer.new))
            wakes += answer.wakes
        else:
            refused.append(_refusal(one, answer))
    return wakes + await tell(conn, refused)


async def give_up(conn: WriteConn, runs: Sequence[tuple[UUID, UUID]], at: datetime) -> list[Wake]:
    """Asks these runs (tenant, run) to cancel; those that have ended are left alone. Engine role."""
    rows = await conn.fetch(_SQL["give_up"], [tenant for tenant, _ in runs], [run for _, run in runs], at)
    return [Wake(row["tenant_id"], row["id"], row["shard"]) for row in rows]


async def tell(conn: WriteConn, ends: Sequence[End]) -> list[Wake]:
    """Tells ends to the runs that await them."""
    awaited = [one for one in ends if is_awaited(one.cause)]
    if awaited:
        await run_inbox.put(conn, [_message(one) for one in awaited])
    return [Wake(one.tenant_id, UUID(one.cause["run"]), one.shard) for one in awaited]


def is_awaited(cause: Mapping[str, Any]) -> bool:
    """Whether another run waits for the end of a run with this cause."""
    return cause.get("kind") == "run" and bool(cause.get("awaited"))


def _request(one: Child) -> Request:
    return Request(one.tenant_id, one.run_id, one.namespace, one.name, one.version, one.input, dict(one.cause), one.at)


def _refusal(one: Child, why: TidewireError) -> End:
    is_busy = isinstance(why, TooManyRequests | LimitExceeded)
    error = problem("runtime", why.detail, status=429) if is_busy else problem("configuration", why.detail)
    return End(one.tenant_id, one.run_id, one.shard, one.cause, RunStatus.FAULTED, None, error, one.at)


def _message(one: End) -> InboxRow:
    data = {
        "step": one.cause["step"], "run": str(one.run_id), "status": one.status.value, "output": one.output,
        "error": one.error,
    }  # fmt: skip
    # Both are of one tenant, and so of one shard.
    return InboxRow(one.tenant_id, UUID(one.cause["run"]), one.shard, ENDED, data, one.at)
