"""Signing keys that change while tokens live: the next one is published before it signs, old ones verify until what
they signed has expired. They are in the database, private halves sealed; the first one is in the instance's secrets.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from joserfc.jwk import OKPKey

from models.domain.clock import Clock
from models.domain.errors import TidewireError
from models.domain.limits import Limits
from models.domain.ports import Sealer
from serve.auth.tokens import TokenKeys, generate_keys, imported
from serve.context import log_failure

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """It signs from `activates_at` until the next one does, and verifies until `retires_at` (None: not decided yet).

    No private half: a key of the instance's secrets.
    """

    id: str
    private_sealed: bytes | None = field(repr=False)
    created_at: datetime
    activates_at: datetime
    retires_at: datetime | None


class SigningKeyRepository(Protocol):
    """Where keys are kept."""

    async def list(self) -> Sequence[StoredKey]:
        """All of them."""
        ...

    async def add(
        self, new: StoredKey, first: Sequence[StoredKey], retires_at: datetime, newest_before: datetime | None
    ) -> bool:
        """Adds the new key and lets all others retire, `first` (those of the secrets) included.

        Does nothing when a key was made since `newest_before`: another process was quicker.
        """
        ...

    async def forget(self, now: datetime) -> None:
        """Deletes the private halves of keys that have retired."""
        ...


class SigningKeys:
    """Keeps the TokenKeys of this process as the database says. Not for several threads."""

    def __init__(
        self, keys: TokenKeys, repository: SigningKeyRepository, sealer: Sealer, clock: Clock, limits: Limits,
        rotation_days: int = 0,
    ) -> None:  # fmt: skip
        self._keys = keys
        self._first = keys.all()
        self._repository = repository
        self._sealer = sealer
        self._clock = clock
        self._limits = limits
        self._days = rotation_days
        self._opened: dict[str, OKPKey] = {}

    async def load(self) -> None:
        """Takes over the keys as they are now."""
        stored, now = await self._repository.list(), self._clock.now()
        known = {one.id: one for one in stored}
        living = [
            (known[kid].activates_at if kid in known else _LONG_AGO, kid, key)
            for kid, key in self._first.items()
            if kid not in known or not _retired(known[kid], now)
        ]
        living += [
            (one.activates_at, one.id, self._open(one))
            for one in stored
            if one.private_sealed is not None and not _retired(one, now)
        ]
        signing = sorted((one for one in living if one[0] <= now), key=lambda one: one[0], reverse=True)
        coming = [one for one in living if one[0] > now]
        if signing:
            self._keys.replace({kid: key for _, kid, key in [*signing, *coming]})

    async def rotate(self, *, at_once: bool = False, newest_before: datetime | None = None) -> str | None:
        """The id of the new key; None when another process has just made one.

        `at_once`: a key has leaked. The new one signs now and all others are refused: everybody signs in again.
        """
        now = self._clock.now()
        made = json.loads(generate_keys())["keys"][0]
        lead = timedelta() if at_once else timedelta(seconds=self._limits.signing_key_lead_seconds)
        kept = timedelta() if at_once else timedelta(seconds=self._limits.signing_key_kept_seconds)
        sealed = self._sealer.seal(json.dumps(made).encode(), _context(made["kid"]))
        new = StoredKey(made["kid"], sealed, now, now + lead, None)
        first = [StoredKey(kid, None, _LONG_AGO, _LONG_AGO, None) for kid in self._first]
        if not await self._repository.add(new, first, new.activates_at + kept, newest_before):
            return None
        await self.load()
        return new.id

    async def rotate_when_due(self) -> bool:
        """Makes a new key when the newest one is older than the setting says."""
        if not self._days:
            return False
        before = self._clock.now() - timedelta(days=self._days)
        newest = max((one.created_at for one in await self._repository.list()), default=None)
        if newest is None:
            # The first key tells its age by its id.
            newest = max((_made_at(kid) for kid in self._first), default=_LONG_AGO)
        return newest < before and await self.rotate(newest_before=before) is not None

    async def run(self) -> None:
        """Until cancelled. While the database is away, the keys that are known stay."""
        while True:
            await asyncio.sleep(self._limits.signing_key_watch_seconds)
            try:
                await self.load()
                if await self.rotate_when_due():
                    await self._repository.forget(self._clock.now())
            except (TidewireError, OSError, TimeoutError) as error:
                log_failure("the watch over signing keys", error)

    def _open(self, stored: StoredKey) -> OKPKey:
        key = self._opened.get(stored.id)
        if key is None:
            assert stored.private_sealed is not None
            key = self._opened[stored.id] = imported(self._sealer.open(stored.private_sealed, _context(stored.id)))
        return key


def _retired(key: StoredKey, now: datetime) -> bool:
    return key.retires_at is not None and key.retires_at <= now


def _context(kid: str) -> str:
    return f"signing-key/{kid}"


def _made_at(kid: str) -> datetime:
    """From the milliseconds that a UUIDv7 begins with."""
    try:
        return datetime.fromtimestamp(int(kid[:12], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.now(UTC)
