"""Connections: named ways out to HTTP APIs, with the state that must outlive a session host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("connections")


@dataclass(frozen=True, slots=True)
class Connection:
    """`settings` has auth without secrets, quota and breaker; `state` their use, None before the first call."""

    name: str
    base_url: str
    settings: Mapping[str, Any]
    secret_sealed: bytes | None = field(repr=False)
    state: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime


async def put(
    conn: WriteConn,
    scope: TenantScope,
    name: str,
    base_url: str,
    settings: Mapping[str, Any],
    secret_sealed: bytes | None,
    now: datetime,
) -> bool:
    """True when new, False when replaced."""
    return bool(await conn.fetchval(_SQL["put"], scope.tenant_id, name, base_url, settings, secret_sealed, now))


async def find(conn: ReadConn, scope: TenantScope) -> Sequence[Connection]:
    """All of the tenant, by name."""
    return [Connection(**row) for row in await conn.fetch(_SQL["list"], scope.tenant_id)]


async def get(conn: ReadConn, scope: TenantScope, name: str) -> Connection | None:
    """The connection, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, name)
    return Connection(**row) if row else None


async def delete(conn: WriteConn, scope: TenantScope, name: str) -> bool:
    """Whether there was one; its state goes with it."""
    return (await conn.execute(_SQL["delete"], scope.tenant_id, name)).endswith(" 1")


async def save_state(
    conn: WriteConn, scope: TenantScope, name: str, state: Mapping[str, Any], now: datetime
) -> None:
    """Keeps breaker and quota; nothing when the connection was deleted meanwhile. Engine role."""
    await conn.execute(_SQL["save_state"], scope.tenant_id, name, state, now)


@dataclass(frozen=True, slots=True)
class Session:
    """What a session host needs of a connection; `state_at` is when the state was written."""

    base_url: str
    settings: Mapping[str, Any]
    secret_sealed: bytes | None = field(repr=False)
    updated_at: datetime
    state: Mapping[str, Any] | None
    state_at: datetime | None


async def session(conn: ReadConn, scope: TenantScope, name: str) -> Session | None:
    """The connection with its state, or None. Engine role."""
    row = await conn.fetchrow(_SQL["session"], scope.tenant_id, name)
    return Session(**row) if row else None


async def save_state_if(
    conn: WriteConn,
    scope: TenantScope,
    name: str,
    state: Mapping[str, Any],
    expected_at: datetime | None,
    now: datetime,
) -> bool:
    """As save_state, but only when the state was last written at `expected_at` (None: never). Engine role."""
    done = await conn.execute(_SQL["save_state_if"], scope.tenant_id, name, state, expected_at, now)
    return done.endswith(" 1")
