"""Access tokens at the gateway's door."""

from __future__ import annotations

from datetime import UTC, datetime

from models.domain.clock import Clock
from models.domain.errors import Unauthenticated
from serve.auth.tokens import TokenKeys, verify
from serve.push.ports import SocketToken, TokenExpired

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class AccessTokens:
    """Verifies tokens of the audience tidewire-push (see TokenVerifier)."""

    def __init__(self, keys: TokenKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def verify(self, token: str) -> SocketToken:
        """TokenExpired when only the time is wrong, else Unauthenticated."""
        try:
            principal, expires = verify(self._keys, token, self._clock.now(), "tidewire-push")
        except Unauthenticated:
            # Clients get a new token for an expired one, and give up on a wrong one.
            verify(self._keys, token, _ALWAYS, "tidewire-push")
            raise TokenExpired from None
        return SocketToken(principal, datetime.fromtimestamp(expires, UTC))
