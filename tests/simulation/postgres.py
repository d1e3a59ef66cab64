"""The tables that shards work on, in memory: each call is one transaction, atomic at the moment it arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid5

import orjson

from actors.operation_ports import Snapshot
from actors.ports import Cursor, OpenRun, RunAppend, RunKey, Standing, StoredRun
from models.domain.dsl.protocol import Notification
from models.domain.errors import RunMoved, StaleEpoch
from models.domain.events import RunFacts, lifecycle_event
from models.domain.journal import Entry, EntryType
from models.domain.ports import Wake
from models.domain.runs import NewRun, Run, RunStatus, WorkflowRef
from tests.simulation.inbox import History, Inbox

SHARDS = range(64)


class Observer(Protocol):
    """Is told of each append that became durable."""

    def appended(self, row: RunRow, item: RunAppend) -> None: ...
    def say(self, what: str) -> None: ...


@dataclass(slots=True)
class RunRow:
    """A run and its journal: entries as stored, with the epoch that wrote each of them."""

    run: Run
    shard: int
    entries: list[Entry] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Schedule:
    """Starts a run of a workflow every so often, so many times."""

    tenant: UUID
    ref: WorkflowRef
    shard: int
    next_at: datetime
    every: timedelta
    left: int
    fired: list[UUID] = field(default_factory=list)


class Postgres:
    """`now` is the clock of the database. Tests for the checks break single methods of it."""

    def __init__(self, now: Callable[[], datetime], observer: Observer) -> None:
        self.now = now
        self.observer = observer
        self.runs: dict[RunKey, RunRow] = {}
        self.open: dict[tuple[int, UUID], RunRow] = {}
        self.definitions: dict[tuple[UUID, WorkflowRef], Mapping[str, Any]] = {}
        self.lifecycle: list[dict[str, Any]] = []
        self.events: dict[tuple[UUID, str, str], dict[str, Any]] = {}
        self.notifications: dict[tuple[UUID, str], Any] = {}
        self.log: Counter[str] = Counter()
        self.triggers: dict[tuple[UUID, str], WorkflowRef] = {}
        self.schedules: list[Schedule] = []
        self.shard_epoch: dict[int, tuple[int, str | None]] = dict.fromkeys(SHARDS, (0, None))
        self.owners: dict[str, datetime] = {}
        self.history = History()
        self.inbox = Inbox(self.accept, self.request_cancel, lambda tenant, ref: (tenant, ref) in self.definitions)

    # ---------------------------------------------------------------- runs

    def accept(self, new: NewRun, shard: int) -> Wake:
        """Makes a run durable as pending; a run that is there already stays as it is."""
        key = (new.tenant_id, new.id)
        if key not in self.runs:
            run = Run(
                new.tenant_id, new.id, new.workflow, RunStatus.PENDING, new.input, None, None, new.cause,
                new.created_at, None, None, 0,
            )  # fmt: skip
            self.runs[key] = self.open[shard, new.id] = RunRow(run, shard)
        return Wake(new.tenant_id, new.id, shard, new)

    def request_cancel(self, key: RunKey) -> int | None:
        """The shard of the run, or None when it has ended or is not there."""
        row = self.runs.get(key)
        if row is None or row.run.ended_at is not None:
            return None
        if row.run.cancel_requested_at is None:
            row.run = replace(row.run, cancel_requested_at=self.now())
        return row.shard

    def transaction(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        """`append`, and whether it is all or nothing."""
        before = [self.runs[item.key].run.last_seq for item in batch]
        try:
            return self.append(batch)
        except Exception:
            if before != [self.runs[item.key].run.last_seq for item in batch]:
                self.observer.say("an append that was refused left something behind")
            raise

    def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        for item in batch:
            self.check_epoch(item)
        for item in batch:
            self.check_seq(item)
        return [wake for item in batch for wake in self._write(item)]

    def check_epoch(self, item: RunAppend) -> None:
        if self.shard_epoch[item.shard][0] != item.epoch:
            raise StaleEpoch

    def check_seq(self, item: RunAppend) -> None:
        run = self.runs[item.key].run
        if run.last_seq != item.expected or run.ended_at is not None:
            raise RunMoved

    def _write(self, item: RunAppend) -> list[Wake]:
        row = self.runs[item.key]
        row.run = replace(
            row.run, status=item.status, last_seq=item.last, started_at=item.started_at, ended_at=item.ended_at,
            wake_at=item.wake_at, output=item.output, error=dict(item.error) if item.error is not None else None,
        )  # fmt: skip
        if item.ended_at is not None:
            self.open.pop((row.shard, item.run_id), None)
        for entry in item.entries:
            data = orjson.loads(orjson.dumps(entry.data))
            row.entries.append(Entry(entry.seq, entry.type, entry.at, entry.task, entry.path, data))
            row.epochs.append(item.epoch)
            if not entry.task:
                self._tell(entry, item)
        for one in item.notifications:
            self.notify(item.tenant_id, one)
        wakes = [wake for event in item.events for wake in self.publish(item.tenant_id, event, row.shard)]
        wakes += self.inbox.stored(row.shard, item, row.run.cause)
        self.history.keep(item)
        self.observer.appended(row, item)
        return wakes

    def _tell(self, entry: Entry, item: RunAppend) -> None:
        ref = item.workflow
        facts = RunFacts(str(item.run_id), ref.namespace, ref.name, ref.version, item.created_at, item.started_at)
        event = lifecycle_event(entry, facts)
        if event is not None:
            self.lifecycle.append(event)

    def notify(self, tenant: UUID, one: Notification) -> None:
        if (tenant, one.key) not in self.notifications:
            self.notifications[tenant, one.key] = one
            self.log[f"notification {one.key}"] += 1

    def publish(self, tenant: UUID, event: Mapping[str, Any], shard: int) -> list[Wake]:
        key = (tenant, event["source"], event["id"])
        if key in self.events:
            return []
        self.events[key] = dict(event)
        self.log[f"event {event['id']}"] += 1
        wakes = [Wake(one.tenant_id, one.run_id, shard) for one in self.inbox.publish(tenant, event, shard)]
        ref = self.triggers.get((tenant, event["type"]))
        if ref is None:
            return wakes
        cause = {"kind": "event", "event": event["id"]}
        new = NewRun(tenant, uuid5(tenant, f"{key}"), ref, event.get("data"), self.now(), cause)
        return [*wakes, self.accept(new, shard)]

    def last_seqs(self, keys: Collection[RunKey]) -> Mapping[UUID, int]:
        return {key[1]: self.runs[key].run.last_seq for key in keys if key in self.runs}

    def read(self, keys: Collection[RunKey]) -> Sequence[StoredRun]:
        rows = [self.runs[key] for key in keys if key in self.runs]
        of = self.inbox.of
        return [
            StoredRun(row.shard, row.run, messages=of((row.run.tenant_id, row.run.id)))
            for row in rows
            if row.run.ended_at is None
        ]

    def entries(self, keys: Collection[RunKey]) -> Mapping[UUID, Sequence[Entry]]:
        return {key[1]: list(self.runs[key].entries) for key in keys if key in self.runs and self.runs[key].entries}

    def needy(
        self, shards: Sequence[int], after: Cursor, limit: int, pending_before: datetime, due: datetime,
        full: Collection[UUID] = (),
    ) -> tuple[Sequence[OpenRun], Cursor | None]:
        wanted = set(shards)
        places = sorted(place for place in self.open if place[0] in wanted and place > after)
        page = places[:limit]
        found = [
            OpenRun(row.shard, row.run.tenant_id, row.run.id, row.run.status, row.run.last_seq, row.run.wake_at,
                    row.run.cancel_requested_at is not None)
            for row in (self.open[place] for place in page)
            if _is_needy(row.run, pending_before, due, full)
        ]  # fmt: skip
        found += self._addressed(wanted, limit)
        return found, page[-1] if len(places) > limit else None

    def _addressed(self, shards: set[int], limit: int) -> list[OpenRun]:
        """Open runs that have messages."""
        messages: dict[RunKey, list[int]] = {}
        for number, one in list(self.inbox.rows.items())[:limit]:
            if one.shard in shards:
                messages.setdefault(one.key, []).append(number)
        rows = ((self.runs[key], numbers) for key, numbers in messages.items() if key in self.runs)
        return [
            OpenRun(row.shard, row.run.tenant_id, row.run.id, row.run.status, row.run.last_seq, row.run.wake_at,
                    row.run.cancel_requested_at is not None, messages=numbers)
            for row, numbers in rows
            if row.run.ended_at is None
        ]  # fmt: skip

    def snapshots(self, keys: Collection[RunKey]) -> Mapping[UUID, Snapshot]:
        return {key[1]: self.history.kept[key] for key in keys if key in self.history.kept}

    def page(self, key: RunKey, after: int, limit: int) -> Sequence[Entry]:
        return self.runs[key].entries[after : after + limit]

    # ---------------------------------------------------------------- leases

    def beat(self, owner: str, ttl: timedelta) -> Standing:
        now = self.now()
        self.owners[owner] = now + ttl
        mine = {shard: epoch for shard, (epoch, holder) in self.shard_epoch.items() if holder == owner}
        free = len(self._free(owner, now))
        return Standing(mine, sum(until >= now for until in self.owners.values()), free)

    def acquire(self, owner: str, at_most: int) -> Mapping[int, int]:
        return self._take(self._free(owner, self.now())[:at_most], owner)

    def succeed(self, owner: str, ttl: timedelta) -> Mapping[int, int]:
        actor = owner.partition("#")[0]
        former = [s for s, (_, one) in self.shard_epoch.items() if one and one != owner and _actor(one) == actor]
        self.owners = {name: at for name, at in self.owners.items() if _actor(name) != actor}
        self.owners[owner] = self.now() + ttl
        return self._take(former, owner)

    def release(self, owner: str, shards: Collection[int] | None = None) -> None:
        for shard, (epoch, holder) in self.shard_epoch.items():
            if holder == owner and (shards is None or shard in shards):
                self.shard_epoch[shard] = (epoch + 1, None)
        if shards is None:
            self.owners.pop(owner, None)

    def _free(self, owner: str, now: datetime) -> list[int]:
        alive = {name for name, until in self.owners.items() if until >= now}
        return [s for s, (_, one) in self.shard_epoch.items() if one != owner and one not in alive]

    def _take(self, shards: Sequence[int], owner: str) -> dict[int, int]:
        for shard in shards:
            self.shard_epoch[shard] = (self.shard_epoch[shard][0] + 1, owner)
        return {shard: self.shard_epoch[shard][0] for shard in shards}

    # ---------------------------------------------------------------- the rest

    def definition(self, tenant_id: UUID, ref: WorkflowRef) -> Mapping[str, Any] | None:
        return self.definitions.get((tenant_id, ref))

    def fire_due(self, shards: Collection[int], now: datetime, limit: int) -> Sequence[Wake]:
        due = [one for one in self.schedules if one.left and one.shard in shards and one.next_at <= now][:limit]
        return [self._fire(one, now) for one in due]

    def _fire(self, schedule: Schedule, now: datetime) -> Wake:
        run = uuid5(schedule.tenant, f"{schedule.ref} {schedule.next_at.isoformat()}")
        schedule.fired.append(run)
        schedule.left -= 1
        schedule.next_at += schedule.every
        cause = {"kind": "schedule", "trigger": "every"}
        return self.accept(NewRun(schedule.tenant, run, schedule.ref, {}, now, cause), schedule.shard)

    def forget_keys(self, before: datetime, limit: int) -> int:
        return 0

    def forget_messages(self, limit: int) -> int:
        return 0

    def ensure_partitions(self, since: datetime, months: int) -> int:
        return 0


def rows_of(row: RunRow) -> list[dict[str, Any]]:
    """The journal as the checker reads it."""
    return [
        {"run_id": row.run.id, "seq": e.seq, "type": str(e.type), "task": e.task, "path": e.path, "epoch": epoch}
        for e, epoch in zip(row.entries, row.epochs, strict=True)
    ]


def is_end(entry: Entry) -> bool:
    """Whether it ends its run."""
    return entry.type in (EntryType.RUN_COMPLETED, EntryType.RUN_FAULTED, EntryType.RUN_CANCELLED)


def _is_needy(run: Run, pending_before: datetime, due: datetime, full: Collection[UUID]) -> bool:
    if run.cancel_requested_at is not None or run.status is RunStatus.RUNNING:
        return True
    if run.status is RunStatus.PENDING:
        return run.created_at <= pending_before and run.tenant_id not in full
    return run.status is RunStatus.WAITING and run.wake_at is not None and run.wake_at <= due


def _actor(owner: str) -> str:
    return owner.partition("#")[0]
