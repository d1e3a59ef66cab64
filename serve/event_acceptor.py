"""Accepts events: each request's events are durable, with the runs they start, before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.domain.limits import Limits
from models.domain.ports import RunDispatcher
from serve.group_commit import GroupCommit
from serve.ports import EventRepository
from serve.records import Ingested, IngestEvents


class EventAcceptor:
    """POST /v1/events and inbound webhooks in batches."""

    def __init__(
        self,
        events: EventRepository,
        dispatcher: RunDispatcher,
        limits: Limits,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._events = events
        self._dispatcher = dispatcher
        self._commits: GroupCommit[IngestEvents, Ingested] = GroupCommit(
            self._commit, limits.max_group_commit, limits.max_waiting_requests, observe,
            lambda request: request.tenant_id,
        )

    async def accept(self, request: IngestEvents) -> Ingested:
        """What was new and what had come before."""
        return await self._commits.submit(request)

    async def close(self) -> None:
        """Commits what waits."""
        await self._commits.close()

    async def _commit(self, requests: Sequence[IngestEvents]) -> Sequence[Ingested | Exception]:
        answers = await self._events.ingest(requests)
        wakes = [wake for answer in answers for wake in answer.wakes]
        if wakes:
            self._dispatcher.wake(wakes)
        return list(answers)
