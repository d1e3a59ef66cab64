"""What users do about their own account: prove the address, change the password, end sessions, say who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from storage import mails
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("accounts")


@dataclass(frozen=True, slots=True)
class NewToken:
    """What the link of a mail proves; only the hash of the token is stored."""

    hash: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PendingRegistration:
    """An account that is there when its address is verified."""

    email: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Profile:
    """How a user is called and shown things."""

    id: UUID
    email: str
    name: str
    locale: str
    time_zone: str
    email_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class LivingSession:
    """A session that has not ended; it was last seen when its tokens were last renewed."""

    id: UUID
    tenant_id: UUID
    tenant_name: str
    user_agent: str
    address: str
    created_at: datetime
    factors: Sequence[str]
    last_seen_at: datetime


async def name_taken(conn: ReadConn, name: str) -> bool:
    """Whether a tenant has this public name."""
    taken: bool = await conn.fetchval(_SQL["name_taken"], name)
    return taken


async def ask_registration(
    conn: WriteConn, email: str, sealed: bytes, token: NewToken, mail: mails.NewMail
) -> None:
    """The mail has the link, or tells the owner of the address that there is an account already: the same two rows."""
    await conn.execute(
        _SQL["ask_registration"], token.hash, email, sealed, token.created_at, token.expires_at, mail.id, mail.sealed
    )


async def registration(conn: ReadConn, token_hash: bytes, now: datetime) -> PendingRegistration | None:
    """What the token completes, if it is known, unused and not expired."""
    row = await conn.fetchrow(_SQL["registration"], token_hash, now)
    return PendingRegistration(**row) if row else None


async def use_registration(conn: WriteConn, token_hash: bytes, now: datetime) -> bool:
    """True the first time only."""
    return await conn.fetchval(_SQL["use_registration"], token_hash, now) is not None


async def ask_reset(conn: WriteConn, email: str, token: NewToken, mail: mails.NewMail) -> None:
    """The same two rows, whether the address has an account or not; only one who has gets the mail."""
    await _ask(conn, "ask_reset", email, token, mail)


async def ask_verification(conn: WriteConn, email: str, token: NewToken, mail: mails.NewMail) -> None:
    """As ask_reset, for an account or a registration whose address is not verified yet."""
    await _ask(conn, "ask_verification", email, token, mail)


async def _ask(conn: WriteConn, name: str, email: str, token: NewToken, mail: mails.NewMail) -> None:
    await conn.execute(_SQL[name], token.hash, email, token.created_at, token.expires_at, mail.id, mail.sealed)


async def add_verification(conn: WriteConn, user_id: UUID, email: str, token: NewToken) -> None:
    """A token that verifies the address of a user who is there."""
    await conn.execute(_SQL["add_token"], token.hash, "verify", user_id, email, token.created_at, token.expires_at)


async def to_verify(conn: ReadConn, token_hash: bytes, now: datetime) -> UUID | None:
    """The user whose address a token verifies."""
    found: UUID | None = await conn.fetchval(_SQL["to_verify"], token_hash, now)
    return found


async def verify(conn: WriteConn, token_hash: bytes, now: datetime) -> UUID | None:
    """The user whose address is verified now, the first time only."""
    found: UUID | None = await conn.fetchval(_SQL["verify"], token_hash, now)
    return found


async def reset_of(conn: ReadConn, token_hash: bytes, now: datetime) -> tuple[UUID, str] | None:
    """The user and address that a token resets the password of."""
    row = await conn.fetchrow(_SQL["reset_of"], token_hash, now)
    return (row["user_id"], row["email"]) if row else None


async def use_reset(conn: WriteConn, token_hash: bytes, password_hash: str, now: datetime) -> UUID | None:
    """The user who has the new password now; every session of theirs and every other such token is worth nothing."""
    user_id: UUID | None = await conn.fetchval(_SQL["use_reset"], token_hash, password_hash, now)
    if user_id is not None:
        await conn.execute(_SQL["burn_resets"], user_id, now)
    return user_id


async def change_password(conn: WriteConn, user_id: UUID, old: str, new: str) -> int | None:
    """The session epoch after it; None when the password is another one by now. Sessions are ended by the caller."""
    epoch: int | None = await conn.fetchval(_SQL["change_password"], user_id, old, new)
    return epoch


async def rehash(conn: WriteConn, user_id: UUID, old: str, new: str) -> None:
    """Stores the same password hashed anew, if it is still the same."""
    await conn.execute(_SQL["rehash"], user_id, old, new)


async def end_all_sessions(conn: WriteConn, user_id: UUID, now: datetime) -> Sequence[UUID]:
    """Ends all sessions of the user, those that are being opened at this moment too; returns which were open."""
    # Waits for those who open a session by the old epoch; the next statement sees theirs.
    await conn.execute(_SQL["move_epoch"], user_id)
    return await end_sessions(conn, user_id, now)


async def end_sessions(conn: WriteConn, user_id: UUID, now: datetime) -> Sequence[UUID]:
    """Marks all sessions of a user whose session epoch has moved, and forgets sign-ins that wait for a second factor;
    returns which were open."""
    await conn.execute(_SQL["drop_challenges"], user_id)
    return [row["id"] for row in await conn.fetch(_SQL["end_sessions"], user_id, now)]


async def end_other_sessions(conn: WriteConn, user_id: UUID, now: datetime, kept: UUID) -> Sequence[UUID]:
    """Ends all sessions of the user but one; returns which were open."""
    return [row["id"] for row in await conn.fetch(_SQL["end_other_sessions"], user_id, now, kept)]


async def end_own_session(conn: WriteConn, user_id: UUID, now: datetime, session_id: UUID) -> bool:
    """False when the user has no such session."""
    return await conn.fetchval(_SQL["end_own_session"], user_id, now, session_id) is not None


async def living_sessions(conn: ReadConn, user_id: UUID, now: datetime, limit: int) -> Sequence[LivingSession]:
    """The one seen last first."""
    return [LivingSession(**row) for row in await conn.fetch(_SQL["living_sessions"], user_id, now, limit)]


async def profile(conn: ReadConn, user_id: UUID) -> Profile | None:
    """The profile, or None."""
    row = await conn.fetchrow(_SQL["profile"], user_id)
    return Profile(**row) if row else None


async def update_profile(
    conn: WriteConn, user_id: UUID, name: str | None, locale: str | None, time_zone: str | None
) -> Profile | None:
    """What is None stays as it is."""
    row = await conn.fetchrow(_SQL["update_profile"], user_id, name, locale, time_zone)
    return Profile(**row) if row else None
