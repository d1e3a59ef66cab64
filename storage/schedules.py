"""Schedules: runs that start at their time, each time once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.events import format_time
from models.domain.ids import uuid7
from models.domain.ports import Wake
from models.domain.runs import NewRun, WorkflowRef
from models.domain.triggers import next_time
from storage import runs
from storage.postgres import WriteConn
from storage.queries import load

_SQL = load("schedules")
_Next = tuple[UUID, str, str, str, datetime | None]


async def fire_due(conn: WriteConn, shards: Sequence[int], now: datetime, limit: int) -> list[Wake]:
    """Accepts a run for each schedule that is due and sets its next time, in this transaction; a schedule that another
    transaction is firing is left to it.

    Times that were missed while nobody looked are made up for once, by the newest of them.
    """
    wakes, following = [], []
    for row in await conn.fetch(_SQL["due"], list(shards), now, limit):
        kind, spec, at = row["kind"], row["spec"], row["next_at"]
        coming = None
        if kind != "after":
            coming = next_time(kind, spec, at, now)
            if coming is not None and coming <= now:
                at, coming = coming, next_time(kind, spec, coming, now)
        following.append((row["tenant_id"], row["namespace"], row["name"], kind, coming))
        wakes.append(_run(row, at, now))
    if wakes:
        await runs.accept(conn, [wake.new for wake in wakes if wake.new], {w.tenant_id: w.shard for w in wakes})
        await _set_next(conn, following)
    return wakes


async def note_ends(conn: WriteConn, ended: Sequence[tuple[UUID, WorkflowRef, datetime]]) -> None:
    """Schedules of the kind `after` count from the end of the run that they started."""
    rows = await conn.fetch(
        _SQL["waiting_for_end"],
        [tenant for tenant, _, _ in ended],
        [ref.namespace for _, ref, _ in ended],
        [ref.name for _, ref, _ in ended],
        [at for _, _, at in ended],
    )
    following: list[_Next] = [
        (row["tenant_id"], row["namespace"], row["name"], "after", _after(row["spec"], row["ended"])) for row in rows
    ]
    if following:
        await _set_next(conn, following)


def is_awaited_by_schedule(cause: Mapping[str, Any]) -> bool:
    """Whether the end of a run with this cause sets the next time of its schedule."""
    return cause.get("kind") == "schedule" and cause.get("trigger") == "after"


def _after(spec: Any, ended: datetime) -> datetime | None:
    return next_time("after", spec, ended, ended)


def _run(row: Any, due: datetime, now: datetime) -> Wake:
    ref = WorkflowRef(row["namespace"], row["name"], row["latest_version"])
    cause = {"kind": "schedule", "trigger": row["kind"], "due": format_time(due)}
    new = NewRun(row["tenant_id"], uuid7(now), ref, {}, now, cause)
    return Wake(new.tenant_id, new.id, row["shard"], new)


async def _set_next(conn: WriteConn, following: Sequence[_Next]) -> None:
    await conn.execute(
        _SQL["set_next"],
        [tenant for tenant, _, _, _, _ in following],
        [namespace for _, namespace, _, _, _ in following],
        [name for _, _, name, _, _ in following],
        [kind for _, _, _, kind, _ in following],
        [at for _, _, _, _, at in following],
    )
