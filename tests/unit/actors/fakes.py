"""What a shard talks to, in memory: a PostgreSQL that fences, a clock that tests move, steps that tests end."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from actors.ports import Cursor, OpenRun, RunAppend, RunKey, Standing, StoredRun
from actors.signals import RecordedSignals
from actors.workflow_shard import ShardPorts, WorkflowShard
from models.domain.clock import ManualClock
from models.domain.dsl.protocol import StartStep
from models.domain.errors import RunMoved, StaleEpoch, Unavailable
from models.domain.events import RunFacts, lifecycle_event
from models.domain.ids import shard_of, uuid7
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.ports import Wake
from models.domain.runs import NewRun, Run, RunStatus, WorkflowRef
from models.domain.steps import Outcome, Succeeded
from tests.chaos.checker import Evidence, violations

TENANT = UUID(int=7)
FLOW = WorkflowRef("ops", "flow", "1.0.0")


def definition(*tasks: dict[str, Any]) -> dict[str, Any]:
    """A document with these tasks."""
    return {"document": {"dsl": "1.0.3", "namespace": "ops", "name": "flow", "version": "1.0.0"}, "do": list(tasks)}


def call(name: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """An HTTP step."""
    task: dict[str, Any] = {"call": "http", "with": {"method": "post", "endpoint": "https://api.example/do"}}
    return {name: {**task, **({"metadata": metadata} if metadata else {})}}


THREE = definition(*({name: {"set": {"value": "${ .value + 1 }"}}} for name in ("a", "b", "c")))


class ManualTime(ManualClock):
    """A clock whose sleepers wake when tests move it."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.monotonic() + seconds, next(self._numbers), future))
        await future

    async def go_on(self, seconds: float, step: float = 0.25) -> None:
        """Lets time pass, in steps, and whatever waits for it happen."""
        until = self.monotonic() + seconds
        while self.monotonic() < until:
            self.advance(min(step, until - self.monotonic()))
            while self._sleepers and self._sleepers[0][0] <= self.monotonic() + 1e-9:
                future = heapq.heappop(self._sleepers)[2]
                if not future.done():
                    future.set_result(None)
            await settle()


async def settle(rounds: int = 30) -> None:
    """Lets everything happen that can happen now."""
    for _ in range(rounds):
        await asyncio.sleep(0)


@dataclass
class StoredRow:
    """A run as the fake keeps it."""

    run: Run
    shard: int


