"""What a tenant sets for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("tenants")


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """`allowed_origins`: pages from there may call the API. `updated_at` is None while nothing was set."""

    name: str
    display_name: str
    allowed_origins: Sequence[str]
    updated_at: datetime | None


async def settings(conn: ReadConn, scope: TenantScope) -> TenantSettings | None:
    """The settings, or None when there is no such tenant."""
    row = await conn.fetchrow(_SQL["settings"], scope.tenant_id)
    return TenantSettings(**row) if row else None


async def put_settings(
    conn: WriteConn, scope: TenantScope, display_name: str, allowed_origins: Sequence[str], now: datetime
) -> None:
    """Replaces what was set."""
    await conn.execute(_SQL["rename"], scope.tenant_id, display_name)
    await conn.execute(_SQL["put_settings"], scope.tenant_id, list(allowed_origins), now)


async def all_allowed_origins(conn: ReadConn) -> Mapping[UUID, frozenset[str]]:
    """Of every tenant that allows any: pages ask before the tenant is known."""
    rows = await conn.fetch(_SQL["all_allowed_origins"])
    return {row["tenant_id"]: frozenset(row["allowed_origins"]) for row in rows}
