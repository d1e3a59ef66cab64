"""Two queues of turns: tenants that ask for little, and tenants that have much waiting."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from uuid import UUID

from actors.active_run import ActiveRun
from actors.mailboxes import Mailboxes

_LOUD_SECONDS = 1.0
_LATELY_LOUD_SECONDS = 10.0
_LATELY_SECONDS = 60.0


class Lanes:
    """A tenant with more than `most` turns waiting is loud until it has none; what comes for it from then on is bulk.

    Bulk is worked off in large groups, or in small ones while there are tenants that were here lately and not loud.
    What makes order matter stays: a run has one turn at a time, whichever lane that is in.
    """

    def __init__(self, weight: Callable[[UUID], int], now: Callable[[], float], most: int) -> None:
        self.quiet, self.bulk = Mailboxes(weight), Mailboxes(weight)
        self._now, self._most = now, most
        # Tenant -> when, the latest last.
        self._loud: dict[UUID, float] = {}
        self._seen: dict[UUID, float] = {}
        self._hurried = False

    def put(self, run: ActiveRun) -> bool:
        """Queues the run's turn unless it is there already; whether it is a quiet tenant's."""
        tenant = run.new.tenant_id
        if self.is_loud(tenant):
            self.bulk.put(run)
            if self.bulk.waiting(tenant) > self._most:
                self.call_loud(tenant)
            return False
        self.quiet.put(run)
        if self.quiet.waiting(tenant) > self._most:
            self.call_loud(tenant)
        elif self._now() > self._loud.get(tenant, -inf) + _LATELY_LOUD_SECONDS:
            _note(self._seen, tenant, self._now())
        return True

    def call_loud(self, tenant: UUID) -> None:
        """Much waits for it."""
        self._seen.pop(tenant, None)
        _note(self._loud, tenant, self._now())

    def is_loud(self, tenant: UUID) -> bool:
        """Whether the tenant has, or had a moment ago, much waiting."""
        at = self._loud.get(tenant)
        return at is not None and (self._now() < at + _LOUD_SECONDS or self.bulk.waiting(tenant) > 0)

    def hurry(self) -> None:
        """Bulk is not careful until `rest`: after a take-over everybody waits for runs to go on."""
        self._hurried = True

    def rest(self) -> None:
        """What was to be read after a take-over has been read."""
        self._hurried = False

    @property
    def are_shared(self) -> bool:
        """Whether bulk has to be careful: there is some, and tenants that were here within a minute
        and were not loud."""
        now = self._now()
        _forget(self._loud, now - _LATELY_LOUD_SECONDS)
        _forget(self._seen, now - _LATELY_SECONDS)
        return not self._hurried and bool(self._seen and (self._loud or self.bulk))


def _note(times: dict[UUID, float], tenant: UUID, at: float) -> None:
    times.pop(tenant, None)
    times[tenant] = at


def _forget(times: dict[UUID, float], before: float) -> None:
    while times:
        tenant, at = next(iter(times.items()))
        if at > before:
            return
        del times[tenant]
