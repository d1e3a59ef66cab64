"""Requests with an Idempotency-Key, from their claim to their answer; runs have theirs in storage/acceptance.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from storage.postgres import WriteConn
from storage.queries import load

_SQL = load("idempotency")


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a user for one route, and the claim of who wants it."""

    tenant_id: UUID
    user_id: UUID
    route: str
    key: str
    claim: UUID


@dataclass(frozen=True, slots=True)
class Found:
    """What somebody else has made of a key: `status` is None while there is no answer."""

    same: bool
    changed: bool
    status: int | None
    headers: Mapping[str, str] | None
    body: bytes | None
    lease_until: datetime


async def claim(
    conn: WriteConn, place: Place, body_hash: bytes, now: datetime, lease: timedelta, remembered: timedelta
) -> Found | None:
    """Takes the key until the lease ends (None), or tells who has it.

    A key is free when it is new or older than `remembered`, or when its lease has ended without a change.
    """
    at: tuple[Any, ...] = (place.tenant_id, place.user_id, place.route, place.key, body_hash)
    taken = await conn.fetchval(_SQL["claim"], *at, place.claim, now, now + lease, now - remembered)
    if taken:
        return None
    row = await conn.fetchrow(_SQL["found"], *at)
    # Given back between the two statements: whoever asks again takes it.
    return Found(**row) if row else Found(True, False, None, None, None, now)


async def mark(conn: WriteConn, place: Place) -> None:
    """Says in the transaction of a change that it was made; an error of class TW004 when the key was taken over."""
    await conn.execute(_SQL["mark"], *_of(place))


async def answer(conn: WriteConn, place: Place, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Keeps the answer; nothing when the key was taken over."""
    await conn.execute(_SQL["answer"], *_of(place), status, dict(headers), body)


async def release(conn: WriteConn, place: Place) -> bool:
    """Gives the key back unless a change was made with it."""
    return bool(int((await conn.execute(_SQL["release"], *_of(place))).rpartition(" ")[2]))


async def forget(conn: WriteConn, before: datetime, at_most: int) -> int:
    """Deletes keys that are older, how many; engine role."""
    return int((await conn.execute(_SQL["forget"], before, at_most)).rpartition(" ")[2])


def _of(place: Place) -> tuple[Any, ...]:
    return place.tenant_id, place.user_id, place.route, place.key, place.claim
