"""Follows which sessions have ended, so that a token that still lives is refused everywhere within a second."""

from __future__ import annotations

from datetime import timedelta

from models.domain.clock import Clock
from models.domain.limits import Limits
from serve.auth.gate import Gate
from serve.auth.watching import watch
from serve.ports import IdentityRepository

# Clocks of the database and of this machine may differ by this much.
_SKEW = timedelta(seconds=60)


class SessionWatch:
    """Reads the ended sessions every `limits.session_watch_seconds` and feeds them to the gate."""

    def __init__(self, identity: IdentityRepository, gate: Gate, clock: Clock, limits: Limits) -> None:
        self._identity = identity
        self._gate = gate
        self._clock = clock
        self._pause = limits.session_watch_seconds
        self._life = timedelta(seconds=max(limits.access_token_seconds, limits.push_token_seconds)) + _SKEW

    async def run_once(self) -> int:
        """How many sessions are refused now; those that ended before any living token was made are left out."""
        ended = await self._identity.ended_sessions(self._clock.now() - self._life)
        self._gate.replace_ended(ended)
        return len(ended)

    async def run(self) -> None:
        """Until cancelled. While the database is away, what was known stays in force."""
        await watch("the watch over ended sessions", self.run_once, self._pause)
