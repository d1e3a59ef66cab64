"""What each caller may do, remembered by the replica until a role, grant or membership of the tenant changes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.domain.authorization import Rights
from models.domain.clock import Clock
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal, SubjectKind
from models.domain.limits import Limits
from serve.access_ports import AccessRepository, Standing

_Who = tuple[UUID, bool, UUID]


@dataclass(frozen=True, slots=True)
class Entry:
    """Rights before any scopes narrow them; looked up anew after `until` (monotonic seconds)."""

    rights: Rights
    version: int
    until: float
    mfa_required: bool = False


class AccessDirectory:
    """Rights by tenant and subject, the least recently used forgotten first. Not for several threads."""

    def __init__(self, repository: AccessRepository, clock: Clock, limits: Limits) -> None:
        self._repository = repository
        self._clock = clock
        self._most = limits.max_cached_rights
        self._seconds = limits.access_cache_seconds
        self._known: OrderedDict[_Who, Entry] = OrderedDict()
        self._loading: dict[_Who, asyncio.Task[Entry | None]] = {}
        # The version that a tenant is known to have reached: an answer that was on its way is not kept when older.
        self._versions: dict[UUID, int] = {}
        self._forgotten = 0

    def known(self, principal: Principal) -> Entry | None:
        """What is remembered and still holds."""
        who = _who(principal)
        entry = self._known.get(who)
        if entry is None or entry.until < self._clock.monotonic():
            return None
        self._known.move_to_end(who)
        return entry

    async def find(self, principal: Principal) -> Entry:
        """Unauthenticated when the subject is not a member of the tenant any more."""
        entry = self.known(principal) or await self._load(principal)
        if entry is None:
            raise Unauthenticated("You are not a member of this tenant any more. Sign in again.")
        return entry

    async def _load(self, principal: Principal) -> Entry | None:
        who = _who(principal)
        task = self._loading.get(who)
        if task is None:
            task = self._loading[who] = asyncio.create_task(self._read(who, principal.subject))
            task.add_done_callback(lambda done: self._loaded(who, done))
        return await asyncio.shield(task)

    def _loaded(self, who: _Who, done: asyncio.Task[Entry | None]) -> None:
        if self._loading.get(who) is done:
            del self._loading[who]
        if not done.cancelled():
            # The error is told to those who wait for it; that nobody does any more is no fault of theirs.
            done.exception()

    async def _read(self, who: _Who, subject: SubjectKind) -> Entry | None:
        tenant_id, _, subject_id = who
        forgotten = self._forgotten
        found = await self._repository.standing(tenant_id, subject, subject_id)
        if found is None:
            return None
        entry = self._entry(found)
        if forgotten == self._forgotten and found.version >= self._versions.get(tenant_id, 0):
            self._known[who] = entry
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return entry

    def _entry(self, found: Standing) -> Entry:
        rights = Rights(found.role, found.permissions, found.grants)
        return Entry(rights, found.version, self._clock.monotonic() + self._seconds, found.mfa_required)

    def changed(self, versions: Mapping[UUID, int]) -> None:
        """Forgets what was remembered of tenants before these versions."""
        newer = {tenant: v for tenant, v in versions.items() if v > self._versions.get(tenant, -1)}
        self._versions = dict(versions)
        if newer:
            self._forget(lambda who, entry: entry.version < newer.get(who[0], -1))

    def forget_subjects(self, subjects: Iterable[UUID]) -> None:
        """Looks these users or service accounts up anew, in every tenant."""
        gone = frozenset(subjects)
        if gone:
            self._forget(lambda who, entry: who[2] in gone)

    def forget_tenant(self, tenant_id: UUID) -> None:
        """What this replica itself has just changed holds here at once."""
        self._forget(lambda who, entry: who[0] == tenant_id)

    def _forget(self, which: Any) -> None:
        self._forgotten += 1
        self._loading = {}
        for who in [who for who, entry in self._known.items() if which(who, entry)]:
            del self._known[who]


def _who(principal: Principal) -> _Who:
    return principal.tenant_id, principal.subject is SubjectKind.USER, principal.user_id