@dataclass
class FakePostgres:
    """The tables of the shards. `fences` False: the epoch is not looked at, as a broken database would."""

    clock: ManualClock
    fences: bool = True
    definitions: dict[tuple[UUID, WorkflowRef], Mapping[str, Any]] = field(default_factory=dict)
    runs: dict[RunKey, StoredRow] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    notifications: list[Any] = field(default_factory=list)
    appends: list[Sequence[RunAppend]] = field(default_factory=list)
    epochs: dict[int, tuple[int, str | None]] = field(default_factory=lambda: dict.fromkeys(range(64), (0, None)))
    owners: dict[str, datetime] = field(default_factory=dict)
    away: bool = False
    loses_answers: int = 0
    refuses: Callable[[RunAppend], bool] = lambda append: False
    gate: asyncio.Event | None = None
    read_gate: asyncio.Event | None = None
    log: list[str] = field(default_factory=list)

    # runs

    def accept(self, tenant: UUID = TENANT, input: Any = None, ref: WorkflowRef = FLOW) -> Wake:
        now = self.clock.now()
        new = NewRun(tenant, uuid7(now), ref, {"value": 1} if input is None else input, now, {"kind": "api"})
        shard = shard_of(tenant)
        stored = Run(
            tenant, new.id, ref, RunStatus.PENDING, new.input, None, None, new.cause, now, None, None, 0
        )
        self.runs[tenant, new.id] = StoredRow(stored, shard)
        return Wake(tenant, new.id, shard, new)

    def request_cancel(self, wake: Wake) -> None:
        row = self.runs[wake.tenant_id, wake.run_id]
        row.run = replace(row.run, cancel_requested_at=self.clock.now())

    def run(self, wake: Wake) -> Run:
        return self.runs[wake.tenant_id, wake.run_id].run

    def types(self, wake: Wake) -> list[str]:
        return [row["type"] for row in self.journal if row["run_id"] == wake.run_id]

    async def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        self._answer()
        for item in batch:
            if self.fences and self.epochs[item.shard][0] != item.epoch:
                raise StaleEpoch
            if self.refuses(item):
                raise TypeError("this cannot be stored")
        if any(self.runs[item.key].run.last_seq != item.expected for item in batch):
            raise RunMoved
        if any(self.runs[item.key].run.status.is_final for item in batch):
            raise RunMoved
        for item in batch:
            self._write(item)
        self.appends.append(list(batch))
        if self.loses_answers:
            self.loses_answers -= 1
            raise Unavailable
        return []

    def _write(self, item: RunAppend) -> None:
        row = self.runs[item.key]
        row.run = replace(
            row.run, status=item.status, last_seq=item.last, started_at=item.started_at, ended_at=item.ended_at,
            wake_at=item.wake_at, output=item.output, error=dict(item.error) if item.error else None,
        )  # fmt: skip
        facts = RunFacts(
            str(item.run_id), FLOW.namespace, FLOW.name, FLOW.version, item.created_at, item.started_at
        )
        for entry in item.entries:
            self.log.append(f"journal {entry.type} {entry.task}")
            self.journal.append(
                {"run_id": item.run_id, "seq": entry.seq, "type": str(entry.type), "task": entry.task,
                 "path": entry.path, "at": entry.at, "epoch": item.epoch, "data": entry.data}
            )  # fmt: skip
            event = lifecycle_event(entry, facts)
            if event is not None:
                self.events.append(event)
        self.notifications.extend(item.notifications)

    async def last_seqs(self, keys: Collection[RunKey]) -> Mapping[UUID, int]:
        self._answer()
        return {key[1]: self.runs[key].run.last_seq for key in keys if key in self.runs}

    async def read(self, keys: Collection[RunKey]) -> Sequence[StoredRun]:
        self._answer()
        rows = [self.runs[key] for key in keys if key in self.runs]
        found = [StoredRun(row.shard, row.run) for row in rows if row.run.ended_at is None]
        if self.read_gate is not None:
            await self.read_gate.wait()
        return found

    async def entries(self, keys: Collection[RunKey]) -> Mapping[UUID, Sequence[Entry]]:
        self._answer()
        found: dict[UUID, list[Entry]] = {}
        for row in sorted(self.journal, key=lambda one: one["seq"]):
            if any(row["run_id"] == key[1] for key in keys):
                entry = Entry(row["seq"], EntryType(row["type"]), row["at"], row["task"], row["path"], row["data"])
                found.setdefault(row["run_id"], []).append(entry)
        return found

    async def needy(
        self, shards: Sequence[int], after: Cursor, limit: int, pending_before: datetime, due: datetime,
        full: Collection[UUID] = (),
    ) -> tuple[Sequence[OpenRun], Cursor | None]:
        self._answer()
        rows = sorted(
            (row for row in self.runs.values() if row.shard in shards and row.run.ended_at is None),
            key=lambda row: (row.shard, row.run.id),
        )
        rows = [row for row in rows if (row.shard, row.run.id) > after]
        page = rows[:limit]
        found = [
            OpenRun(row.shard, row.run.tenant_id, row.run.id, row.run.status, row.run.last_seq, row.run.wake_at,
                    row.run.cancel_requested_at is not None)
            for row in page
            if _is_needy(row.run, pending_before, due, full)
        ]  # fmt: skip
        return found, (page[-1].shard, page[-1].run.id) if len(rows) > limit else None

    # leases

    async def beat(self, owner: str, ttl: timedelta) -> Standing:
        self._answer()
        self.owners[owner] = self.clock.now() + ttl
        now = self.clock.now()
        mine = {shard: epoch for shard, (epoch, holder) in self.epochs.items() if holder == owner}
        live = sum(until >= now for until in self.owners.values())
        return Standing(mine, live, sum(self._is_free(holder) for _, holder in self.epochs.values()))

    async def acquire(self, owner: str, at_most: int) -> Mapping[int, int]:
        self._answer()
        free = [shard for shard, (_, holder) in self.epochs.items() if self._is_free(holder)][:at_most]
        return self._take(free, owner)

    async def succeed(self, owner: str, ttl: timedelta) -> Mapping[int, int]:
        self._answer()
        actor = owner.partition("#")[0]
        former = [s for s, (_, holder) in self.epochs.items() if holder and holder.partition("#")[0] == actor]
        self.owners = {name: at for name, at in self.owners.items() if name.partition("#")[0] != actor}
        self.owners[owner] = self.clock.now() + ttl
        return self._take(former, owner)

    async def release(self, owner: str, shards: Collection[int] | None = None) -> None:
        self._answer()
        for shard, (epoch, holder) in self.epochs.items():
            if holder == owner and (shards is None or shard in shards):
                self.epochs[shard] = (epoch + 1, None)
        if shards is None:
            self.owners.pop(owner, None)

    def _take(self, shards: Sequence[int], owner: str) -> dict[int, int]:
        for shard in shards:
            self.epochs[shard] = (self.epochs[shard][0] + 1, owner)
        return {shard: self.epochs[shard][0] for shard in shards}

    def _is_free(self, holder: str | None) -> bool:
        return holder is None or self.owners.get(holder, self.clock.now() - timedelta(days=1)) < self.clock.now()

    # the rest

    async def definition(self, tenant_id: UUID, ref: WorkflowRef) -> Mapping[str, Any] | None:
        self._answer()
        return self.definitions.get((tenant_id, ref))

    async def fire_due(self, shards: Collection[int], now: datetime, limit: int) -> Sequence[Wake]:
        return []

    async def admit_due(
        self, shards: Collection[int], now: datetime, limit: int
    ) -> tuple[Sequence[Wake], datetime | None]:
        return [], None

    async def forget_keys(self, before: datetime, limit: int) -> int:
        return 0

    async def forget_messages(self, limit: int) -> int:
        return 0

    async def ensure_partitions(self, since: datetime, months: int) -> int:
        return 0

    def _answer(self) -> None:
        if self.away:
            raise Unavailable

    def violations(self, effects: Mapping[str, int] | None = None, ended: bool = True) -> list[str]:
        """What the checker says."""
        rows = [
            {"id": run.id, "status": str(run.status), "last_seq": run.last_seq, "ended_at": run.ended_at}
            for run in (row.run for row in self.runs.values())
        ]
        return violations(Evidence(rows, self.journal, self.events, [], effects or {}, ended))


