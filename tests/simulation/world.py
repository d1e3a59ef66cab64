"""The simulated world: processes with real shards, a database, services, clients, and what goes wrong."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid5

from actors.workflow_shard import WorkflowShard
from models.domain.dsl.protocol import (
    CancelRequested,
    Event,
    StepFailed,
    StepSucceeded,
    StepUnknown,
    TimerFired,
)
from models.domain.ids import shard_of
from models.domain.ports import Wake
from models.domain.runs import NewRun, RunStatus, WorkflowRef
from tests.simulation.network import CALM, Network
from tests.simulation.outside import Services
from tests.simulation.plan import CHILD, Fault, Flow, Plan, Start
from tests.simulation.postgres import Postgres, Schedule
from tests.simulation.process import EPOCH_OF_TIME, Process, Surroundings, WallClock
from tests.simulation.timeline import Timeline
from tests.simulation.witness import Witness

_SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
# After the trouble, so many seconds are enough for any run that waits for nothing.
CALM_SECONDS = 30.0
# So long after the trouble a wish to stop is fulfilled.
CANCEL_SECONDS = 8.0
_LONGEST = 240.0


@dataclass(slots=True)
class Trap:
    """At the next such moment of this actor, this happens to it."""

    actor: str
    moment: str
    action: str
    amount: float


@dataclass(frozen=True)
class Variant:
    """What a world is built of; mutants replace parts."""

    database: type[Postgres] = Postgres
    services: type[Services] = Services
    shard: type[WorkflowShard] = WorkflowShard


class World:
    """One plan, lived through. `witness.said` tells what was wrong, `trace` what happened."""

    def __init__(self, plan: Plan, variant: Variant) -> None:
        self.plan = plan
        self.trace: list[str] = []
        self.timeline = timeline = Timeline()
        self.dice = Random(plan.seed ^ 0x5EED)
        self.network = Network(timeline, self.dice, plan.weather)
        self.witness = Witness(plan.limits, Random(plan.seed ^ 0xBEEF), self.trace, lambda: timeline.now)
        self.database = variant.database(self._now, self.witness)
        self.services = variant.services()
        self.processes: list[Process] = []
        self.clocks: dict[str, WallClock] = {}
        self.started: list[Wake] = []
        self.traps: list[Trap] = []
        self.is_calm = False
        self._incarnations = 0
        self._around = Surroundings(
            timeline, self.network, self.database, self.services, self.witness, plan.limits, self._seen, self._sent,
            self._heard, variant.shard,
        )  # fmt: skip
        self.tenants = [uuid5(_SPACE, f"tenant {n}") for n in range(plan.tenants)]
        self._lay_out()

    def _now(self) -> datetime:
        return EPOCH_OF_TIME + timedelta(seconds=self.timeline.now)

    def _lay_out(self) -> None:
        for flow in self.plan.flows:
            ref = _ref(flow)
            self.witness.definitions[ref] = flow.definition
            for tenant in self.tenants:
                self.database.definitions[tenant, ref] = flow.definition
        for tenant in self.tenants:
            self.database.triggers[tenant, "sim.go"] = _ref(self.plan.flows[CHILD])
        for number in range(self.plan.schedules):
            tenant = self.tenants[number % len(self.tenants)]
            at = self._now() + timedelta(seconds=1 + number)
            self.database.schedules.append(
                Schedule(tenant, _ref(self.plan.flows[-1]), shard_of(tenant), at, timedelta(seconds=2), 2)
            )

    # ---------------------------------------------------------------- the course of things

    def live(self) -> World:
        """Trouble, then calm until everything has come to its end or waits for its time."""
        timeline, plan = self.timeline, self.plan
        with self._listening():
            for number in range(plan.actors):
                timeline.at(0.01 * number, self._boot, f"shard-{number}")
            for number, start in enumerate(plan.starts):
                timeline.at(start.at, self._accept, start, number)
            for number in range(plan.events):
                timeline.at(1.0 + number * 0.7, self._publish, number)
            for fault in plan.faults:
                timeline.at(fault.at, self._strike, fault)
            timeline.run(plan.trouble_seconds)
            self._calm_down()
            until = plan.trouble_seconds + CALM_SECONDS
            while timeline.now < until or (timeline.now < _LONGEST and self._is_moving()):
                timeline.run(timeline.now + 1.0)
                if timeline.is_exhausted:
                    self.witness.say("the world does not come to rest")
                if timeline.is_exhausted or self._is_at_rest():
                    break
            for process in self.processes:
                process.kill()
            for process in self.processes:
                process.clean_up()
        return self

    def _is_at_rest(self) -> bool:
        """Whether every run has ended or waits for a time far away."""
        far = self._now() + timedelta(seconds=_LONGEST)
        return self.timeline.now > self.plan.trouble_seconds + CANCEL_SECONDS and all(
            row.run.status is RunStatus.WAITING and (row.run.wake_at is None or row.run.wake_at > far)
            for row in self.database.open.values()
        ) and not self.database.inbox.rows

    def _is_moving(self) -> bool:
        """Whether a run has a time to wait for that is near, or has just done something."""
        now = self._now()
        for row in self.database.open.values():
            if row.entries and now - row.entries[-1].at < timedelta(seconds=CALM_SECONDS):
                return True
            wake_at = row.run.wake_at
            if wake_at is not None and wake_at < now + timedelta(seconds=CALM_SECONDS) and wake_at > now:
                return True
        return False

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """An error that an actor only writes to its log is an error."""
        log = logging.getLogger("actors")
        ears, before = _Ears(self.witness), (log.level, log.propagate)
        log.addHandler(ears)
        log.setLevel(logging.ERROR)
        log.propagate = False
        try:
            yield
        finally:
            log.removeHandler(ears)
            log.setLevel(before[0])
            log.propagate = before[1]

    # ---------------------------------------------------------------- clients

    def _accept(self, start: Start, number: int) -> None:
        tenant = self.tenants[start.tenant]
        flow = self.plan.flows[start.flow % len(self.plan.flows)]
        run = UUID(int=(1 << 76) | (2 << 62) | uuid5(_SPACE, f"{self.plan.seed}").int & 0xFFFFFFFF0000 | number)
        new = NewRun(tenant, run, _ref(flow), start.input, self._now(), {"kind": "api"})
        wake = self.database.accept(new, shard_of(tenant))
        self.trace.append(f"{self.timeline.now:.6f} accept {number} {flow.name}")
        self.started.append(wake)
        if start.is_woken:
            self._wake(wake)
        if start.cancel_after is not None:
            self.timeline.later(start.cancel_after, self._cancel, wake)
        if start.pause_after is not None:
            self.timeline.later(start.pause_after, self._tell, wake, "pause")
            self.timeline.later(start.pause_after + 2.0, self._tell, wake, "resume")

    def _tell(self, wake: Wake, kind: str) -> None:
        """A wish of somebody, as a message to the run."""
        key = (wake.tenant_id, wake.run_id)
        if self.database.runs[key].run.ended_at is None:
            self.trace.append(f"{self.timeline.now:.6f} {kind} {wake.run_id}")
            self._wake(self.database.inbox.put(key, wake.shard, kind, {}))

    def _publish(self, number: int) -> None:
        """An event from outside, maybe twice."""
        tenant = self.tenants[number % len(self.tenants)]
        event = {"specversion": "1.0", "id": f"outside {number}", "source": "https://e.example", "type": "sim.note"}
        for _ in range(self.dice.randint(1, 2)):
            for wake in self.database.publish(tenant, {**event, "data": number}, shard_of(tenant)):
                self._wake(wake)

    def _cancel(self, wake: Wake) -> None:
        self.trace.append(f"{self.timeline.now:.6f} cancel {wake.run_id}")
        if self.database.request_cancel((wake.tenant_id, wake.run_id)) is not None:
            self._wake(Wake(wake.tenant_id, wake.run_id, wake.shard))

    def _wake(self, wake: Wake) -> None:
        """To who owns the shard as far as clients know, or to anybody."""
        network, alive = self.network, [one for one in self.processes if one.is_alive]
        owner = self.database.shard_epoch[wake.shard][1]
        target = next((one for one in alive if one.owner == owner), None)
        if alive and (target is None or network.happens(network.weather.repeated)):
            network.send(self.dice.choice(alive).wake, [wake])
        if target is not None and not network.happens(network.weather.lost_wake):
            network.send(target.wake, [wake])

    # ---------------------------------------------------------------- processes

    def _boot(self, actor: str) -> Process:
        self._incarnations += 1
        owner = f"{actor}#{self._incarnations}"
        self.trace.append(f"{self.timeline.now:.6f} boot {owner}")
        clock = self.clocks.setdefault(actor, WallClock(self.timeline))
        process = Process(owner, clock, self._around)
        process.loop.on_doom = lambda: self._kill(process, 0.5)
        self.processes.append(process)
        return process

    def _newest(self, actor: str) -> Process | None:
        return next((one for one in reversed(self.processes) if one.actor == actor and one.is_alive), None)

    def _kill(self, process: Process, seconds: float) -> None:
        """It dies; after so long somebody starts a new one, if nobody has."""
        if process.is_alive:
            self.trace.append(f"{self.timeline.now:.6f} kill {process.owner}")
            process.kill()
            self.timeline.later(seconds, self._replace, process.actor)

    def _replace(self, actor: str) -> None:
        if self._newest(actor) is None:
            self._boot(actor)

    def _seen(self, owner: str, call: str, result: str) -> None:
        if call == "transaction":
            self.trace.append(f"{self.timeline.now:.6f} {owner} append {result}")
            self._spring(owner, "stored")
        elif call == "last_seqs":
            self._spring(owner, "unsure")

    def _sent(self, owner: str) -> None:
        self._spring(owner, "sent")

    def _spring(self, owner: str, moment: str) -> None:
        actor = owner.partition("#")[0]
        for trap in self.traps:
            if trap.moment == moment and trap.actor == actor:
                process = next((one for one in self.processes if one.owner == owner and one.is_alive), None)
                if process is not None:
                    self.traps.remove(trap)
                    self._act(trap.action, process, trap.amount)
                return

    def _heard(self, process: Process, run: UUID, event: Event) -> None:
        if isinstance(event, StepUnknown):
            self.witness.disturbed.add(run)
        elif not isinstance(event, TimerFired):
            self._spring(process.owner, "answered")
        # Messages are counted by the inbox; what is echoed is what a host may hear twice by itself.
        can_echo = isinstance(event, StepSucceeded | StepFailed | StepUnknown | TimerFired | CancelRequested)
        if not self.is_calm and can_echo and self.network.happens(self.plan.echoes):
            again = process.echo if self.dice.random() < 0.7 else process.hurry
            self.timeline.later(self.dice.random() * 2.0, again, run, event)

    # ---------------------------------------------------------------- trouble

    def _strike(self, fault: Fault) -> None:
        actor = f"shard-{fault.actor % self.plan.actors}"
        process = self._newest(actor)
        self.trace.append(f"{self.timeline.now:.6f} {fault.kind} {actor} {fault.amount}")
        if process is None or self.is_calm:
            return
        action, _, moment = fault.kind.partition(" when ")
        if moment:
            self.traps.append(Trap(actor, moment, action, fault.amount))
        elif action == "outage":
            self._cut([one for one in self.processes if one.is_alive], fault.amount)
        else:
            self._act(action, process, fault.amount)

    def _act(self, action: str, process: Process, amount: float) -> None:
        """What happens to one process."""
        later = self.timeline.later
        self.trace.append(f"{self.timeline.now:.6f} {action} {process.owner} {amount}")
        match action:
            case "kill":
                self._kill(process, amount)
            case "doom":
                process.loop.doom = int(amount)
            case "pause":
                process.pause()
                later(amount, process.resume)
            case "twin":
                # A new incarnation while the old one runs, whose answer is lost for a moment.
                self._cut([process], self.dice.random() * 1.5)
                later(self.dice.random() * 0.5, self._boot, process.actor)
                later(amount, self._kill, process, amount)
            case "stop":
                process.stop(lambda: later(amount, self._replace, process.actor))
            case "cut":
                self._cut([process], amount)
            case "jump":
                process.clock.ahead += amount

    def _cut(self, processes: list[Process], seconds: float) -> None:
        for process in processes:
            process.link.is_cut = True
            self.timeline.later(seconds, setattr, process.link, "is_cut", False)

    def _calm_down(self) -> None:
        """Nothing goes wrong any more, and every actor runs."""
        self.is_calm = True
        self.network.weather = CALM
        self.traps.clear()
        for clock in self.clocks.values():
            clock.ahead = 0.0
        for process in self.processes:
            process.link.is_cut = False
            process.loop.doom = None
            process.resume()
        for number in range(self.plan.actors):
            self._replace(f"shard-{number}")

    def fingerprint(self) -> str:
        """Of all that happened."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class _Ears(logging.Handler):
    """Hears what actors log as errors."""

    def __init__(self, witness: Witness) -> None:
        super().__init__(logging.ERROR)
        self._witness = witness

    def emit(self, record: logging.LogRecord) -> None:
        error = f": {record.exc_info[1]!r}" if record.exc_info else ""
        self._witness.say(f"{record.name} logged: {record.getMessage()}{error}")


def _ref(flow: Flow) -> WorkflowRef:
    return WorkflowRef(flow.namespace, flow.name, "1.0.0")
