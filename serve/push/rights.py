"""What the users behind sockets may do: looked up for many at once, as they come in waves when a gateway is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from models.domain.authorization import Rights, role_permissions
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from serve.push.ports import Granted, SessionCheck

_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Waiting:
    principal: Principal
    answer: asyncio.Future[Granted]


class SocketRights:
    """Asks the check for whoever came while it was asked for others. Without a check the role of the token counts."""

    def __init__(self, check: SessionCheck | None) -> None:
        self._check = check
        self._waiting: list[_Waiting] = []
        self._asking: asyncio.Task[None] | None = None

    async def of(self, principal: Principal) -> Granted:
        """Unauthenticated when the subject is not a member any more; Unavailable."""
        if self._check is None:
            return Granted(Rights(principal.role, role_permissions(principal.role)).narrowed(principal.scopes), 0)
        mine = _Waiting(principal, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(self._check))
        return await mine.answer

    async def _ask(self, check: SessionCheck) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                try:
                    _answer(batch, await check.rights({one.principal for one in batch}))
                except Exception as error:
                    for one in batch:
                        if not one.answer.done():
                            one.answer.set_exception(error)
        finally:
            self._asking = None

    async def close(self) -> None:
        """Lets nobody wait any longer."""
        if self._asking is not None:
            self._asking.cancel()
        for one in self._waiting:
            one.answer.cancel()


def _answer(batch: list[_Waiting], found: Mapping[Principal, Granted]) -> None:
    for one in batch:
        granted = found.get(one.principal)
        if one.answer.done():
            continue
        if granted is None:
            one.answer.set_exception(Unauthenticated("You are not a member of this tenant any more."))
        else:
            one.answer.set_result(granted)
