"""Identity providers of tenants, and the domains whose people they sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.domain.errors import Conflict, LimitExceeded
from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("sso")


@dataclass(frozen=True, slots=True)
class Provider:
    """As it is stored."""

    tenant_id: UUID
    id: UUID
    name: str
    kind: str
    enabled: bool
    settings: Mapping[str, Any]
    rules: Mapping[str, Any]
    secret_sealed: bytes | None = field(repr=False)
    last_error: str | None
    last_error_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewProvider:
    """As it is written; without a secret the old one stays."""

    id: UUID
    tenant_id: UUID
    name: str
    kind: str
    enabled: bool
    settings: Mapping[str, Any]
    rules: Mapping[str, Any]
    secret_sealed: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of a tenant."""

    domain: str
    token: str
    provider_id: UUID | None
    enforced: bool
    verified_at: datetime | None
    verified_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """Where the people of a domain sign in."""

    tenant_id: UUID
    provider_id: UUID
    name: str
    kind: str
    enforced: bool


async def add_provider(conn: WriteConn, one: NewProvider, now: datetime, most: int) -> Provider:
    """LimitExceeded when it is more than `most`."""
    row = await conn.fetchrow(
        _SQL["add_provider"], one.tenant_id, one.id, one.name, one.kind, one.enabled, one.settings, one.rules,
        one.secret_sealed, now,
    )  # fmt: skip
    if await conn.fetchval(_SQL["count_providers"], one.tenant_id) > most:
        raise LimitExceeded("max_identity_providers", most)
    return Provider(**row)


async def change_provider(conn: WriteConn, one: NewProvider, now: datetime) -> Provider | None:
    """None when there is none; the kind stays."""
    row = await conn.fetchrow(
        _SQL["change_provider"], one.tenant_id, one.id, one.name, one.enabled, one.settings, one.rules,
        one.secret_sealed, now,
    )  # fmt: skip
    return Provider(**row) if row else None


async def providers(conn: ReadConn, scope: TenantScope) -> Sequence[Provider]:
    """Oldest first."""
    return [Provider(**row) for row in await conn.fetch(_SQL["providers"], scope.tenant_id)]


async def provider(conn: ReadConn, scope: TenantScope, provider_id: UUID) -> Provider | None:
    """The provider, or None."""
    row = await conn.fetchrow(_SQL["provider"], scope.tenant_id, provider_id)
    return Provider(**row) if row else None


async def delete_provider(conn: WriteConn, scope: TenantScope, provider_id: UUID) -> bool:
    """Whether there was one; Conflict while a domain is led to it."""
    try:
        return (await conn.execute(_SQL["delete_provider"], scope.tenant_id, provider_id)).endswith(" 1")
    except asyncpg.ForeignKeyViolationError:
        raise Conflict("Domains are led to this identity provider; lead them elsewhere or remove them first.") from None


async def tenant_of_provider(conn: ReadConn, provider_id: UUID) -> UUID | None:
    """Of whatever tenant."""
    found: UUID | None = await conn.fetchval(_SQL["tenant_of_provider"], provider_id)
    return found


async def tenant_of_domain(conn: ReadConn, domain: str) -> UUID | None:
    """Who has verified the domain."""
    found: UUID | None = await conn.fetchval(_SQL["tenant_of_domain"], domain)
    return found


async def note_failure(conn: WriteConn, scope: TenantScope, provider_id: UUID, reason: str, now: datetime) -> None:
    """Why the last sign-in failed."""
    await conn.execute(_SQL["note_failure"], scope.tenant_id, provider_id, reason, now)


async def add_domain(
    conn: WriteConn, scope: TenantScope, domain: str, token: str, now: datetime, most: int
) -> Domain:
    """The domain, as it was when it is there already; LimitExceeded when it is more than `most`."""
    await conn.execute(_SQL["add_domain"], scope.tenant_id, domain, token, now)
    if await conn.fetchval(_SQL["count_domains"], scope.tenant_id) > most:
        raise LimitExceeded("max_sso_domains", most)
    return Domain(**await conn.fetchrow(_SQL["domain"], scope.tenant_id, domain))


async def domains(conn: ReadConn, scope: TenantScope) -> Sequence[Domain]:
    """By name."""
    return [Domain(**row) for row in await conn.fetch(_SQL["domains"], scope.tenant_id)]


async def domain(conn: ReadConn, scope: TenantScope, name: str) -> Domain | None:
    """The domain, or None."""
    row = await conn.fetchrow(_SQL["domain"], scope.tenant_id, name)
    return Domain(**row) if row else None


async def verify_domain(conn: WriteConn, scope: TenantScope, name: str, by: str, now: datetime) -> Domain | None:
    """None when there is none; Conflict when another tenant has verified it."""
    try:
        await conn.execute(_SQL["verify_domain"], scope.tenant_id, name, now, by)
    except asyncpg.UniqueViolationError:
        raise Conflict("Another tenant has verified this domain; ask the operator if it is yours.") from None
    return await domain(conn, scope, name)


async def lead_domain(
    conn: WriteConn, scope: TenantScope, name: str, provider_id: UUID | None, enforced: bool, now: datetime
) -> Domain | None:
    """None when there is none; Conflict when it cannot be enforced, or the provider is not there."""
    try:
        await conn.execute(_SQL["lead_domain"], scope.tenant_id, name, provider_id, enforced)
    except asyncpg.ForeignKeyViolationError:
        raise Conflict("There is no such identity provider.") from None
    except asyncpg.CheckViolationError:
        raise Conflict("Verify the domain first; then single sign-on can be required of its people.") from None
    if enforced:
        await conn.execute(_SQL["end_password_sessions"], scope.tenant_id, name, now)
    return await domain(conn, scope, name)


async def delete_domain(conn: WriteConn, scope: TenantScope, name: str) -> bool:
    """Whether there was one."""
    return (await conn.execute(_SQL["delete_domain"], scope.tenant_id, name)).endswith(" 1")


async def route(conn: ReadConn, scope: TenantScope, name: str) -> Route | None:
    """Where its people sign in, when it is verified and led to an enabled provider."""
    row = await conn.fetchrow(_SQL["route"], scope.tenant_id, name)
    return Route(**row) if row else None


async def tenant_name(conn: ReadConn, tenant_id: UUID) -> str:
    """The public name."""
    found: str = await conn.fetchval(_SQL["tenant_name"], tenant_id)
    return found
