"""Keys that sign tokens, their private halves sealed; the same for all tenants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("signing_keys")


@dataclass(frozen=True, slots=True)
class StoredKey:
    """It signs from `activates_at`, and verifies until `retires_at`; no private half: a key of the secrets."""

    id: str
    private_sealed: bytes | None = field(repr=False)
    created_at: datetime
    activates_at: datetime
    retires_at: datetime | None


async def find(conn: ReadConn) -> Sequence[StoredKey]:
    """All, in the order in which they sign."""
    return [StoredKey(**row) for row in await conn.fetch(_SQL["list"])]


async def add(
    conn: WriteConn, new: StoredKey, first: Sequence[StoredKey], retires_at: datetime, newest_before: datetime | None
) -> bool:
    """False when a key was made since `newest_before`. One after the other: of two at once one is the later."""
    await conn.fetchval(_SQL["lock"])
    newest = await conn.fetchval(_SQL["newest"])
    if newest_before is not None and newest is not None and newest >= newest_before:
        return False
    for key in (*first, new):
        await conn.execute(_SQL["add"], key.id, key.private_sealed, key.created_at, key.activates_at, key.retires_at)
    await conn.execute(_SQL["retire"], new.id, retires_at)
    return True


async def forget(conn: WriteConn, now: datetime) -> None:
    """Deletes keys that have retired; that those of the secrets have, stays known."""
    await conn.execute(_SQL["forget"], now)
