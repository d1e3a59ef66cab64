"""Steps that are under way: at most so many for each tenant, the others wait for their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from actors.active_run import ActiveRun
from models.domain.clock import Clock
from models.domain.dsl import nodes
from models.domain.dsl.protocol import Event, StartStep, StepFailed, StepSucceeded, StepUnknown, UnknownPolicy
from models.domain.steps import Failed, Outcome, Succeeded, Uncertain
from models.domain.tracing import child_of, sending, traceparent_of


class StepPerformer(Protocol):
    """Performs a step and says what became of it; never raises but for cancellation."""

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        """One attempt."""


@dataclass(slots=True)
class _Lane:
    """The steps of one tenant."""

    open: int = 0
    waiting: deque[tuple[ActiveRun, StartStep]] = field(default_factory=deque)


class OpenSteps:
    """Starts, counts and cancels steps; `report` is called with the event of each that has ended.

    A step that waited for its tenant's limit begins only while `may_begin`; `go_on` says that it may again.
    """

    def __init__(
        self,
        performer: StepPerformer,
        most: int,
        clock: Clock,
        report: Callable[[ActiveRun, Event], None],
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:
        self._may_begin = may_begin
        self._performer = performer
        self._most = most
        self._clock = clock
        self._report = report
        self._lanes: dict[UUID, _Lane] = {}
        self._tasks: dict[tuple[ActiveRun, int], asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def open_of(self, tenant: UUID) -> int:
        """Steps of a tenant that are being performed."""
        lane = self._lanes.get(tenant)
        return lane.open if lane else 0

    def waiting(self) -> int:
        """Steps that wait for their tenant's limit."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def start(self, run: ActiveRun, step: StartStep) -> None:
        """Performs it now or when the tenant has fewer open; a step that is open already is not started twice."""
        if step.step in run.open_steps:
            return
        run.open_steps.add(step.step)
        lane = self._lanes.setdefault(run.new.tenant_id, _Lane())
        if lane.open >= self._most:
            lane.waiting.append((run, step))
        else:
            self._perform(lane, run, step)

    def detach(self, run: ActiveRun, step: StartStep) -> None:
        """Performs a step whose result nobody waits for; it goes on when the run has ended."""
        self._perform(self._lanes.setdefault(run.new.tenant_id, _Lane()), run, step)

    def go_on(self) -> None:
        """Begins what waits and may begin now."""
        for tenant, lane in list(self._lanes.items()):
            self._start_next(tenant, lane)

    def cancel(self, run: ActiveRun, step: int) -> None:
        """Nobody wants its result any more."""
        run.open_steps.discard(step)
        task = self._tasks.get((run, step))
        if task is not None:
            task.cancel()

    def drop(self, run: ActiveRun) -> None:
        """Cancels all of a run."""
        for step in list(run.open_steps):
            self.cancel(run, step)

    async def drain(self, seconds: float) -> None:
        """Gives open steps so long to end, then cancels them."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _perform(self, lane: _Lane, run: ActiveRun, step: StartStep) -> None:
        lane.open += 1
        task = asyncio.create_task(self._attempt(run, step))
        self._tasks[run, step.step] = task
        # Not in the coroutine: one that is cancelled before it has begun never comes to its `finally`.
        task.add_done_callback(lambda _: self._leave(lane, run, step))

    def _leave(self, lane: _Lane, run: ActiveRun, step: StartStep) -> None:
        del self._tasks[run, step.step]
        lane.open -= 1
        self._start_next(run.new.tenant_id, lane)

    async def _attempt(self, run: ActiveRun, step: StartStep) -> None:
        traceparent = traceparent_of(run.new.cause)
        with sending(child_of(traceparent, step.idempotency_key) if traceparent else None):
            outcome = await self._performer.run(run.new.tenant_id, step)
        if step.step in run.open_steps:
            run.open_steps.discard(step.step)
            for event in self._events(run, step, outcome):
                self._report(run, event)

    def _events(self, run: ActiveRun, step: StartStep, outcome: Outcome) -> Iterator[Event]:
        now = self._clock.now()
        match outcome:
            case Succeeded():
                yield StepSucceeded(step.step, outcome.output, now)
            case Failed():
                yield StepFailed(step.step, outcome.error, now)
            case Uncertain() if _must_stop(run, step):
                yield StepUnknown(step.step, now)
            case Uncertain():
                yield StepFailed(step.step, outcome.error, now)

    def _start_next(self, tenant: UUID, lane: _Lane) -> None:
        while lane.waiting and lane.open < self._most and self._may_begin():
            run, step = lane.waiting.popleft()
            if step.step in run.open_steps:
                self._perform(lane, run, step)
        if not lane.open and not lane.waiting:
            self._lanes.pop(tenant, None)


def _must_stop(run: ActiveRun, step: StartStep) -> bool:
    """Whether the author asked to see an unknown outcome rather than an ordinary error that can be caught."""
    task = run.workflow.tasks.get(step.task) if run.workflow is not None else None
    return isinstance(task, nodes.Step) and task.on_unknown is not UnknownPolicy.RETRY
