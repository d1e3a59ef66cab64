"""The push gateway's ports over PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from models.domain.identity import Principal
from serve.push.ports import Standing
from storage.postgres import Database
from storage.standings import standings


class PushSessions:
    """See SessionCheck: one query of the app role for all sockets of a gateway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, principals: Collection[Principal]) -> Mapping[Principal, Standing]:
        """Those whose session ended (OVER) or whose role is another (CHANGED); Unavailable."""
        asked = list(principals)
        async with self._database.read({p.tenant_id for p in asked}) as conn:
            found = await standings(conn, asked)
        return {
            principal: Standing.OVER if now.over else Standing.CHANGED
            for principal, now in zip(asked, found, strict=True)
            if now.over or now.role != principal.role
        }
