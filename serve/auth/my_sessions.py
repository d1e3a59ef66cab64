"""Where a user is signed in, and signing out there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from models.domain.clock import Clock
from models.domain.identity import Principal
from models.domain.limits import Limits
from serve.account_ports import AccountRepository, LivingSession
from serve.auth.gate import Gate


class MySessions:
    """Sessions of the caller; one that ends is refused here at once and everywhere within a second."""

    def __init__(self, repository: AccountRepository, gate: Gate, clock: Clock, limits: Limits) -> None:
        self._repository = repository
        self._gate = gate
        self._clock = clock
        self._limits = limits

    async def list(self, principal: Principal) -> Sequence[LivingSession]:
        """The one seen last first."""
        return await self._repository.sessions(principal.user_id, self._clock.now(), self._limits.max_sessions_shown)

    async def end(self, principal: Principal, session_id: UUID) -> None:
        """NotFound when the caller has no such session."""
        await self._repository.end_session(principal.user_id, session_id, self._clock.now())
        self._gate.end([session_id])

    async def end_others(self, principal: Principal) -> int:
        """How many were open beside this one."""
        ended = await self._repository.end_others(principal.user_id, principal.session_id, self._clock.now())
        self._gate.end(ended)
        return len(ended)

    async def end_all(self, principal: Principal) -> int:
        """How many were open, this one too."""
        ended = await self._repository.end_all(principal.user_id, self._clock.now())
        self._gate.end([*ended, principal.session_id])
        return len(ended)
