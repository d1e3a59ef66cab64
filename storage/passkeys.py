"""Passkeys of users: public keys, and how often each has signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from models.domain.errors import Conflict, LimitExceeded
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("passkeys")


@dataclass(frozen=True, slots=True)
class Passkey:
    """`public_key` is a COSE key; `backed_up`: it lives on more than one device."""

    id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]
    backed_up: bool
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


async def add(conn: WriteConn, passkey: Passkey, most: int) -> None:
    """Conflict when the credential is there already, whosesoever it is; LimitExceeded when one too many."""
    if await conn.fetchval(_SQL["count"], passkey.user_id) >= most:
        raise LimitExceeded("max_passkeys_per_user", most)
    try:
        await conn.execute(
            _SQL["add"], passkey.id, passkey.user_id, passkey.credential_id, passkey.public_key, passkey.sign_count,
            list(passkey.transports), passkey.backed_up, passkey.name, passkey.created_at,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise Conflict("This passkey is registered already.") from None


async def find(conn: ReadConn, user_id: UUID) -> Sequence[Passkey]:
    """All of the user, oldest first."""
    return [Passkey(**row) for row in await conn.fetch(_SQL["find"], user_id)]


async def by_credential(conn: ReadConn, credential_id: bytes) -> Passkey | None:
    """Whosesoever it is."""
    row = await conn.fetchrow(_SQL["by_credential"], credential_id)
    return Passkey(**row) if row else None


async def rename(conn: WriteConn, user_id: UUID, passkey_id: UUID, name: str) -> Passkey | None:
    """The passkey with its new name; None when the user has no such one."""
    row = await conn.fetchrow(_SQL["rename"], user_id, passkey_id, name)
    return Passkey(**row) if row else None


async def delete(conn: WriteConn, user_id: UUID, passkey_id: UUID) -> bool:
    """Whether there was one."""
    return bool(await conn.fetchval(_SQL["delete"], user_id, passkey_id))


async def use(conn: WriteConn, credential_id: bytes, sign_count: int, backed_up: bool, now: datetime) -> bool:
    """Keeps the count of signatures; False when it did not grow, as when a copy of the key is about.

    Keys that live on several devices do not count: theirs stays 0.
    """
    return bool(await conn.fetchval(_SQL["use"], credential_id, sign_count, backed_up, now))
