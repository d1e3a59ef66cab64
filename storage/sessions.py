"""Sessions: a refresh token is used once, and names its successor for ten seconds more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from storage import identity
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("sessions")
REUSE_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A sign-in on one device, by `factors`; only the hash of its refresh token is stored."""

    id: UUID
    user_id: UUID
    tenant_id: UUID
    user_agent: str
    address: str
    refresh_hash: bytes = field(repr=False)
    refresh_expires_at: datetime
    factors: Sequence[str] = ("pwd",)
    authenticated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Successor:
    """A refresh token that replaces another: its hash, and itself sealed for the holder of the other."""

    hash: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """The session of a used token. `successor_sealed` is set when it had been used a moment ago."""

    session_id: UUID
    user_id: UUID
    tenant_id: UUID
    role: str
    successor_sealed: bytes | None = field(repr=False)
    factors: Sequence[str]
    authenticated_at: datetime


async def open_session(conn: WriteConn, session: NewSession, now: datetime) -> None:
    """Stores the session with its first refresh token."""
    await conn.execute(
        _SQL["add_session"], session.id, session.user_id, session.tenant_id, session.user_agent, session.address,
        list(session.factors), session.authenticated_at or now,
    )
    await conn.execute(_SQL["add_refresh_token"], session.refresh_hash, session.id, now, session.refresh_expires_at)


async def rotate(conn: WriteConn, used: bytes, successor: Successor, now: datetime) -> Rotation | None:
    """Uses the token with the hash `used` once; the same again within REUSE_GRACE names the same successor.

    None for an unknown, expired or revoked one. One used longer ago has been stolen, or its successor has: then the
    whole session ends. The row is locked, so two that race come one after the other.
    """
    row = await conn.fetchrow(_SQL["lock_refresh_token"], used)
    if row is None or not row["living"] or row["expires_at"] <= now:
        return None
    if row["used_at"] is not None and now - row["used_at"] > REUSE_GRACE:
        await revoke(conn, row["session_id"], now)
        return None
    await identity.enter_as(conn, row["user_id"])
    role = await identity.role(conn, row["tenant_id"], row["user_id"])
    if role is None:
        return None
    if row["used_at"] is None:
        await _replace(conn, used, successor, row, now)
    return Rotation(
        row["session_id"], row["user_id"], row["tenant_id"], role, row["successor_sealed"], row["factors"],
        row["authenticated_at"],
    )


async def _replace(
    conn: WriteConn, used: bytes, successor: Successor, row: Mapping[str, Any], now: datetime
) -> None:
    await conn.execute(_SQL["use_refresh_token"], used, now, successor.sealed)
    await conn.execute(_SQL["add_refresh_token"], successor.hash, row["session_id"], now, successor.expires_at)


async def revoke(conn: WriteConn, session_id: UUID, now: datetime) -> None:
    """Ends the session for good."""
    await conn.execute(_SQL["revoke"], session_id, now)


async def session_of(conn: ReadConn, refresh_hash: bytes) -> UUID | None:
    """The session that a refresh token belongs to, used or not."""
    found: UUID | None = await conn.fetchval(_SQL["session_of"], refresh_hash)
    return found


async def ended(conn: ReadConn, since: datetime) -> Sequence[UUID]:
    """Sessions that ended after `since`, those of disabled users included."""
    return [row["id"] for row in await conn.fetch(_SQL["ended"], since)]


async def add_ticket(conn: WriteConn, ticket_hash: bytes, user_id: UUID, tenant_id: UUID, until: datetime) -> None:
    """A one-time way to sign in until then."""
    await conn.execute(_SQL["add_ticket"], ticket_hash, user_id, tenant_id, until)


async def use_ticket(conn: WriteConn, ticket_hash: bytes, now: datetime) -> tuple[UUID, UUID] | None:
    """User and tenant, the first time only."""
    row = await conn.fetchrow(_SQL["use_ticket"], ticket_hash, now)
    return (row["user_id"], row["tenant_id"]) if row else None
