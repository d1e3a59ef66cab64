"""Sources of inbound webhooks, each with the secret that its sender signs with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("hooks")


@dataclass(frozen=True, slots=True)
class HookSource:
    """A place that webhooks come from; `scheme` is github or standard-webhooks."""

    tenant_id: UUID
    source: str
    scheme: str
    secret_sealed: bytes = field(repr=False)
    created_at: datetime


async def put(conn: WriteConn, source: HookSource) -> bool:
    """True when new, False when one was replaced."""
    return bool(
        await conn.fetchval(
            _SQL["put"], source.tenant_id, source.source, source.scheme, source.secret_sealed, source.created_at
        )
    )


async def find(conn: ReadConn, scope: TenantScope) -> Sequence[HookSource]:
    """All of the tenant, by name."""
    return [HookSource(**row) for row in await conn.fetch(_SQL["list"], scope.tenant_id)]


async def get(conn: ReadConn, scope: TenantScope, source: str) -> HookSource | None:
    """The source, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, source)
    return HookSource(**row) if row else None


async def delete(conn: WriteConn, scope: TenantScope, source: str) -> bool:
    """Whether there was one."""
    return (await conn.execute(_SQL["delete"], scope.tenant_id, source)).endswith(" 1")
