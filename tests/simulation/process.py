"""One operating system process with a shard actor in it, which can be stopped, killed and started anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actors.active_run import ActiveRun, Turn
from actors.commits import Committer
from actors.workflow_shard import ShardPorts, WorkflowShard
from models.domain.dsl.protocol import Event, StartStep, TimerFired
from models.domain.limits import Limits
from models.domain.ports import Wake
from tests.simulation.network import Link, Network
from tests.simulation.outside import Performer, Services
from tests.simulation.postgres import Postgres
from tests.simulation.timeline import ProcessLoop, Timeline
from tests.simulation.witness import WatchedEngine, Witness

EPOCH_OF_TIME = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


class WallClock:
    """The clocks of one machine; its wall clock may be wrong."""

    def __init__(self, timeline: Timeline) -> None:
        self.ahead = 0.0
        self._timeline = timeline

    def now(self) -> datetime:
        return EPOCH_OF_TIME + timedelta(seconds=self._timeline.now + self.ahead)

    def monotonic(self) -> float:
        return self._timeline.now


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What processes share. `seen` is told of what reached PostgreSQL (owner, call, result), `sent` of each step."""

    timeline: Timeline
    network: Network
    database: Postgres
    services: Services
    witness: Witness
    limits: Limits
    seen: Callable[[str, str, str], None]
    sent: Callable[[str], None]
    heard: Callable[[Process, UUID, Event], None]
    shard_class: type[WorkflowShard]


class Process:
    """`owner` is the name under which its shard takes leases."""

    def __init__(self, owner: str, clock: WallClock, around: Surroundings) -> None:
        self.owner = owner
        self.actor = owner.partition("#")[0]
        self.clock = clock
        self._around = around
        self.loop = ProcessLoop(around.timeline, lambda what: around.witness.say(f"{owner}: {what}"))
        self.link = Link(around.network, around.database, self.loop, lambda *what: around.seen(owner, *what))
        self.engine = WatchedEngine(around.limits, around.witness, lambda run, event: around.heard(self, run, event))
        performer = Performer(
            around.services, around.network, self.loop, clock, around.limits, self._begins, around.witness.disturb
        )
        link = self.link
        ports = ShardPorts(link, link, link, link, link, performer, clock, around.limits, self.engine, history=link)
        self.shard = around.shard_class(owner, ports)
        self.engine.sandbox = self.shard.keeper.slow._sandbox
        self._watch_steps()
        self._watch_commits()
        self.loop.call_soon(self.shard.start)

    @property
    def is_alive(self) -> bool:
        return not self.loop.is_dead

    def _watch_steps(self) -> None:
        """A step is begun by an owner whose leases hold, as far as it can know."""
        steps, leases, say = self.shard.keeper.steps, self.shard.leases, self._around.witness.say
        rows = self._around.database.runs
        perform = steps._perform

        def watched(lane: Any, run: ActiveRun, step: StartStep) -> None:
            if not self._around.timeline.now < leases._valid_until:
                say(f"{self.owner} began {step.task} {step.path} when its leases had run out")
            is_owner = self._around.database.shard_epoch[run.shard][0] == run.epoch
            if is_owner and rows[run.key].run.ended_at is not None and not step.is_detached:
                say(f"{self.owner} began {step.task} {step.path} of {run.new.id}, which it had ended")
            perform(lane, run, step)

        steps._perform = watched  # type: ignore[method-assign]

    def _watch_commits(self) -> None:
        """What the shard takes for durable is in the journal, and the shard itself wrote it."""
        for committer in (self.shard.committer, self.shard.bulk):
            self._watch_committer(committer)

    def _watch_committer(self, committer: Committer) -> None:
        rows, say = self._around.database.runs, self._around.witness.say
        done = committer._done

        def watched(turns: Sequence[Turn], started: Sequence[Wake]) -> None:
            for item in (turn.append for turn in turns if turn.append is not None):
                epochs = rows[item.key].epochs
                if item.entries and (len(epochs) < item.last or epochs[item.last - 1] != item.epoch):
                    say(f"{self.owner} believes that it wrote entry {item.last} of {item.run_id}")
            done(turns, started)

        committer._done = watched  # type: ignore[method-assign]

    def _begins(self, tenant: UUID, step: StartStep) -> None:
        self._around.witness.performs(self.owner, step)
        self._around.sent(self.owner)

    def wake(self, wakes: Sequence[Wake]) -> None:
        """A message from a client arrives."""
        if self.is_alive:
            self.loop.call_soon(self.shard.wake, "client", wakes, ())

    def echo(self, run_id: UUID, event: Event) -> None:
        """An event comes again, late."""
        if self.is_alive:
            self.loop.call_soon(self._with_run, run_id, lambda run: self.shard.keeper.deliver(run, event))

    def hurry(self, run_id: UUID, _: Event) -> None:
        """Timers of a run fire before their time."""
        if self.is_alive:
            self.loop.call_soon(self._with_run, run_id, self._fire_early)

    def _with_run(self, run_id: UUID, call: Callable[[ActiveRun], None]) -> None:
        for run in self.shard.keeper.runs:
            if run.new.id == run_id and run.state is not None:
                return call(run)

    def _fire_early(self, run: ActiveRun) -> None:
        for name in run.state.timers if run.state is not None else ():
            self.shard.keeper.deliver(run, TimerFired(name, self.clock.now()))

    def pause(self) -> None:
        """SIGSTOP."""
        self.loop.pause()

    def resume(self) -> None:
        """SIGCONT."""
        if self.is_alive and self.loop.is_paused:
            self.loop.resume()

    def stop(self, gone: Callable[[], None]) -> None:
        """SIGTERM: it ends by itself, and then is `gone`."""
        if self.is_alive:
            self.loop.call_soon(lambda: self.loop.create_task(self._stop(gone)))

    async def _stop(self, gone: Callable[[], None]) -> None:
        await self.shard.stop()
        self.loop.die()
        gone()

    def kill(self) -> None:
        """SIGKILL."""
        self.loop.die()

    def clean_up(self) -> None:
        """Takes its remains away."""
        for lane in self.shard.keeper.steps._lanes.values():
            lane.waiting.clear()
        self.loop.clean_up()
        self.shard.keeper.slow._threads.shutdown(wait=False)
