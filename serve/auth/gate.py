"""Admits requests: a verified token is remembered, a session that ended is refused although its token lives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from serve.auth.tokens import Audience, TokenKeys, verify


class Gate:
    """Checks tokens for one audience. Not for several threads."""

    def __init__(
        self, keys: TokenKeys, clock: Clock, audience: Audience = "tidewire-api", remembered: int = 10_000
    ) -> None:
        self._keys = keys
        self._generation = keys.generation
        self._clock = clock
        self._audience = audience
        self._remembered = remembered
        self._known: OrderedDict[str, tuple[Principal, int]] = OrderedDict()
        self._ended: frozenset[UUID] = frozenset()
        # Ended here, and perhaps not yet seen by the reader of the table whose answer is on its way.
        self._ended_here: frozenset[UUID] = frozenset()

    def admit(self, authorization: str) -> Principal:
        """The caller named by an Authorization header; Unauthenticated when there is none to trust."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        return self.admit_token(token)

    def admit_token(self, token: str) -> Principal:
        """The caller named by a token."""
        now = self._clock.now()
        if self._generation != self._keys.generation:
            self._known.clear()
            self._generation = self._keys.generation
        known = self._known.get(token)
        if known is None:
            known = verify(self._keys, token, now, self._audience)
            self._known[token] = known
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        elif known[1] <= now.timestamp():
            del self._known[token]
            raise Unauthenticated("Your access token has expired.")
        if known[0].session_id in self._ended:
            raise Unauthenticated("Your session has ended. Sign in again.")
        return known[0]

    def end(self, sessions: Iterable[UUID]) -> None:
        """Refuses these sessions from now on, beside those refused already."""
        self._ended_here |= frozenset(sessions)
        self._ended |= self._ended_here

    def replace_ended(self, sessions: Iterable[UUID]) -> None:
        """Refuses exactly these sessions; those that ended before any living token was issued may be left out.

        One that was ended here stays refused until it has come back in such a list.
        """
        found = frozenset(sessions)
        self._ended = found | self._ended_here
        self._ended_here -= found