def _is_needy(run: Run, pending_before: datetime, due: datetime, full: Collection[UUID]) -> bool:
    if run.cancel_requested_at is not None or run.status is RunStatus.RUNNING:
        return True
    if run.status is RunStatus.PENDING:
        return run.created_at <= pending_before and run.tenant_id not in full
    return run.wake_at is not None and run.wake_at <= due


@dataclass
class FakeSteps:
    """Counts arrivals by idempotency key; with `holds`, a step ends when the test says so."""

    log: list[str] = field(default_factory=list)
    arrivals: dict[str, int] = field(default_factory=dict)
    holds: bool = False
    open: dict[int, asyncio.Future[Outcome]] = field(default_factory=dict)
    most_open: int = 0
    outcome: Callable[[StartStep], Outcome] = lambda step: Succeeded({"done": step.task})
    _numbers: Any = field(default_factory=count)

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        self.log.append(f"step {step.task}")
        self.arrivals[step.idempotency_key] = self.arrivals.get(step.idempotency_key, 0) + 1
        if not self.holds:
            return self.outcome(step)
        number = next(self._numbers)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.open[number] = future
        self.most_open = max(self.most_open, len(self.open))
        try:
            return await future
        finally:
            del self.open[number]

    def end_one(self, outcome: Outcome | None = None) -> None:
        next(iter(self.open.values())).set_result(outcome or Succeeded({}))


@dataclass
class World:
    """A PostgreSQL, a clock and steps; shards come and go."""

    clock: ManualTime
    store: FakePostgres
    steps: FakeSteps
    limits: Limits
    signals: RecordedSignals = field(default_factory=RecordedSignals)
    shards: list[WorkflowShard] = field(default_factory=list)

    def shard(self, actor: str = "shard-0", kind: type[WorkflowShard] = WorkflowShard, **changes: Any) -> WorkflowShard:
        """A started shard."""
        ports = ShardPorts(
            self.store, self.store, self.store, self.store, self.store, self.steps, self.clock, self.limits,
            signals=self.signals, sleep=self.clock.sleep,
        )  # fmt: skip
        shard = kind(f"{actor}#{uuid4().hex[:6]}", replace(ports, **changes))
        shard.start()
        self.shards.append(shard)
        return shard

    async def owning(self, actor: str = "shard-0", **changes: Any) -> WorkflowShard:
        """A started shard that owns its share."""
        shard = self.shard(actor, **changes)
        await self.clock.go_on(1.0)
        assert shard.leases.epochs
        return shard

    def wake(self, shard: WorkflowShard, *wakes: Wake) -> None:
        assert shard.wake("test", wakes, {one.run_id for one in wakes}) == []

    async def ended(self, *wakes: Wake, seconds: float = 5.0) -> None:
        """Waits for the ends of these runs in the table."""
        async with asyncio.timeout(seconds):
            while any(self.store.run(one).ended_at is None for one in wakes):
                await settle(1)

    async def kill(self, shard: WorkflowShard) -> None:
        """As SIGKILL: nothing is finished, nothing is given back."""
        tasks = [*shard._tasks, *shard._recoveries, *shard.keeper.steps._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shard.keeper.close()
        self.shards.remove(shard)


@asynccontextmanager
async def world(workflow: Mapping[str, Any] = THREE, **limits: Any) -> AsyncIterator[World]:
    """All of it, with one workflow for one tenant; what still runs at the end is killed."""
    clock = ManualTime()
    store = FakePostgres(clock)
    store.definitions[TENANT, FLOW] = workflow
    made = World(clock, store, FakeSteps(log=store.log), replace(Limits(), **limits))
    try:
        yield made
    finally:
        for shard in list(made.shards):
            await made.kill(shard)
