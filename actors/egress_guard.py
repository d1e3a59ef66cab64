"""Names to addresses that calls may go to: resolved once, checked, and then connected to as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.outbound_http import Resolve, resolve_by_system
from models.domain.egress import EgressPolicy, Target
from models.domain.errors import Unavailable


class EgressGuard:
    """The egress rules for what is not HTTP."""

    def __init__(self, policy: EgressPolicy, seconds: float, resolve: Resolve = resolve_by_system) -> None:
        self._policy, self._seconds, self._resolve = policy, seconds, resolve

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """All addresses of the host; EgressRefused when one may not be reached, Unavailable when there is none."""
        target = Target("", host, port)
        if target.literal is not None:
            return self._policy.check(target, [str(target.literal)])
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError, TimeoutError):
            raise Unavailable(f"The name {host} is not known.") from None
        return self._policy.check(target, found)
