"""Refused permissions and failed sign-ins, told to the audit log: at most one entry a minute for each kind of them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace

from models.domain.audit import Actor, ActorKind, Outcome, Trail
from models.domain.clock import Clock
from models.domain.limits import Limits
from serve.audit_ports import AuditRepository
from serve.audit_trail import Asking, Telling, tell_late
from serve.context import log_failure

_Kind = tuple[str, ...]
_PAUSE = 0.5


@dataclass(slots=True)
class _Waiting:
    """What came of one kind since it was told last. `email`: of a sign-in whose tenant is not known yet."""

    trail: Trail
    count: int
    email: str | None = None


class Refusals:
    """Keeps what is to be told until a loop tells it: nobody waits for it, and a flood writes little.

    The first of a kind is told at once, those that follow within `audit_refusal_seconds` together, with their number.
    What waits when the process dies is lost; nothing was changed by it. Not for several threads.
    """

    def __init__(self, audit: AuditRepository, clock: Clock, limits: Limits) -> None:
        self._audit = audit
        self._clock = clock
        self._window = limits.audit_refusal_seconds
        self._most = limits.max_audit_refusals
        self._waiting: OrderedDict[_Kind, _Waiting] = OrderedDict()
        self._told: OrderedDict[_Kind, float] = OrderedDict()

    def refused(self, asking: Asking, telling: Telling) -> None:
        """The caller was not allowed to."""
        assert asking.principal is not None
        trail = telling.trail(asking)
        trail.outcome = Outcome.REFUSED
        who = asking.principal
        self._note((str(who.tenant_id), str(who.user_id), telling.action, telling.permission or ""), trail)

    def sign_in_failed(self, asking: Asking, email: str) -> None:
        """Somebody tried to sign in as this address; told to the tenants of its account, if there is one."""
        trail = Telling("login", None, "account").trail(asking)
        trail.outcome, trail.actor = Outcome.FAILED, Actor(ActorKind.ANONYMOUS)
        address = email.strip().lower()[:254]
        self._note(("sign-in", address), trail, address)

    def _note(self, kind: _Kind, trail: Trail, email: str | None = None) -> None:
        waiting = self._waiting.get(kind)
        if waiting is not None:
            waiting.count += 1
        elif len(self._waiting) < self._most:
            self._waiting[kind] = _Waiting(trail, 1, email)

    async def flush(self) -> int:
        """Tells what is due; returns how many kinds that were."""
        now = self._clock.monotonic()
        while self._told and next(iter(self._told.values())) + self._window <= now:
            self._told.popitem(last=False)
        due = [kind for kind in self._waiting if kind not in self._told]
        for kind in due:
            waiting = self._waiting.pop(kind)
            self._told[kind] = now
            await self._tell(waiting)
        return len(due)

    async def _tell(self, waiting: _Waiting) -> None:
        trail = waiting.trail
        if waiting.count > 1:
            trail.after = {"times": waiting.count}
        if waiting.email is None:
            await tell_late(self._audit, trail)
            return
        for tenant, user in await self._audit.tenants_of(waiting.email):
            await tell_late(self._audit, replace(trail, tenant=tenant, resource_id=str(user)))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE)
            try:
                await self.flush()
            except Exception as error:
                log_failure("the audit log", error)
