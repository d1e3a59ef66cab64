"""The actor that owns runs: it holds leases on many of the 64 shards and drives every open run in them.

The life of a run in here: intake (woken or found) -> mailboxes (whose turn) -> the engine's turn -> commits (journal
first) -> effects (steps, timers) -> events back to the mailbox, until its end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from actors.admission import Admission
from actors.cleaner import Cleaner
from actors.commits import Committer
from actors.definitions import Definitions
from actors.ends import EndBoard
from actors.intake import Intake
from actors.interpreter import Engine, Interpreter
from actors.job_runner import JobRunner
from actors.jq_sandbox import JqSandbox
from actors.leases import Change, Leases
from actors.open_steps import StepPerformer
from actors.operation_ports import JobStore, NoHistory, NoJobs, RunHistory
from actors.ports import DefinitionStore, Housekeeping, JournalStore, LeaseStore, RunKey, TriggerStore
from actors.run_keeper import RunKeeper
from actors.scheduler import Scheduler
from actors.services import again_and_again
from actors.signals import Signals
from actors.slow_lane import WORKERS
from models.domain.clock import Clock
from models.domain.errors import Unavailable
from models.domain.limits import Limits
from models.domain.ports import Ended, Wake
from models.domain.secrets import SecretReferences

_log = logging.getLogger(__name__)
_CLEAN_SECONDS = 600.0
_SCHEDULE_SECONDS = 1.0
_JOBS_SECONDS = 1.0
_GRACE_SECONDS = 3.0
# The first tasks work on runs, and go on while the shard stops; the others find and take new ones.
_WORKING = 5 + WORKERS


def _one(tenant: UUID) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class ShardPorts:
    """What a shard actor works with. `weight` is how many turns in a row a tenant may have."""

    journal: JournalStore
    leases: LeaseStore
    definitions: DefinitionStore
    triggers: TriggerStore
    housekeeping: Housekeeping
    steps: StepPerformer
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    engine: Engine | None = None
    references: SecretReferences | None = None
    signals: Signals = field(default_factory=Signals)
    weight: Callable[[UUID], int] = _one
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    history: RunHistory = field(default_factory=NoHistory)
    jobs: JobStore = field(default_factory=NoJobs)


class WorkflowShard:
    """`owner` is `<actor>#<incarnation>`: a new one for each start, so that nobody mistakes it for its predecessor."""

    def __init__(self, owner: str, ports: ShardPorts) -> None:
        limits, clock, signals = ports.limits, ports.clock, ports.signals
        sandbox = JqSandbox(limits)
        engine = ports.engine or Interpreter(limits, sandbox, ports.references)
        definitions = Definitions(ports.definitions, engine)
        self._ports = ports
        self.leases = Leases(ports.leases, owner, limits.shard_lease_seconds, clock, self._is_quiet)
        self.ends_board = EndBoard(clock)
        self.keeper = RunKeeper(
            engine, self.leases, self.ends_board, ports.steps, clock, limits, signals, ports.weight,
            self._want, self._wake_own, sandbox,
        )  # fmt: skip
        host = _Host(self)
        self.committer = Committer(ports.journal, host, lambda: limits.max_group_commit, signals, ports.sleep)
        self.bulk = Committer(
            ports.journal, host, self._most_per_bulk_commit, signals, ports.sleep, self.keeper.until_calm
        )
        self.keeper.commit_with(self.committer, self.bulk)
        self.intake = Intake(
            ports.journal, definitions, engine, self.leases, self.keeper, clock, limits,
            signals, ports.sleep, ports.history, ports.weight,
        )  # fmt: skip
        self.scheduler = Scheduler(
            ports.triggers, lambda: self.leases.epochs, self._wake_own, clock, limits.max_due_triggers_per_look
        )
        self.admission = Admission(
            ports.triggers, lambda: self.leases.epochs, self._wake_own, clock, limits.max_keys_per_admission,
            ports.sleep,
        )  # fmt: skip
        self.jobs = JobRunner(
            ports.jobs, ports.history, definitions, lambda: self.leases.epochs, self._wake_own, clock, limits
        )
        self.cleaner = Cleaner(ports.housekeeping, lambda: 0 in self.leases.epochs, clock, limits)
        self._tasks: list[asyncio.Task[None]] = []
        self._recoveries: set[asyncio.Task[None]] = set()
        self._has_begun = False

    # ---------------------------------------------------------------- life

    def start(self) -> None:
        """Begins to own and to drive; returns at once."""
        limits = self._ports.limits
        self._tasks = [
            self._loop("turns", self.keeper.take_turns),
            self._loop("commits", self.committer.run_once),
            self._loop("bulk turns", self.keeper.take_bulk_turns),
            self._loop("bulk commits", self.bulk.run_once),
            self._loop("loading", self.intake.load_wanted),
            *(self._loop("slow turns", self.keeper.slow.work) for _ in range(WORKERS)),
            self._loop("heartbeat", self.beat, limits.shard_beat_seconds),
            self._loop("looking", self.look, limits.shard_look_seconds),
            self._loop("jobs", self.jobs.run_once, _JOBS_SECONDS),
            self._loop("scheduler", self.scheduler.run_once, _SCHEDULE_SECONDS),
            self._loop("admission", self.admission.run_once),
            self._loop("cleaner", self.cleaner.run_once, _CLEAN_SECONDS),
        ]

    async def stop(self) -> None:
        """Lets steps under way end for a moment, makes their results durable, and gives the shards back."""
        for task in self._tasks[_WORKING:]:
            task.cancel()
        await self.keeper.steps.drain(_GRACE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await self.committer.settled()
                await self.bulk.settled()
        await _cancelled([*self._tasks, *self._recoveries])
        self.keeper.close()
        with suppress(Unavailable):
            await self.leases.release()

    def _loop(self, name: str, once: Callable[[], Awaitable[object]], seconds: float = 0.0) -> asyncio.Task[None]:
        return asyncio.create_task(again_and_again(name, once, seconds, self._ports.sleep), name=name)

    # ---------------------------------------------------------------- what clients call

    def wake(self, subscriber: str, wakes: Sequence[Wake], awaited: Collection[UUID]) -> list[UUID]:
        """Looks at these runs now; the subscriber will hear the ends of those that are awaited. Returns the runs that
        are not owned here."""
        return self.intake.wake(wakes, subscriber, awaited)

    async def ends(self, subscriber: str, seconds: float) -> list[Ended]:
        """Ends that the subscriber has not heard yet; waits for the first for so long."""
        return await self.ends_board.take(subscriber, seconds)

    def stats(self) -> dict[str, int]:
        """Figures for the metrics page."""
        return {
            "shards": len(self.leases.epochs),
            "active_runs": len(self.keeper.runs),
            "open_steps": len(self.keeper.steps),
            "waiting_steps": self.keeper.steps.waiting(),
            "timers": len(self.keeper.timers),
            "commits": self.committer.commits + self.bulk.commits,
            "entries": self.committer.entries + self.bulk.entries,
            "uncommitted_turns": self.committer.waiting + self.bulk.waiting,
        }

    # ---------------------------------------------------------------- what the loops do

    async def beat(self) -> None:
        """One heartbeat, with everything that follows from it."""
        if not self._has_begun:
            self._follow(await self.leases.take_over())
            self._has_begun = True
        self._follow(await self.leases.beat())
        self.keeper.perform_held()

    async def look(self) -> None:
        """Finds what was forgotten."""
        await self.intake.look()
        self.keeper.timers.compact()
        self.ends_board.forget_old()

    async def check_leases(self) -> None:
        """As a heartbeat, without taking or giving."""
        self._follow(await self.leases.refresh())
        self.keeper.perform_held()

    def _follow(self, change: Change) -> None:
        if change.lost:
            _log.info("lost shards %s", sorted(change.lost))
            self.keeper.drop_shards(change.lost)
        if change.gained:
            _log.info("took shards %s", sorted(change.gained))
            self._recover(change.gained)

    def _recover(self, shards: Collection[int]) -> None:
        async def until_done() -> None:
            while True:
                try:
                    await self.intake.recover([shard for shard in shards if shard in self.leases.epochs])
                except Unavailable:
                    await self._ports.sleep(0.2)
                else:
                    return

        task = asyncio.create_task(until_done())
        self._recoveries.add(task)
        task.add_done_callback(self._recoveries.discard)

    def _most_per_bulk_commit(self) -> int:
        """Small where tenants share: the work for a large one is a long moment for a run of one that is quiet."""
        limits = self._ports.limits
        most = limits.max_group_commit
        return min(most, limits.max_shared_group_commit) if self.keeper.lanes.are_shared else most

    def _want(self, keys: Iterable[RunKey]) -> None:
        self.intake.want(keys)

    def _wake_own(self, wakes: Sequence[Wake]) -> None:
        self.intake.wake(wakes)

    def _is_quiet(self, shard: int) -> bool:
        return self.keeper.is_quiet(shard)


class _Host:
    """The committer's host: runs are the keeper's, leases the shard's."""

    def __init__(self, shard: WorkflowShard) -> None:
        self.on_committed = shard.keeper.on_committed
        self.reload = shard.keeper.reload
        self.make_faulted = shard.keeper.make_faulted
        self.set_aside = shard.keeper.set_aside
        self.check_leases = shard.check_leases


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels and waits."""
    waiting = list(tasks)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
