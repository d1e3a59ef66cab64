"""What a session is made of: its record, its refresh token, and the access tokens that tell how it was proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from models.domain.clock import Clock
from models.domain.devices import device_name, network_of
from models.domain.factors import PASSWORD
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve.auth.refresh import new_refresh_token, token_hash
from serve.auth.tokens import TokenKeys, issue
from serve.records import NewSession


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens of a session; `expires_in` seconds is the life of the access token."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


class SessionTokens:
    """Makes sessions and their tokens; stores nothing."""

    def __init__(self, keys: TokenKeys, clock: Clock, limits: Limits) -> None:
        self._keys, self._clock, self._limits = keys, clock, limits

    def new_session(
        self, user_id: UUID, tenant_id: UUID, device: Device, now: datetime,
        factors: Sequence[str] = (PASSWORD,), authenticated_at: datetime | None = None, epoch: int | None = None,
    ) -> tuple[NewSession, str]:  # fmt: skip
        """A session to be stored, and its refresh token. It was proved by `factors`, now if not told otherwise, when
        the user's session epoch was `epoch`."""
        token = new_refresh_token()
        session = NewSession(
            uuid7(now), user_id, tenant_id, device.user_agent[:300], device.address,
            token_hash(token), self.refresh_until(now), tuple(factors), authenticated_at or now,
            device_name(device.user_agent), network_of(device.address), epoch,
        )  # fmt: skip
        return session, token

    def refresh_until(self, now: datetime) -> datetime:
        """Until when a refresh token made now works."""
        return now + timedelta(seconds=self._limits.refresh_token_seconds)

    def opened(self, session: NewSession, role: str, refresh_token: str, now: datetime) -> SignedIn:
        """The tokens of a session that was just stored."""
        principal = Principal(
            session.user_id, session.tenant_id, role, session.id, factors=tuple(session.factors),
            authenticated_at=session.authenticated_at,
        )  # fmt: skip
        return self.signed_in(principal, refresh_token, now)

    def signed_in(self, principal: Principal, refresh_token: str, now: datetime) -> SignedIn:
        """The tokens of a session whose principal this is."""
        token, seconds = self.access(principal, now)
        return SignedIn(token, refresh_token, seconds)

    def access(self, principal: Principal, now: datetime) -> tuple[str, int]:
        """An access token alone, and for how many seconds it lives."""
        seconds = self._limits.access_token_seconds
        return issue(self._keys, principal, now, seconds, "tidewire-api", "tidewire-push"), seconds
