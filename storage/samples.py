"""Sample data of workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("samples")
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """`outputs` has what calls answer, by the pointer of their task."""

    sample: str
    input: Any
    outputs: Mapping[str, Any]
    updated_at: datetime


async def put(
    conn: WriteConn, scope: TenantScope, place: Place, sample: Sample, at_most: int
) -> bool | None:
    """True when new, False when replaced, None when the workflow has `at_most` others already."""
    is_new: bool | None = await conn.fetchval(
        _SQL["put"], scope.tenant_id, *place, sample.sample, sample.input, sample.outputs, sample.updated_at, at_most
    )
    return is_new


async def find(conn: ReadConn, scope: TenantScope, place: Place) -> list[tuple[str, datetime]]:
    """Names and when they changed."""
    rows = await conn.fetch(_SQL["list"], scope.tenant_id, *place)
    return [(row["sample"], row["updated_at"]) for row in rows]


async def get(conn: ReadConn, scope: TenantScope, place: Place, sample: str) -> Sample | None:
    """The sample, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, *place, sample)
    return Sample(**row) if row else None


async def delete(conn: WriteConn, scope: TenantScope, place: Place, sample: str) -> bool:
    """False when there was none."""
    found: UUID | None = await conn.fetchval(_SQL["delete"], scope.tenant_id, *place, sample)
    return found is not None
