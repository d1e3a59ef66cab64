"""Sessions: a refresh token is used once, and names its successor for ten seconds more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from models.domain.errors import Unauthenticated
from storage.postgres import Database, ReadConn, WriteConn
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
    device: str = ""
    network: str = ""
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Successor:
    """A refresh token that replaces another: its hash, and itself sealed for the holder of the other."""

    hash: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """The session of a used token. `successor_sealed` is set when it had been used a moment ago.

    `stolen`: it had been used long ago, and the session has ended now.
    """

    session_id: UUID
    user_id: UUID
    tenant_id: UUID
    role: str
    successor_sealed: bytes | None = field(repr=False)
    factors: Sequence[str]
    authenticated_at: datetime
    stolen: bool = False


async def open_session(conn: WriteConn, session: NewSession, now: datetime) -> None:
    """Stores the session with its first refresh token.

    Unauthenticated when all sessions of the user were ended since `session.epoch` was read, or the user is disabled.
    """
    opened = await conn.fetchval(
        _SQL["open_session"], session.id, session.user_id, session.tenant_id, session.user_agent, session.address,
        list(session.factors), session.authenticated_at or now, now, session.refresh_expires_at, session.device,
        session.network, session.epoch, session.refresh_hash,
    )  # fmt: skip
    if opened is None:
        raise Unauthenticated("What you signed in with has changed meanwhile. Sign in again.")


async def is_new_device(conn: ReadConn, session: NewSession, since: datetime) -> bool:
    """Whether the user had sessions before, and none since then on such a device in that part of the net."""
    new: bool = await conn.fetchval(
        _SQL["is_new_device"], session.user_id, session.id, session.device, session.network, since
    )
    return new


async def rotate(database: Database, used: bytes, successor: Successor, now: datetime) -> Rotation | None:
    """Uses the token with the hash `used` once; the same again within REUSE_GRACE names the same successor.

    None for an unknown, expired or revoked one. One used longer ago has been stolen, or its successor has: then the
    whole session ends. The row is locked, so two that race come one after the other. One round trip.
    """
    row = await database.at_once(
        _SQL["rotate"], used, successor.hash, successor.sealed, successor.expires_at, now, REUSE_GRACE
    )
    return Rotation(**{**row, "factors": tuple(row["factors"])}) if row else None


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
