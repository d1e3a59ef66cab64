"""Service accounts: programs that act in a tenant by keys of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.domain.errors import Conflict, LimitExceeded
from models.domain.identity import TenantScope
from storage import api_keys, grants, roles
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("service_accounts")


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A program of a tenant, and the role it has."""

    id: UUID
    name: str
    description: str
    role: str
    disabled: bool
    created_at: datetime
    created_by: UUID


async def add(conn: WriteConn, scope: TenantScope, account: ServiceAccount, most: int) -> None:
    """Conflict when the name is taken; LimitExceeded when there would be more than `most`."""
    await roles.keep(conn, scope, account.role)
    done = await conn.execute(
        _SQL["add"], scope.tenant_id, account.id, account.name, account.description, account.role,
        account.created_at, account.created_by,
    )  # fmt: skip
    if done.endswith(" 0"):
        raise Conflict(f"There is a service account {account.name} already.")
    if await conn.fetchval(_SQL["count"], scope.tenant_id) > most:
        raise LimitExceeded("max_service_accounts_per_tenant", most)


async def find(
    conn: ReadConn, scope: TenantScope, query: str | None, after: UUID | None, limit: int
) -> Sequence[ServiceAccount]:
    """Oldest first; `query` is a part of name or description."""
    return [ServiceAccount(**row) for row in await conn.fetch(_SQL["list"], scope.tenant_id, query, after, limit)]


async def get(conn: ReadConn, scope: TenantScope, account_id: UUID) -> ServiceAccount | None:
    """The service account, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, account_id)
    return ServiceAccount(**row) if row else None


async def update(
    conn: WriteConn, scope: TenantScope, account_id: UUID, description: str, role: str, disabled: bool, now: datetime
) -> None:
    """A disabled one is refused until it is enabled again; its keys stay."""
    await roles.keep(conn, scope, role)
    await conn.execute(_SQL["update"], scope.tenant_id, account_id, description, role, disabled, now)


async def delete(conn: WriteConn, scope: TenantScope, account_id: UUID, now: datetime) -> bool:
    """Whether there was one; its keys are revoked and its grants go."""
    if not (await conn.execute(_SQL["delete"], scope.tenant_id, account_id)).endswith(" 1"):
        return False
    await grants.delete_of(conn, scope, "service_account", str(account_id))
    await api_keys.revoke_of(conn, scope, "service_account", account_id, now)
    return True
