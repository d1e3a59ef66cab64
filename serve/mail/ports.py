"""Mails on their way: written with the change they tell of, kept in a queue, handed to a mail server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.domain.errors import TidewireError


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be sent until `expires_at`; `sealed` holds what serve/mail/texts.py makes its text of."""

    id: UUID
    kind: str
    recipient: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that may be sent now; `tries` counts this one."""

    id: UUID
    kind: str
    recipient: str
    sealed: bytes = field(repr=False)
    tries: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as a person reads it."""

    id: UUID
    recipient: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class MailRefused(TidewireError):
    """The mail server refuses this mail for good."""


class MailQueue(Protocol):
    """Mails that were written and not sent yet. Every method may raise Unavailable."""

    async def claim(self, now: datetime) -> Sequence[ClaimedMail]:
        """Those that are due; nobody else gets them for a while."""

    async def sent(self, mail_id: UUID, now: datetime) -> None: ...

    async def failed(self, mail_id: UUID, again_at: datetime, fault: str) -> None: ...

    async def forget(self, now: datetime) -> None:
        """Deletes what is of no use any more."""


class Mailer(Protocol):
    """A way to a mail server."""

    async def send(self, message: Message) -> None:
        """Returns when the server has taken it; MailRefused when it never will, Unavailable when not now."""
