"""The push gateway's ports over PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from models.domain.authorization import Rights
from models.domain.identity import Principal
from serve.push.ports import Granted, Standing
from storage import access
from storage.postgres import Database
from storage.standings import Found, standings


class PushSessions:
    """See SessionCheck: one query of the app role for all sockets of a gateway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, known: Mapping[Principal, int]) -> Mapping[Principal, Standing]:
        """See SessionCheck; Unavailable."""
        asked = list(known)
        async with self._database.read({p.tenant_id for p in asked}) as conn:
            found = await standings(conn, asked)
        standing = ((p, _standing(p, known[p], now)) for p, now in zip(asked, found, strict=True))
        return {principal: one for principal, one in standing if one is not None}

    async def rights(self, principals: Collection[Principal]) -> Mapping[Principal, Granted]:
        """See SessionCheck; Unavailable."""
        asked = list(principals)
        async with self._database.read({p.tenant_id for p in asked}) as conn:
            found = await access.standings(conn, [(p.tenant_id, p.user_id) for p in asked])
        return {
            p: Granted(Rights(now.role, now.permissions, now.grants, p.scopes), now.version)
            for p, now in zip(asked, found, strict=True)
            if now is not None
        }


def _standing(principal: Principal, version: int, now: Found) -> Standing | None:
    if now.over:
        return Standing.OVER
    if now.role != principal.role:
        return Standing.CHANGED
    return Standing.MOVED if now.version != version else None
