"""Signing keys over PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cluster.adapters.mapping import as_ as _as
from serve.auth import signing_keys as s
from storage import signing_keys
from storage.postgres import Database


class StoredSigningKeys:
    """See SigningKeyRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[s.StoredKey]:
        async with self._database.read() as conn:
            return [_as(s.StoredKey, one) for one in await signing_keys.find(conn)]

    async def add(
        self, new: s.StoredKey, first: Sequence[s.StoredKey], retires_at: datetime, newest_before: datetime | None
    ) -> bool:
        keys = [_as(signing_keys.StoredKey, one) for one in (new, *first)]
        async with self._database.unit_of_work() as conn:
            return await signing_keys.add(conn, keys[0], keys[1:], retires_at, newest_before)

    async def forget(self, now: datetime) -> None:
        async with self._database.unit_of_work() as conn:
            await signing_keys.forget(conn, now)
