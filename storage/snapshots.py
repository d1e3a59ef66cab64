"""Snapshots of long runs, written with the entries that they are the state after; and versions that runs move to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("snapshots")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a run after entry `seq`; what `form` it has is for its reader to know."""

    seq: int
    form: str
    state: Mapping[str, Any]


async def keep(
    conn: WriteConn, form: str, snapshots: Sequence[tuple[UUID, UUID, int, Mapping[str, Any]]]
) -> None:
    """Of these runs (tenant, run, seq, state), in the place of those that were there. Engine role."""
    await conn.execute(
        _SQL["keep"],
        [tenant for tenant, _, _, _ in snapshots],
        [run for _, run, _, _ in snapshots],
        [seq for _, _, seq, _ in snapshots],
        form,
        [orjson.dumps(state).decode() for _, _, _, state in snapshots],
    )


async def of_runs(conn: ReadConn, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, Snapshot]:
    """Run id -> its snapshot, for those of these runs (tenant, id) that have one."""
    rows = await conn.fetch(_SQL["of_runs"], [tenant for tenant, _ in keys], [run for _, run in keys])
    return {row["run_id"]: Snapshot(row["seq"], row["form"], row["state"]) for row in rows}


async def forget(conn: WriteConn, keys: Sequence[tuple[UUID, UUID]]) -> None:
    """These runs have ended."""
    await conn.execute(_SQL["forget"], [tenant for tenant, _ in keys], [run for _, run in keys])


async def move(conn: WriteConn, moved: Sequence[tuple[UUID, UUID, str]]) -> None:
    """These open runs (tenant, run, version) go on with another version. Engine role."""
    await conn.execute(
        _SQL["move"], [tenant for tenant, _, _ in moved], [run for _, run, _ in moved],
        [version for _, _, version in moved],
    )  # fmt: skip
