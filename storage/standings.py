"""Whether signed-in users may go on as before: session, user and role, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.domain.identity import Principal
from storage.postgres import ReadConn
from storage.queries import load

_SQL = load("standings")


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored about a principal: whether its session is over, the role of its user now, and the version of the
    roles and grants of its tenant."""

    over: bool
    role: str | None
    version: int | None


async def standings(conn: ReadConn, principals: Sequence[Principal]) -> list[Found]:
    """In the order asked; the connection must see the tenants of all of them."""
    rows = await conn.fetch(
        _SQL["standings"],
        [p.session_id for p in principals],
        [p.user_id for p in principals],
        [p.tenant_id for p in principals],
    )
    return [Found(row["over"], row["role"], row["version"]) for row in rows]
