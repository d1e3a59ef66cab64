"""Accepts runs: durable first, then the shard is woken, then the caller may wait for the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from models.domain.limits import Limits
from models.domain.ports import Ended, RunDispatcher, Wake
from serve.group_commit import GroupCommit
from serve.ports import RunRepository
from serve.records import AcceptedRun, AcceptRun


@dataclass(frozen=True, slots=True)
class Started:
    """An accepted run, and its end when the caller waited long enough for it."""

    accepted: AcceptedRun
    ended: Ended | None = None


class RunAcceptor:
    """POST .../runs in batches."""

    def __init__(
        self,
        runs: RunRepository,
        dispatcher: RunDispatcher,
        limits: Limits,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._runs = runs
        self._dispatcher = dispatcher
        self._commits: GroupCommit[AcceptRun, AcceptedRun] = GroupCommit(
            self._commit, limits.max_group_commit, limits.max_waiting_requests, observe,
            lambda request: request.tenant_id,
        )

    async def start(self, request: AcceptRun, wait: float) -> Started:
        """Accepts the run; with `wait` > 0 stays for its end for so many seconds."""
        if wait <= 0:
            return Started(await self._commits.submit(request))
        # Listening begins before the shard is woken, so that even the fastest end is heard.
        end = asyncio.create_task(self._dispatcher.wait(request.run_id, wait))
        try:
            accepted = await self._commits.submit(request)
            if accepted.repeated:
                return Started(accepted, await self._end_of_repeated(request, accepted, wait))
            ended = await end
        finally:
            end.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await end
        return Started(accepted, ended or await self._ended(request, accepted))

    def wake(self, tenant_id: UUID, run_id: UUID, shard: int) -> None:
        """Lets the shard look at a run now."""
        self._dispatcher.wake([Wake(tenant_id, run_id, shard)])

    async def close(self) -> None:
        """Commits what waits."""
        await self._commits.close()

    async def _commit(self, requests: Sequence[AcceptRun]) -> Sequence[AcceptedRun | Exception]:
        answers = await self._runs.accept(requests)
        wakes = [
            Wake(request.tenant_id, answer.run_id, answer.shard, answer.new)
            for request, answer in zip(requests, answers, strict=True)
            if isinstance(answer, AcceptedRun) and not answer.repeated
        ]
        wakes += [wake for answer in answers if isinstance(answer, AcceptedRun) for wake in answer.wakes]
        if wakes:
            self._dispatcher.wake(wakes)
        return answers

    async def _end_of_repeated(self, request: AcceptRun, accepted: AcceptedRun, wait: float) -> Ended | None:
        end = asyncio.create_task(self._dispatcher.wait(accepted.run_id, wait))
        try:
            # Lets the listener begin and tells whose run it is, then looks: an end before that is in the table.
            await asyncio.sleep(0)
            self.wake(request.tenant_id, accepted.run_id, accepted.shard)
            return await self._ended(request, accepted) or await end or await self._ended(request, accepted)
        finally:
            end.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await end

    async def _ended(self, request: AcceptRun, accepted: AcceptedRun) -> Ended | None:
        run = await self._runs.get(request.tenant_id, accepted.run_id)
        return Ended(run.id, run.status, run.output, run.error) if run.status.is_final else None
