"""Tenants, users and who is a member where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from models.domain.errors import Conflict
from storage.postgres import ReadConn, WriteConn, array_text
from storage.queries import load

_SQL = load("identity")


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in; no password hash means that there is no password."""

    id: UUID
    email: str
    password_hash: str | None = field(repr=False)
    disabled: bool
    session_epoch: int = 0
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """A tenant of a user, with the role there."""

    tenant_id: UUID
    name: str
    display_name: str
    role: str


async def add_tenant(conn: WriteConn, tenant_id: UUID, name: str, display_name: str, shard: int) -> None:
    """Conflict when the name is taken."""
    try:
        await conn.execute(_SQL["add_tenant"], tenant_id, name, display_name, shard)
    except asyncpg.UniqueViolationError:
        raise _taken() from None


async def add_user(
    conn: WriteConn, user_id: UUID, email: str, password_hash: str | None, verified_at: datetime | None = None
) -> None:
    """Conflict when there is an account with this address, without regard to case."""
    try:
        await conn.execute(_SQL["add_user"], user_id, email, password_hash, verified_at)
    except asyncpg.UniqueViolationError:
        raise _taken() from None


async def add_member(conn: WriteConn, tenant_id: UUID, user_id: UUID, role: str) -> None:
    """The unit of work must name the tenant."""
    await conn.execute(_SQL["add_membership"], tenant_id, user_id, role)


async def user_by_email(conn: ReadConn, email: str) -> User | None:
    """Without regard to case."""
    row = await conn.fetchrow(_SQL["user_by_email"], email)
    return User(**row) if row else None


async def user(conn: ReadConn, user_id: UUID) -> User | None:
    """The user, or None."""
    row = await conn.fetchrow(_SQL["user"], user_id)
    return User(**row) if row else None


async def disable_user(conn: WriteConn, user_id: UUID, at: datetime) -> None:
    """The user can sign in no more, and the open sessions count as ended."""
    await conn.execute(_SQL["disable_user"], user_id, at)


async def memberships(conn: ReadConn, user_id: UUID) -> Sequence[Membership]:
    """Oldest first; the unit of work must name the user."""
    return [Membership(**row) for row in await conn.fetch(_SQL["memberships"], user_id)]


async def role(conn: ReadConn, tenant_id: UUID, user_id: UUID) -> str | None:
    """The role there, None for who is not a member."""
    found: str | None = await conn.fetchval(_SQL["role"], tenant_id, user_id)
    return found


async def tenant_by_name(conn: ReadConn, name: str) -> UUID | None:
    """The tenant with this public name."""
    found: UUID | None = await conn.fetchval(_SQL["tenant_by_name"], name)
    return found


async def shard(conn: ReadConn, tenant_id: UUID) -> int:
    """The shard that a tenant is on."""
    found: int = await conn.fetchval(_SQL["shard"], tenant_id)
    return found


async def enter(conn: ReadConn, tenant_id: UUID) -> None:
    """Scopes the rest of this transaction to a tenant that the transaction itself has found."""
    await conn.fetchval(_SQL["enter"], array_text([tenant_id]))


async def enter_as(conn: ReadConn, user_id: UUID) -> None:
    """Opens the memberships of a user that the transaction itself has found."""
    await conn.fetchval(_SQL["enter_as"], str(user_id))


def _taken() -> Conflict:
    # One answer for both, so that it does not tell whether an address has an account.
    return Conflict("This name or e-mail address is taken.")
