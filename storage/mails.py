"""Mails to send: written in the transaction that they tell of, claimed by one sender at a time, sent at least once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("mails")
# Decoys are never sent: asking about an address without an account costs the same as about one that has one.
DECOY = "nobody"


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be sent until `expires_at`; what is in it is sealed."""

    id: UUID
    kind: str
    recipient: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that the claimer may send now; `tries` counts this one."""

    id: UUID
    kind: str
    recipient: str
    sealed: bytes = field(repr=False)
    tries: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail that was not sent yet, and what went wrong at the last try."""

    id: UUID
    kind: str
    recipient: str
    sealed: bytes = field(repr=False)
    tries: int
    fault: str
    created_at: datetime
    expires_at: datetime


async def add(conn: WriteConn, mail: NewMail) -> None:
    """Sent after the commit of this transaction."""
    await conn.execute(
        _SQL["add_mail"], mail.id, mail.kind, mail.recipient, mail.sealed, mail.created_at, mail.expires_at
    )


async def add_to(conn: WriteConn, user_id: UUID, mail: NewMail) -> None:
    """As `add`, to the address that the user has; its `recipient` does not count."""
    await conn.execute(
        _SQL["add_mail_to_user"], mail.id, mail.kind, user_id, mail.sealed, mail.created_at, mail.expires_at
    )


async def claim(
    conn: WriteConn, now: datetime, lease: timedelta, limit: int, most_tries: int
) -> Sequence[ClaimedMail]:
    """Mails that are due; nobody else gets them before the lease is over."""
    await conn.execute(_SQL["drop_decoys"], now)
    rows = await conn.fetch(_SQL["claim"], now, now + lease, limit, most_tries)
    return [ClaimedMail(**row) for row in rows]


async def sent(conn: WriteConn, mail_id: UUID, now: datetime) -> None:
    """Keeps the row for a while, without what was in the mail."""
    await conn.execute(_SQL["sent"], mail_id, now)


async def failed(conn: WriteConn, mail_id: UUID, again_at: datetime, fault: str) -> None:
    """To be tried again then."""
    await conn.execute(_SQL["failed"], mail_id, again_at, fault)


async def waiting(conn: ReadConn, now: datetime, limit: int) -> Sequence[WaitingMail]:
    """Newest first."""
    return [WaitingMail(**row) for row in await conn.fetch(_SQL["waiting"], now, limit)]


async def forget(conn: WriteConn, now: datetime, kept: timedelta, refresh_life: timedelta) -> None:
    """Deletes mails, tokens of mails, tickets and refresh tokens that nobody can use any more.

    Used refresh tokens and sent mails are remembered for `kept`; a refresh token lives for `refresh_life`.
    """
    await conn.execute(_SQL["forget_mails"], now, now - kept)
    await conn.execute(_SQL["forget_account_tokens"], now)
    await conn.execute(_SQL["forget_tickets"], now)
    await conn.execute(_SQL["forget_refresh_tokens"], now, now - kept + refresh_life)
