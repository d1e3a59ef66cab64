"""Secrets: what workflows name under use.secrets. Only sealed bytes come here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.domain.errors import LimitExceeded
from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("secrets")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret without its value."""

    name: str
    created_at: datetime
    updated_at: datetime


async def put(conn: WriteConn, scope: TenantScope, name: str, sealed: bytes, now: datetime, most: int) -> bool:
    """True when new, False when replaced; LimitExceeded when a new one would be more than `most`."""
    is_new = bool(await conn.fetchval(_SQL["put"], scope.tenant_id, name, sealed, now))
    if is_new and await conn.fetchval(_SQL["count"], scope.tenant_id) > most:
        raise LimitExceeded("max_secrets_per_tenant", most)
    return is_new


async def find(conn: ReadConn, scope: TenantScope) -> Sequence[Secret]:
    """All of the tenant, by name, without values."""
    return [Secret(**row) for row in await conn.fetch(_SQL["list"], scope.tenant_id)]


async def delete(conn: WriteConn, scope: TenantScope, name: str) -> bool:
    """Whether there was one."""
    return (await conn.execute(_SQL["delete"], scope.tenant_id, name)).endswith(" 1")


async def sealed(conn: ReadConn, scope: TenantScope, names: Collection[str]) -> Mapping[str, bytes]:
    """Name -> sealed value, only those that are there. Engine role."""
    rows = await conn.fetch(_SQL["sealed"], scope.tenant_id, list(names))
    return {row["name"]: row["value_sealed"] for row in rows}
