"""Follows which roles, grants and members changed, so that what callers may do is right everywhere in a second."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from models.domain.clock import Clock
from models.domain.limits import Limits
from serve.access_ports import AccessRepository
from serve.auth.access_directory import AccessDirectory
from serve.auth.keyring import Keyring
from serve.auth.watching import watch

# A change carries the time its transaction began; none may run as long as this, and clocks may differ a little.
_LOOK_BACK = timedelta(seconds=90)


class AccessWatch:
    """Asks every `limits.session_watch_seconds` what changed, and writes down which keys were used."""

    def __init__(
        self, repository: AccessRepository, directory: AccessDirectory, keyring: Keyring, clock: Clock, limits: Limits
    ) -> None:
        self._repository = repository
        self._directory = directory
        self._keyring = keyring
        self._clock = clock
        self._pause = limits.session_watch_seconds
        self._disabled: frozenset[UUID] = frozenset()

    async def run_once(self) -> int:
        """How many tenants changed of late."""
        found = await self._repository.changes(self._clock.now() - _LOOK_BACK)
        self._directory.changed(found.tenants)
        disabled = frozenset(found.users)
        self._directory.forget_subjects(disabled - self._disabled)
        self._disabled = disabled
        await self._keyring.note_use()
        return len(found.tenants)

    async def run(self) -> None:
        """Until cancelled. While the database is away, what was known stays in force until it is too old."""
        await watch("the watch over changed rights", self.run_once, self._pause)
