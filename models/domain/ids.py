"""Identifiers: UUID version 7 (RFC 9562), ordered by time, so that indexes grow at their end."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

# Whole numbers: as a float, a time far away is not exact to the millisecond.
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def uuid7(at: datetime | None = None) -> UUID:
    """A new identifier whose first 48 bits are `at` (default: now) in milliseconds."""
    millis = (at - _EPOCH) // _MILLISECOND if at else time.time_ns() // 1_000_000
    value = (millis & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def uuid7_floor(at: datetime) -> UUID:
    """The smallest identifier of the millisecond of `at`; as the SQL function of the same name."""
    return UUID(int=max(0, (at - _EPOCH) // _MILLISECOND) << 80 & ((1 << 128) - 1))


def shard_of(tenant: UUID, shards: int = 64) -> int:
    """The shard a new tenant is put on (stored with the tenant, so that it can be moved later)."""
    return int.from_bytes(hashlib.blake2b(tenant.bytes, digest_size=4).digest(), "big") % shards
