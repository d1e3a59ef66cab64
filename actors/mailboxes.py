"""Whose turn it is: each tenant has a queue of its own, and tenants take turns by weight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from uuid import UUID

from actors.active_run import ActiveRun


class Mailboxes:
    """Weighted round robin between tenants that have something to do; first come, first served within one.

    A tenant of weight w has w turns in a row at most, so that a loud one delays the others by w turns, however much
    it has waiting.
    """

    def __init__(self, weight: Callable[[UUID], int] = lambda tenant: 1) -> None:
        self._weight = weight
        self._queues: dict[UUID, deque[ActiveRun]] = {}
        self._ring: deque[UUID] = deque()
        self._credit = 0

    def __bool__(self) -> bool:
        return bool(self._ring)

    def waiting(self, tenant: UUID) -> int:
        """How many runs of the tenant wait."""
        return len(self._queues.get(tenant, ()))

    def put(self, run: ActiveRun) -> None:
        """Queues the run unless it is there already."""
        if run.is_queued:
            return
        run.is_queued = True
        tenant = run.new.tenant_id
        queue = self._queues.get(tenant)
        if queue is None:
            queue = self._queues[tenant] = deque()
            self._ring.append(tenant)
        queue.append(run)

    def next(self) -> ActiveRun | None:
        """The run whose turn it is, taken out of its queue; None when nobody waits."""
        while self._ring:
            tenant = self._ring[0]
            queue = self._queues[tenant]
            run = queue.popleft()
            run.is_queued = False
            self._credit = self._credit - 1 if self._credit else max(1, self._weight(tenant)) - 1
            if not queue:
                del self._queues[tenant]
                self._ring.popleft()
                self._credit = 0
            elif not self._credit:
                self._ring.rotate(-1)
            if not run.is_dropped:
                return run
        return None
