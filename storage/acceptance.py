"""Accepting runs: many requests of many tenants in one statement, each with an answer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.domain.errors import (
    Conflict,
    IdempotencyMismatch,
    LimitExceeded,
    NotFound,
    TidewireError,
    TooManyRequests,
)
from models.domain.flow_control import Refusal, Refused
from models.domain.ports import Wake
from models.domain.runs import NewRun, WorkflowRef
from storage.flow_control import Gate
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
    """A durable run. `new` is None when it was accepted earlier under the same key.

    `held`: flow control lets it start later. `wakes` are other runs that shards should look at because of this one.
    """

    run_id: UUID
    shard: int
    new: NewRun | None
    held: bool = False
    wakes: Sequence[Wake] = ()


async def accept(
    conn: WriteConn, requests: Sequence[Request], remembered: timedelta
) -> list[Accepted | TidewireError]:
    """One round trip, and a few more where flow control has to decide. NotFound, Conflict (disabled, a singleton runs),
    IdempotencyMismatch, TooManyRequests and LimitExceeded (flow control) concern one request alone."""
    rows = await _accept(conn, requests, remembered, hold=False)
    answers = [
        None if row["outcome"] == "gated" else _answer(request, row)
        for request, row in zip(requests, rows, strict=True)
    ]
    gated = [n for n, answer in enumerate(answers) if answer is None]
    if gated:
        decided = await _through_gate(conn, [_with_version(requests[n], rows[n]["version"]) for n in gated], remembered)
        for n, answer in zip(gated, decided, strict=True):
            answers[n] = answer
    return [answer for answer in answers if answer is not None]


async def _accept(conn: WriteConn, requests: Sequence[Request], remembered: timedelta, hold: bool) -> list[Any]:
    return await conn.fetch(
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
        hold,
    )


async def _through_gate(
    conn: WriteConn, requests: Sequence[Request], remembered: timedelta
) -> list[Accepted | TidewireError]:
    """Requests whose versions are known to have flow control."""
    gate = await Gate.open(conn, [_new(request) for request in requests], max(one.created_at for one in requests))
    answers: dict[UUID, Accepted | TidewireError] = dict(_refusals(gate, requests))
    passing = [one for one in requests if one.run_id not in answers]
    rows = await _accept(conn, passing, remembered, hold=True) if passing else []
    for one, row in zip(passing, rows, strict=True):
        answers[one.run_id] = _answer(one, row)
    entered = [one.run_id for one in passing if _is_new(answers[one.run_id])]
    started, wakes = await gate.take(conn, entered)
    others = [wake for wake in wakes if wake.run_id not in started or wake.run_id not in entered]
    for run_id in entered:
        answer = answers[run_id]
        assert isinstance(answer, Accepted)
        answers[run_id] = replace(answer, held=run_id not in started, wakes=others)
        others = []
    return [answers[one.run_id] for one in requests]


def _refusals(gate: Gate, requests: Sequence[Request]) -> dict[UUID, TidewireError]:
    """Run id -> why it is refused. Copies of one request (the same Idempotency-Key) are decided on once."""
    refused: dict[UUID, TidewireError] = {}
    first: dict[tuple[UUID, str, str], UUID] = {}
    for one in requests:
        same = first.setdefault((one.tenant_id, one.route, one.key), one.run_id) if one.key else one.run_id
        if same != one.run_id:
            if same in refused:
                refused[one.run_id] = refused[same]
            continue
        why = gate.refusal(one.run_id)
        if why is not None:
            refused[one.run_id] = _refused(why, one, gate.asked[one.run_id].place[3])
    return refused


def _is_new(answer: Accepted | TidewireError) -> bool:
    return isinstance(answer, Accepted) and answer.new is not None


def _with_version(request: Request, version: str) -> Request:
    return replace(request, version=version)


def _new(request: Request) -> NewRun:
    ref = WorkflowRef(request.namespace, request.name, request.version or "")
    return NewRun(request.tenant_id, request.run_id, ref, request.input, request.created_at, request.cause)


def _refused(why: Refused, request: Request, key: str) -> TidewireError:
    what = f"{request.namespace}/{request.name}" + (f" with the key {key}" if key else "")
    match why.why:
        case Refusal.RATE:
            detail = f"The rateLimit of {what} is used up: {why.limit:,} starts in its period; try again later."
            return TooManyRequests(detail, why.retry_after or 1.0)
        case Refusal.SINGLETON:
            return Conflict(f"A run of {what} runs or waits already, and it is a singleton that skips others.")
    detail = f"{why.limit:,} runs of {what} wait already; try again when some have started."
    return LimitExceeded("max_waiting_runs_per_key", why.limit, detail)


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
