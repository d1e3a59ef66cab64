"""Runs in memory: turns are taken, committed, and only then performed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from actors.active_run import ActiveRun, Turn, faulted, take_turn
from actors.active_runs import ActiveRuns
from actors.commits import Committer
from actors.dry_runs import DryRun
from actors.ends import EndBoard
from actors.inbox import Delivered
from actors.interpreter import Engine
from actors.jq_sandbox import JqSandbox, NeedsThread
from actors.lanes import Lanes
from actors.leases import Leases
from actors.open_steps import OpenSteps, StepPerformer
from actors.ports import RunKey
from actors.signals import Signals
from actors.slow_lane import SlowLane
from actors.timers import Timers
from models.domain.clock import Clock
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol import (
    AskOutcome,
    CancelRequested,
    CancelStep,
    CancelTimer,
    Command,
    Continue,
    Continued,
    Event,
    StartStep,
    StartTimer,
    StepUnknown,
    TimerFired,
)
from models.domain.dsl.requests import is_safe
from models.domain.limits import Limits
from models.domain.ports import Ended, Wake
from models.domain.runs import RunStatus, WorkflowRef

_log = logging.getLogger(__name__)
# Long enough to be worth it, short enough that heartbeats and commits are not late.
_SLICE_SECONDS = 0.002
_MOST_SLOW_WORKFLOWS = 10_000
# How long bulk lets others go first: even then it goes on.
_PATIENCE_SECONDS = 0.01


class RunKeeper:
    """Holds runs between their events. `want` asks for a run to be read again, `wake` tells of runs just started."""

    def __init__(
        self,
        engine: Engine,
        leases: Leases,
        ends: EndBoard,
        performer: StepPerformer,
        clock: Clock,
        limits: Limits,
        signals: Signals,
        weight: Callable[[UUID], int],
        want: Callable[[Iterable[RunKey]], None],
        wake: Callable[[Sequence[Wake]], None],
        sandbox: JqSandbox,
    ) -> None:
        self.runs = ActiveRuns(limits.max_active_runs_per_shard_actor)
        self.timers = Timers(clock, self._fire)
        self.steps = OpenSteps(
            performer, limits.max_open_steps_per_tenant, clock, self.deliver, lambda: leases.are_valid
        )
        self.slow = SlowLane(sandbox, self._turn_of, self._took, weight)
        self.aside: dict[RunKey, float] = {}
        self._engine, self._leases, self._ends = engine, leases, ends
        self._clock, self._limits, self._signals = clock, limits, signals
        self._want, self._wake = want, wake
        self.lanes = Lanes(weight, clock.monotonic, limits.max_quiet_turns)
        self._work, self._bulk_work = asyncio.Event(), asyncio.Event()
        self._held: list[Turn] = []
        self._slow_workflows: set[tuple[UUID, WorkflowRef]] = set()
        self._committer: Committer | None = None
        self._bulk: Committer | None = None

    def commit_with(self, committer: Committer, bulk: Committer) -> None:
        """The committers that this keeper is the host of; each commits one batch at a time."""
        self._committer, self._bulk = committer, bulk

    # ---------------------------------------------------------------- in

    def admit(self, run: ActiveRun, open_commands: Sequence[Command] = ()) -> bool:
        """Takes a run into memory, with what was open in it when its state was rebuilt.

        False when there is no place, and it must be found again later.
        """
        if not self.runs.has_place_for(run.new.tenant_id):
            return False
        victim = self.runs.add(run)
        if victim is not None:
            self.drop(victim)
        if open_commands:
            self._perform(Turn(run, None, list(open_commands)))
        else:
            self._queue(run)
        return True

    def deliver(self, run: ActiveRun, event: Event | Delivered) -> None:
        """Something happened for a run."""
        if not run.is_dropped:
            run.events.append(event)
            self._queue(run)

    def cancel(self, run: ActiveRun, reason: str = "") -> None:
        """Somebody wants it to stop; told once."""
        if not run.cancel_seen:
            run.cancel_seen = True
            self.deliver(run, CancelRequested(self._clock.now(), reason))

    def _queue(self, run: ActiveRun) -> None:
        if not run.is_committing and run.has_work:
            (self._work if self.lanes.put(run) else self._bulk_work).set()

    def _fire(self, run: ActiveRun, timer: str) -> None:
        self.deliver(run, TimerFired(timer, self._clock.now()))

    # ---------------------------------------------------------------- turns

    async def take_turns(self) -> None:
        """Waits for work, then takes turns for a moment."""
        await self._work.wait()
        assert self._committer is not None
        until = self._clock.monotonic() + _SLICE_SECONDS
        while self._committer.has_room and self._clock.monotonic() < until:
            run = self.lanes.quiet.next()
            if run is None:
                self._work.clear()
                return
            self._take_turn(run)
        if self._committer.has_room:
            await asyncio.sleep(0)
        else:
            await self._committer.room()

    async def take_bulk_turns(self) -> None:
        """Waits for turns of tenants that have many, then takes some: one where others could notice it."""
        await self._bulk_work.wait()
        is_calm = await self.until_calm()
        assert self._bulk is not None
        until = self._clock.monotonic() + _SLICE_SECONDS
        while self._bulk.has_room and self._clock.monotonic() < until:
            run = self.lanes.bulk.next()
            if run is None:
                self._bulk_work.clear()
                return
            self._take_turn(run)
            if is_calm and self.lanes.are_shared:
                break
        if self._bulk.has_room:
            await asyncio.sleep(0)
        else:
            await self._bulk.room()

    async def until_calm(self) -> bool:
        """Lets the turns of quiet tenants become durable first, for a moment. False when they went on all the time:
        then bulk takes its share beside them."""
        committer = self._committer
        if committer is None or not self.lanes.are_shared or (committer.idle.is_set() and not self.lanes.quiet):
            return True
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await committer.idle.wait()
                while self.lanes.quiet:
                    await asyncio.sleep(0)
                    await committer.idle.wait()
        except TimeoutError:
            return False
        return True

    def _take_turn(self, run: ActiveRun) -> None:
        if run.state is None:
            self.runs.begin(run)
        place = (run.new.tenant_id, run.new.workflow)
        if place in self._slow_workflows:
            return self.slow.put(run)
        state, events = run.state, run.events.copy()
        try:
            turn = self._turn_of(run)
        except NeedsThread:
            # Nothing has happened yet: the engine is pure, and what it had worked off is put back.
            run.state, run.events = state, events
            if len(self._slow_workflows) > _MOST_SLOW_WORKFLOWS:
                self._slow_workflows.clear()
            self._slow_workflows.add(place)
            return self.slow.put(run)
        self._took(run, turn)

    def _turn_of(self, run: ActiveRun) -> Turn:
        try:
            return take_turn(self._engine, run, self._clock.now(), self._limits.max_entries_per_advance)
        except NeedsThread:
            raise
        except Exception:
            _log.exception("the engine failed on run %s", run.new.id)
            return self.make_faulted(run, "The engine failed on this run for a reason that lies in Tidewire itself.")

    def _took(self, run: ActiveRun, turn: Turn) -> None:
        committer = self._bulk if self.lanes.is_loud(run.new.tenant_id) else self._committer
        assert committer is not None
        if run.is_dropped:
            return
        if turn.append is None:
            self._perform(turn)
        else:
            committer.add(turn)

    # ---------------------------------------------------------------- after the commit (CommitHost)

    def on_committed(self, turns: Sequence[Turn], started: Sequence[Wake]) -> None:
        """The entries are durable: what follows from them happens now."""
        for turn in turns:
            if turn.run.is_dropped:
                continue
            try:
                if turn.append is not None and turn.append.status.is_final:
                    self._finish(turn)
                else:
                    self._perform(turn)
            except Exception:
                _log.exception("the effects of run %s could not be begun", turn.run.new.id)
                self.reload(turn.run)
        if started:
            self._wake(started)

    def reload(self, run: ActiveRun) -> None:
        """Its journal knows better."""
        self.drop(run)
        self._want([run.key])

    def make_faulted(self, run: ActiveRun, detail: str = "The results of this run cannot be stored.") -> Turn:
        """A last turn."""
        run.fault = {**problem("runtime", detail), "instance": "/"}
        return Turn(run, faulted(run, run.fault, self._clock.now()), [], is_last=True)

    def set_aside(self, run: ActiveRun) -> None:
        """For half a minute nobody looks at it."""
        self.drop(run)
        self.leave(*run.key)

    def leave(self, tenant_id: UUID, run_id: UUID) -> None:
        """For half a minute nobody looks at the run, which is not in memory."""
        self.aside[tenant_id, run_id] = self._clock.monotonic() + 30.0

    def perform_held(self) -> None:
        """After a heartbeat: what waited for it goes on if the shard is still ours."""
        held, self._held = self._held, []
        for turn in held:
            if not turn.run.is_dropped:
                self._perform(turn)
        self.steps.go_on()

    def _perform(self, turn: Turn) -> None:
        run = turn.run
        if not self._leases.are_valid:
            # Another owner may have taken over; the next heartbeat tells.
            run.is_committing = True
            self._held.append(turn)
            return
        run.is_committing = False
        for command in turn.effects:
            self._effect(run, command)
        if run.has_work:
            self._queue(run)
        elif self._may_sleep(run):
            self.drop(run)
            self._signals.tell("slept", run.new.id)

    def _effect(self, run: ActiveRun, command: Command) -> None:
        if run.dry is not None and self._answered(run, run.dry, command):
            return
        match command:
            case StartStep(is_detached=True):
                self.steps.detach(run, command)
            case StartStep() if run.state is not None and command.step not in run.state.steps:
                pass  # the same turn has stopped it
            case StartStep():
                self.steps.start(run, command)
            case CancelStep():
                self.steps.cancel(run, command.step)
            case StartTimer():
                self.timers.start(run, command.timer, command.at)
            case CancelTimer():
                self.timers.cancel(run, command.timer)
            case AskOutcome() if command.step.step in run.open_steps:
                pass
            case AskOutcome() if is_safe(command.step):
                self.steps.start(run, command.step)
            case AskOutcome():
                run.events.append(StepUnknown(command.step.step, self._clock.now()))
            case Continue():
                run.events.append(Continued(self._clock.now()))

    def _answered(self, run: ActiveRun, dry: DryRun, command: Command) -> bool:
        """Whether the command of a dry run was kept from having its effect."""
        event: Event | None = None
        match command:
            case StartStep() | AskOutcome():
                step = command if isinstance(command, StartStep) else command.step
                event = dry.step(step, self._clock.now())
                if event is None:
                    return False
            case StartTimer():
                event = dry.timer(command.timer, command.at)
            case _:
                return False
        if event is not None:
            run.events.append(event)
        return True

    def is_idle(self, run: ActiveRun) -> bool:
        """Whether dropping it now would cut nothing off."""
        return not (run.open_steps or run.is_committing or run.is_queued or run.events)

    def _may_sleep(self, run: ActiveRun) -> bool:
        state = run.state
        if state is None or state.status not in (RunStatus.WAITING, RunStatus.SUSPENDED) or run.open_steps:
            return False
        wake_at = state.wake_at
        return wake_at is None or (wake_at - self._clock.now()).total_seconds() > self._limits.idle_run_seconds

    def _finish(self, turn: Turn) -> None:
        run, append = turn.run, turn.append
        assert append is not None
        error = dict(append.error) if append.error is not None else None
        if run.listeners:
            end = Ended(run.new.id, append.status, append.output, error)
            for listener in run.listeners:
                self._ends.tell(listener, end)
        self.drop(run)
        for command in turn.effects:
            if isinstance(command, StartStep) and command.is_detached:
                self.steps.detach(run, command)
        self._signals.tell("ended", run.new.id)

    # ---------------------------------------------------------------- out

    def drop(self, run: ActiveRun) -> None:
        """Forgets the run; what it has open is stopped, what is not durable is gone."""
        run.is_dropped = True
        self.steps.drop(run)
        run.timers.clear()
        self.runs.remove(run)

    def drop_shards(self, shards: Iterable[int]) -> None:
        """The runs of these shards are somebody else's."""
        for shard in shards:
            for run in self.runs.of_shard(shard):
                self.drop(run)
            self._signals.tell("dropped", shard)

    def close(self) -> None:
        """Nothing happens any more."""
        self.timers.close()
        self.slow.close()

    def is_quiet(self, shard: int) -> bool:
        """Whether giving the shard away now would cut nothing off."""
        return not any(run.open_steps or run.is_committing for run in self.runs.of_shard(shard))
