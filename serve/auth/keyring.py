"""API keys: random texts of which only hashes are stored; who presents one acts as its user or service account."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Unauthenticated
from models.domain.identity import Credential, Principal
from models.domain.limits import Limits
from serve.access_ports import AccessRepository, KnownKey
from serve.auth.refresh import token_hash

PREFIX = "twk_"
_SHOWN = 12
_FORM = re.compile(r"twk_[A-Za-z0-9_-]{43}", re.ASCII)
_MOST_REFUSED = 1_000
_REFUSED = "This API key is unknown, revoked or expired."


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as its maker sees it once, the beginning that lists show, and what is stored."""

    key: str
    prefix: str
    hash: bytes


def new_key() -> NewKey:
    """256 random bits; the prefix lets secret scanners recognise it."""
    key = PREFIX + secrets.token_urlsafe(32)
    return NewKey(key, key[:_SHOWN], token_hash(key))


class Keyring:
    """Admits API keys. What a key is, is remembered for `limits.api_key_cache_seconds`. Not for several threads."""

    def __init__(self, repository: AccessRepository, clock: Clock, limits: Limits) -> None:
        self._repository = repository
        self._clock = clock
        self._limits = limits
        self._known: OrderedDict[bytes, tuple[KnownKey, Principal, float]] = OrderedDict()
        self._loading: dict[bytes, asyncio.Task[KnownKey | None]] = {}
        # Programs go on for days with keys that were revoked; the database is not asked for each of their requests.
        self._refused: OrderedDict[bytes, float] = OrderedDict()
        self._used: dict[UUID, tuple[UUID, datetime]] = {}
        self._noted: dict[UUID, datetime] = {}

    async def admit(self, key: str) -> Principal:
        """Whom the key acts for; Unauthenticated. The principal has no role yet."""
        if _FORM.fullmatch(key) is None:
            raise Unauthenticated(_REFUSED)
        # Only hashes are ever compared, so how long that takes tells nothing about keys.
        key_hash, now = token_hash(key), self._clock.now()
        known = self._known.get(key_hash)
        if known is None or known[2] < self._clock.monotonic():
            known = await self._find(key_hash)
        found, principal, _ = known
        if found.expires_at is not None and found.expires_at <= now:
            raise Unauthenticated(_REFUSED)
        self._use(found, now)
        return principal

    async def _find(self, key_hash: bytes) -> tuple[KnownKey, Principal, float]:
        task = self._loading.get(key_hash)
        asked_at = self._clock.monotonic()
        if self._refused.get(key_hash, 0.0) > asked_at:
            raise Unauthenticated(_REFUSED)
        if task is None:
            task = self._loading[key_hash] = asyncio.create_task(self._repository.key(key_hash))
            task.add_done_callback(lambda done: self._loaded(key_hash, done))
        found = await asyncio.shield(task)
        if found is None:
            self._known.pop(key_hash, None)
            self._refuse(key_hash, asked_at + self._limits.api_key_cache_seconds)
            raise Unauthenticated(_REFUSED)
        principal = Principal(
            found.subject_id, found.tenant_id, "", found.id, found.subject, found.scopes,
            credential=Credential.API_KEY,
        )  # fmt: skip
        known = self._known[key_hash] = (found, principal, asked_at + self._limits.api_key_cache_seconds)
        if len(self._known) > self._limits.max_cached_rights:
            self._known.popitem(last=False)
        return known

    def _refuse(self, key_hash: bytes, until: float) -> None:
        self._refused[key_hash] = until
        if len(self._refused) > _MOST_REFUSED:
            self._refused.popitem(last=False)

    def _loaded(self, key_hash: bytes, done: asyncio.Task[KnownKey | None]) -> None:
        self._loading.pop(key_hash, None)
        if not done.cancelled():
            done.exception()

    def forget(self, key_id: UUID) -> None:
        """What was revoked here is refused here at once."""
        for key_hash in [one for one, known in self._known.items() if known[0].id == key_id]:
            del self._known[key_hash]

    def forget_subject(self, tenant_id: UUID, subject_id: UUID) -> None:
        """As `forget`, for all keys of one who left."""
        for key_hash, (key, _, _) in list(self._known.items()):
            if (key.tenant_id, key.subject_id) == (tenant_id, subject_id):
                del self._known[key_hash]

    def _use(self, key: KnownKey, now: datetime) -> None:
        noted = self._noted.get(key.id)
        if noted is None or now - noted >= timedelta(seconds=self._limits.api_key_use_seconds):
            self._used[key.id] = (key.tenant_id, now)

    async def note_use(self) -> int:
        """Writes down which keys were used, each at most once in `limits.api_key_use_seconds`; how many there were."""
        used, self._used = self._used, {}
        if not used:
            return 0
        now = self._clock.now()
        recent = timedelta(seconds=self._limits.api_key_use_seconds)
        self._noted = {key: at for key, at in self._noted.items() if now - at < recent}
        self._noted.update({key: at for key, (_, at) in used.items()})
        await self._repository.note_use(used)
        return len(used)
