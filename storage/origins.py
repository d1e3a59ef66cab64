"""How runs begin that are not begun from nothing, and what is found about runs that are to be operated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.domain.identity import TenantScope
from models.domain.runs import RunStatus
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("operations")


@dataclass(frozen=True, slots=True)
class OriginRow:
    """See the table run_origins. `outputs` is set for dry runs alone."""

    tenant_id: UUID
    run_id: UUID
    rerun_of: UUID | None = None
    task: str | None = None
    path: tuple[int, ...] | None = None
    edits: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A run that a message is for, held until the transaction ends."""

    status: RunStatus
    shard: int
    has_ended: bool
    messages: int


@dataclass(frozen=True, slots=True)
class Undecided:
    """A step whose outcome a person must tell; `step` is the entry that started it."""

    step: int
    task: str
    path: tuple[int, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs many are picked by; ids are the smallest of their moment. `open_letters`: only runs whose dead letter
    is open."""

    below: UUID
    status: str | None = None
    namespace: str | None = None
    name: str | None = None
    from_id: UUID | None = None
    to_id: UUID | None = None
    text: str | None = None
    open_letters: bool = False


async def put(conn: WriteConn, rows: Sequence[OriginRow]) -> None:
    """In the transaction that accepts the runs."""
    await conn.execute(
        _SQL["put_origins"],
        [row.tenant_id for row in rows],
        [row.run_id for row in rows],
        [row.rerun_of for row in rows],
        [row.task for row in rows],
        [None if row.path is None else "{" + ",".join(map(str, row.path)) + "}" for row in rows],
        [_json(row.edits) for row in rows],
        [_json(row.outputs) for row in rows],
    )


async def of_runs(conn: ReadConn, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, OriginRow]:
    """Run id -> how it begins, for those of these runs (tenant, id) that have an origin."""
    tenants = {run: tenant for tenant, run in keys}
    rows = await conn.fetch(_SQL["origins"], [tenant for tenant, _ in keys], [run for _, run in keys])
    return {
        row["run_id"]: OriginRow(
            tenants[row["run_id"]], row["run_id"], row["rerun_of"], row["task"],
            None if row["path"] is None else tuple(row["path"]), row["edits"], row["outputs"],
        )
        for row in rows
    }  # fmt: skip


async def target(conn: WriteConn, scope: TenantScope, run_id: UUID) -> Target | None:
    """The run, which cannot end while this transaction writes a message to it; None when there is none."""
    row = await conn.fetchrow(_SQL["run_for_message"], scope.tenant_id, run_id)
    return Target(RunStatus(row["status"]), row["shard"], row["has_ended"], row["messages"]) if row else None


async def undecided(conn: ReadConn, scope: TenantScope, run_id: UUID) -> list[Undecided]:
    """Steps that wait for a person to say whether they happened."""
    rows = await conn.fetch(_SQL["undecided"], scope.tenant_id, run_id)
    return [Undecided(int(row["step"]), row["task"], tuple(row["path"]), row["at"]) for row in rows]


async def count(conn: ReadConn, scope: TenantScope, wanted: Wanted) -> int:
    """How many runs are meant."""
    found: int = await conn.fetchval(_SQL["count"], *_where(scope, wanted))
    return found


async def matching(
    conn: ReadConn, scope: TenantScope, wanted: Wanted, after: UUID | None, limit: int
) -> list[UUID]:
    """The ids of the next ones, oldest first."""
    rows = await conn.fetch(_SQL["matching"], *_where(scope, wanted), after, limit)
    return [row["id"] for row in rows]


def _where(scope: TenantScope, wanted: Wanted) -> tuple[Any, ...]:
    return (
        scope.tenant_id, wanted.below, wanted.status, wanted.namespace, wanted.name, wanted.from_id, wanted.to_id,
        wanted.text, wanted.open_letters,
    )  # fmt: skip


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
