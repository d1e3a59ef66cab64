"""Runs and their journals: accepting in groups, appending in groups, finding what is open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson

from models.domain.authorization import WHOLE, Reach
from models.domain.errors import RunMoved, StaleEpoch
from models.domain.identity import TenantScope
from models.domain.journal import Entry, EntryType
from models.domain.runs import NewRun, Run, RunStatus, WorkflowRef
from storage.flow_control import Gate
from storage.postgres import Database, ReadConn, WriteConn
from storage.queries import load
from storage.reach import parameters

_SQL = load("runs")
_JOURNAL = load("journal")
STALE_EPOCH, RUN_MOVED = "TW002", "TW003"


@dataclass(frozen=True, slots=True)
class RunAppend:
    """New entries of one run and what they make of it. `expected` is last_seq before, entries follow it gapless."""

    tenant_id: UUID
    run_id: UUID
    shard: int
    epoch: int
    expected: int
    entries: Sequence[Entry]
    status: RunStatus
    started_at: datetime | None
    ended_at: datetime | None = None
    wake_at: datetime | None = None
    output: Any = None
    error: Mapping[str, Any] | None = None


class Append(Protocol):
    """What `append` reads of a RunAppend; the actors' own record of it has the same fields and more."""

    @property
    def tenant_id(self) -> UUID: ...
    @property
    def run_id(self) -> UUID: ...
    @property
    def shard(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def expected(self) -> int: ...
    @property
    def entries(self) -> Sequence[Entry]: ...
    @property
    def status(self) -> RunStatus: ...
    @property
    def started_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def wake_at(self) -> datetime | None: ...
    @property
    def output(self) -> Any: ...
    @property
    def error(self) -> Mapping[str, Any] | None: ...


LogRow = tuple[int, str]
"""A row of the topic `events` for the log: place of its run in the batch, from 1, and JSON text."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """Enough of an open run to decide whether it needs anything."""

    shard: int
    tenant_id: UUID
    id: UUID
    status: RunStatus
    last_seq: int
    wake_at: datetime | None
    cancel_requested: bool


async def accept(conn: WriteConn, runs: Sequence[NewRun], shards: Mapping[UUID, int]) -> None:
    """Makes runs durable as pending; `shards` maps tenants to their shard. Those that flow control refuses are there
    too, and are cancelled with the reason."""
    rows = await conn.fetch(
        _SQL["accept"],
        [run.tenant_id for run in runs],
        [run.id for run in runs],
        [shards[run.tenant_id] for run in runs],
        [run.workflow.namespace for run in runs],
        [run.workflow.name for run in runs],
        [run.workflow.version for run in runs],
        [to_json(run.cause) for run in runs],
        [to_json(run.input) for run in runs],
        [run.created_at for run in runs],
    )
    if rows:
        held = {row["id"] for row in rows}
        await _through_gate(conn, [run for run in runs if run.id in held])


async def _through_gate(conn: WriteConn, held: Sequence[NewRun]) -> None:
    gate = await Gate.open(conn, held, max(run.created_at for run in held))
    refused = {run.id: why for run in held if (why := gate.refusal(run.id)) is not None}
    dropped = {run: f"Refused by flow control: {why.why.value}, limit {why.limit:,}." for run, why in refused.items()}
    await gate.take(conn, [run.id for run in held if run.id not in dropped], dropped)


async def append(conn: WriteConn, batch: Sequence[Append], log: Sequence[LogRow]) -> None:
    """One group commit: entries, run states and log rows. StaleEpoch or RunMoved: nothing was written."""
    epochs = {item.shard: item.epoch for item in batch}
    held = sorted(epochs)
    rows = [(place, entry) for place, item in enumerate(batch, 1) for entry in item.entries]
    try:
        await conn.execute(
            _SQL["append"],
            held,
            [epochs[shard] for shard in held],
            [item.tenant_id for item in batch],
            [item.run_id for item in batch],
            [item.shard for item in batch],
            [item.epoch for item in batch],
            [item.expected for item in batch],
            [item.expected + len(item.entries) for item in batch],
            [item.status.value for item in batch],
            [item.started_at for item in batch],
            [item.ended_at for item in batch],
            [item.wake_at for item in batch],
            [to_json(item.output) if item.status is RunStatus.COMPLETED else None for item in batch],
            [to_json(item.error) if item.error is not None else None for item in batch],
            [place for place, _ in rows],
            [entry.seq for _, entry in rows],
            [entry.type.value for _, entry in rows],
            [entry.task for _, entry in rows],
            ["{" + ",".join(map(str, entry.path)) + "}" if entry.path else "{}" for _, entry in rows],
            [entry.at for _, entry in rows],
            [to_json(entry.data) for _, entry in rows],
            [place for place, _ in log],
            [payload for _, payload in log],
        )
    except asyncpg.PostgresError as error:
        if error.sqlstate == STALE_EPOCH:
            raise StaleEpoch from error
        if error.sqlstate == RUN_MOVED:
            raise RunMoved from error
        raise


async def get(conn: ReadConn, scope: TenantScope, run_id: UUID) -> Run | None:
    """The run, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, run_id)
    return _run(row) if row else None


