"""Fills the full-text index of runs: input, output and error, by PostgreSQL's own text search."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from models.domain.limits import Limits
from storage.postgres import WriteConn
from storage.queries import load

_SQL = load("search")


async def index_runs(
    conn: WriteConn,
    runs: Sequence[tuple[UUID, UUID]],
    limits: Limits = Limits(),  # noqa: B008
) -> None:
    """Indexes runs (tenant, run) as they are now; doing it again changes nothing."""
    different = sorted(set(runs))
    await conn.execute(
        _SQL["index_runs"],
        [tenant for tenant, _ in different],
        [run for _, run in different],
        limits.max_search_document_length,
    )
