"""What the API needs for a user's own account, beside sign-in; cluster/adapters/api_accounts.py provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from serve.mail.ports import NewMail
from serve.records import NewAccount, NewSession


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


class AccountRepository(Protocol):
    """Addresses, passwords and sessions of users. Nothing here is given a plain token or password.

    The three `ask_` methods do the same work whether the address has an account or not, and do not tell.
    """

    async def ask_registration(self, name: str, email: str, sealed: bytes, token: NewToken, mail: NewMail) -> None:
        """Conflict when a tenant has that public name. The mail goes out as `verification` or `account_exists`."""

    async def ask_reset(self, email: str, token: NewToken, mail: NewMail) -> None: ...

    async def ask_verification(self, email: str, token: NewToken, mail: NewMail) -> None:
        """For an account or a registration whose address is not verified."""

    async def add_verification(self, user_id: UUID, email: str, token: NewToken, mail: NewMail) -> None: ...

    async def registration(self, token_hash: bytes, now: datetime) -> PendingRegistration | None: ...

    async def register(self, token_hash: bytes, account: NewAccount, session: NewSession, now: datetime) -> bool:
        """Uses the token and makes the account with a verified address; False when the token was used meanwhile.
        Conflict when the name or the address was taken meanwhile."""

    async def to_verify(self, token_hash: bytes, now: datetime) -> UUID | None:
        """The user whose address a token verifies."""

    async def verify(self, token_hash: bytes, now: datetime) -> bool: ...

    async def reset_of(self, token_hash: bytes, now: datetime) -> tuple[UUID, str] | None:
        """The user and address that a token resets the password of."""

    async def reset(
        self, token_hash: bytes, password_hash: str, mail: NewMail | None, now: datetime
    ) -> Sequence[UUID] | None:
        """The sessions that ended; None when the token was used meanwhile."""

    async def change_password(
        self, user_id: UUID, old: str, new: str, session: NewSession, mail: NewMail | None, now: datetime
    ) -> Sequence[UUID] | None:
        """Ends all sessions and opens the given one: the sessions that ended; None when the old hash is none any
        more."""

    async def rehash(self, user_id: UUID, old: str, new: str) -> None: ...

    async def sessions(self, user_id: UUID, now: datetime, limit: int) -> Sequence[LivingSession]:
        """The one seen last first."""

    async def end_session(self, user_id: UUID, session_id: UUID, now: datetime) -> None:
        """NotFound when the user has no such session."""

    async def end_others(self, user_id: UUID, kept: UUID, now: datetime) -> Sequence[UUID]: ...

    async def end_all(self, user_id: UUID, now: datetime) -> Sequence[UUID]: ...

    async def profile(self, user_id: UUID) -> Profile | None: ...

    async def update_profile(
        self, user_id: UUID, name: str | None, locale: str | None, time_zone: str | None
    ) -> Profile | None:
        """What is None stays as it is."""


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What a tenant sets for itself. `allowed_origins`: pages from there may call the API."""

    name: str
    display_name: str
    allowed_origins: Sequence[str]
    updated_at: datetime | None


class TenantRepository(Protocol):
    """Settings of tenants."""

    async def settings(self, tenant_id: UUID) -> TenantSettings:
        """NotFound when there is no such tenant."""

    async def put_settings(
        self, tenant_id: UUID, display_name: str, allowed_origins: Sequence[str], now: datetime
    ) -> TenantSettings: ...

    async def all_allowed_origins(self) -> Mapping[UUID, frozenset[str]]:
        """Of every tenant that allows any."""