async def get_at_once(database: Database, scope: TenantScope, run_id: UUID) -> Run | None:
    """The same in a transaction of its own and one round trip."""
    row = await database.at_once(_SQL["get_at_once"], scope.tenant_id, run_id)
    return _run(row) if row else None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a list of runs is narrowed to; ids are the smallest of their moment (`uuid7_floor`)."""

    status: Sequence[str] | None = None
    namespace: str | None = None
    name: str | None = None
    text: str | None = None
    from_id: UUID | None = None
    to_id: UUID | None = None
    before: UUID | None = None
    rerun_of: UUID | None = None
    dry_run: bool = False
    reach: Reach = WHOLE


async def find(conn: ReadConn, scope: TenantScope, wanted: RunFilter, limit: int) -> list[Run]:
    """Newest first, without input and output."""
    status = list(wanted.status) if wanted.status else None
    rows = await conn.fetch(
        _SQL["list"], scope.tenant_id, status, wanted.namespace, wanted.name, wanted.from_id, wanted.to_id,
        wanted.text, wanted.before, limit, wanted.rerun_of, wanted.dry_run, *parameters(wanted.reach),
    )  # fmt: skip
    return [_run(row) for row in rows]


async def request_cancel(conn: WriteConn, scope: TenantScope, run_id: UUID, at: datetime) -> int | None:
    """Notes the wish durably; the shard of the run, or None when there is no such open run."""
    shard: int | None = await conn.fetchval(_SQL["request_cancel"], scope.tenant_id, run_id, at)
    return shard


async def journal_page(conn: ReadConn, scope: TenantScope, run_id: UUID, after: int, limit: int) -> list[Entry]:
    """Entries with seq > after, in order."""
    rows = await conn.fetch(_JOURNAL["page"], scope.tenant_id, run_id, after, limit)
    return [
        Entry(row["seq"], EntryType(row["type"]), row["at"], row["task"], tuple(row["path"]), row["data"])
        for row in rows
    ]


async def open_by_keys(conn: ReadConn, keys: Sequence[tuple[UUID, UUID]]) -> list[tuple[int, Run]]:
    """Those of these runs (tenant, id) that have not ended, each with its shard."""
    rows = await conn.fetch(_SQL["open_by_keys"], [tenant for tenant, _ in keys], [run for _, run in keys])
    return [(row["shard"], _run({**row, "output": None, "error": None, "ended_at": None})) for row in rows]


Cursor = tuple[int, UUID] | tuple[int, UUID, UUID]
"""Where a look at open runs goes on: the beginning (a shard below the first, any id), or shard, run and tenant."""


async def by_index(conn: ReadConn) -> None:
    """For `needy`, in its transaction: before the first ANALYZE the planner would sort all open runs for each page."""
    await conn.fetchval(_SQL["by_index"])


async def needy(
    conn: ReadConn, shards: Sequence[int], after: Cursor, limit: int, pending_before: datetime, due: datetime,
    full: Collection[UUID] = (),
) -> tuple[list[OpenRun], Cursor | None]:
    """Of the next `limit` open runs of the shards by (shard, tenant, id): those that may need something; where to go
    on. Of tenants that are `full` nothing that has not begun."""
    shard, run, *tenant = after
    place = tenant[0] if tenant else UUID(int=0)
    rows = await conn.fetch(_SQL["needy"], list(shards), shard, run, limit, pending_before, due, place, list(full))
    found = [_open_run(row) for row in rows if row["is_needy"]]
    more = bool(rows) and rows[-1]["looked"] == limit
    return found, (rows[-1]["shard"], rows[-1]["id"], rows[-1]["tenant_id"]) if more else None


async def first_of_tenants(
    conn: ReadConn, shards: Sequence[int], tenants: int, each: int, pending_before: datetime, due: datetime,
    full: Collection[UUID] = (),
) -> list[OpenRun]:
    """Of the oldest open runs of every tenant, so many `each`, those that may need something: however much one tenant
    has waiting, the others are found at once. Up to so many `tenants` of each shard."""
    rows = await conn.fetch(_SQL["first_of_tenants"], list(shards), tenants, each, pending_before, due, list(full))
    return [_open_run(row) for row in rows]


async def due(conn: ReadConn, shards: Sequence[int], until: datetime, limit: int) -> list[OpenRun]:
    """Runs that wait for a time up to `until`, the earliest first."""
    return [_open_run(row) for row in await conn.fetch(_SQL["due"], list(shards), until, limit)]


async def journals(conn: ReadConn, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, list[Entry]]:
    """Run id -> all of its entries in order; engine role, for several tenants."""
    found: dict[UUID, list[Entry]] = {}
    for row in await conn.fetch(_JOURNAL["of_runs"], [tenant for tenant, _ in keys], [run for _, run in keys]):
        entry = Entry(row["seq"], EntryType(row["type"]), row["at"], row["task"], tuple(row["path"]), row["data"])
        found.setdefault(row["run_id"], []).append(entry)
    return found


async def ended_by_keys(
    conn: ReadConn, keys: Sequence[tuple[UUID, UUID]]
) -> list[tuple[UUID, RunStatus, Any, dict[str, Any] | None]]:
    """Id, status, output and error of those of these runs (tenant, id) that have ended."""
    rows = await conn.fetch(_SQL["ended_by_keys"], [tenant for tenant, _ in keys], [run for _, run in keys])
    return [(row["id"], RunStatus(row["status"]), row["output"], row["error"]) for row in rows]


async def last_seqs(conn: ReadConn, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, int]:
    """run id -> last_seq, to learn whether an append whose answer was lost has happened."""
    rows = await conn.fetch(_SQL["last_seqs"], [tenant for tenant, _ in keys], [run for _, run in keys])
    return {row["id"]: row["last_seq"] for row in rows}


def to_json(value: Any) -> str:
    """Compact JSON text."""
    return orjson.dumps(value).decode()


def _open_run(row: Mapping[str, Any]) -> OpenRun:
    return OpenRun(
        row["shard"], row["tenant_id"], row["id"], RunStatus(row["status"]), row["last_seq"], row["wake_at"],
        row["cancel_requested"],
    )  # fmt: skip


def _run(row: Mapping[str, Any]) -> Run:
    return Run(
        tenant_id=row["tenant_id"],
        id=row["id"],
        workflow=WorkflowRef(row["namespace"], row["name"], row["version"]),
        status=RunStatus(row["status"]),
        input=row["input"],
        output=row["output"],
        error=row["error"],
        cause=row["cause"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        last_seq=row["last_seq"],
        wake_at=row["wake_at"],
        cancel_requested_at=row["cancel_requested_at"],
    )
