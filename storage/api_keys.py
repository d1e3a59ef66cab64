"""API keys: only their hashes are stored; a revoked one stays, so that what it did can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.domain.errors import LimitExceeded
from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("api_keys")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as lists show it. `scopes` None: all that its subject may; `expires_at` None: never."""

    id: UUID
    prefix: str
    name: str
    subject_kind: str
    subject_id: UUID
    scopes: Sequence[str] | None
    created_at: datetime
    created_by: UUID
    expires_at: datetime | None
    last_used_at: datetime | None = field(default=None)


async def add(conn: WriteConn, scope: TenantScope, key: ApiKey, key_hash: bytes, most: int) -> None:
    """LimitExceeded when its subject would have more than `most` living ones."""
    scopes = None if key.scopes is None else list(key.scopes)
    await conn.execute(
        _SQL["add"], scope.tenant_id, key.id, key_hash, key.prefix, key.name, key.subject_kind, key.subject_id,
        scopes, key.created_at, key.created_by, key.expires_at,
    )  # fmt: skip
    count = await conn.fetchval(_SQL["count"], scope.tenant_id, key.subject_kind, key.subject_id, key.created_at)
    if count > most:
        raise LimitExceeded("max_api_keys_per_subject", most)


async def find(
    conn: ReadConn, scope: TenantScope, subject_kind: str | None, subject_id: UUID | None, after: UUID | None,
    limit: int,
) -> Sequence[ApiKey]:  # fmt: skip
    """Those not revoked, oldest first."""
    return [
        ApiKey(**row)
        for row in await conn.fetch(_SQL["list"], scope.tenant_id, subject_kind, subject_id, after, limit)
    ]


async def get(conn: ReadConn, scope: TenantScope, key_id: UUID) -> ApiKey | None:
    """The key, unless it is revoked."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, key_id)
    return ApiKey(**row) if row else None


async def revoke(conn: WriteConn, scope: TenantScope, key_id: UUID, now: datetime) -> None:
    """It is refused from now on."""
    await conn.execute(_SQL["revoke"], scope.tenant_id, key_id, now)


async def revoke_of(conn: WriteConn, scope: TenantScope, subject_kind: str, subject_id: UUID, now: datetime) -> None:
    """All keys of a subject that leaves."""
    await conn.execute(_SQL["revoke_of"], scope.tenant_id, subject_kind, subject_id, now)
