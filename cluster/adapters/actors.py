"""Binds the ports of the actors room to storage: each method is one unit of work of the engine role."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from actors import ports as p
from cluster.adapters.actor_messages import exchange
from cluster.adapters.actor_operations import keep_snapshots, move
from cluster.adapters.definitions import complete_definition
from models.domain.clock import Clock
from models.domain.dsl.protocol import TaskAnswered
from models.domain.events import RunFacts, lifecycle_event, parse_event
from models.domain.identity import TenantScope
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.ports import Ended, Wake
from models.domain.runs import WorkflowRef, is_dry
from models.domain.task_events import CORRELATING, task_events
from models.domain.tracing import traceparent_of
from storage import (
    acceptance,
    children,
    connections,
    events,
    flow_control,
    human_tasks,
    idempotency,
    inbox_delivery,
    run_inbox,
    runs,
    schedules,
    secrets,
)
from storage import shards as leases
from storage.postgres import Database, WriteConn

_FIRST_TENANTS = 250
_PAGE = 100


class ShardJournal:
    """See JournalStore."""

    def __init__(self, database: Database, clock: Clock, limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits
        self._triggers = events.TriggerCache()

    async def append(self, batch: Sequence[p.RunAppend]) -> Sequence[Wake]:
        log = _lifecycle(batch)
        ending = [item.key for item in batch if item.is_flow_controlled and item.ended_at is not None]
        async with self._database.unit_of_work() as conn:
            gate = await flow_control.lock_endings(conn, ending) if ending else None
            await move(conn, batch)
            await runs.append(conn, batch, log)
            await keep_snapshots(conn, batch, self._limits)
            wakes = await exchange(conn, batch, self._clock.now()) if _tell_others(batch) else []
            started = wakes + await self._emit(conn, [item for item in batch if item.events])
            await _notify(conn, [item for item in batch if item.notifications])
            await _change_tasks(conn, [item for item in batch if item.tasks])
            await _end_schedules(conn, batch)
            let_in = await flow_control.leave(conn, gate, self._clock.now()) if gate is not None else []
        return started + let_in

    async def last_seqs(self, keys: Collection[p.RunKey]) -> Mapping[UUID, int]:
        async with self._database.read() as conn:
            return await runs.last_seqs(conn, list(keys))

    async def read(self, keys: Collection[p.RunKey]) -> Sequence[p.StoredRun]:
        async with self._database.read() as conn:
            found = await runs.open_by_keys(conn, list(keys))
            answers = await human_tasks.answers(conn, list(keys))
            messages = await run_inbox.of_runs(conn, list(keys), self._limits.max_messages_per_load)
            cancelled = [(run.tenant_id, run.id) for _, run in found if run.cancel_requested_at is not None]
            reasons = await flow_control.reasons(conn, cancelled) if cancelled else {}
        return [
            p.StoredRun(
                shard, run, [TaskAnswered(one.seq, one.answer, one.at) for one in answers.get(run.id, ())],
                [p.InboxMessage(one.id, one.kind, one.data) for one in messages.get(run.id, ())],
                reasons.get(run.id, ""),
            )
            for shard, run in found
        ]

    async def entries(self, keys: Collection[p.RunKey]) -> Mapping[UUID, Sequence[Entry]]:
        async with self._database.read() as conn:
            return await runs.journals(conn, list(keys))

    async def needy(
        self, shards: Sequence[int], after: p.Cursor, limit: int, pending_before: datetime, due: datetime,
        full: Collection[UUID] = (),
    ) -> tuple[Sequence[p.OpenRun], p.Cursor | None]:
        found: list[p.OpenRun] = []
        pages: list[p.OpenRun] = []
        cursor: p.Cursor | None = after
        async with self._database.read() as conn:
            await runs.by_index(conn)
            # In small pages: turns are taken between them.
            for first in range(0, limit, _PAGE):
                if cursor is not None:
                    page = min(_PAGE, limit - first)
                    some, cursor = await runs.needy(conn, shards, cursor, page, pending_before, due, full)
                    pages += map(_open_run, some)
            if cursor is not None:
                # More than one look can take: nobody has to wait until it is their page's turn.
                each = max(1, limit // _FIRST_TENANTS)
                some = await runs.first_of_tenants(conn, shards, _FIRST_TENANTS, each, pending_before, due, full)
                found += map(_open_run, some)
            found += map(_open_run, await runs.due(conn, shards, due, limit))
            answered = await human_tasks.unapplied(conn, shards, pending_before, limit)
            found += [_open_run(one, has_answer=True) for one in answered]
            found += map(_addressed, await run_inbox.waiting(conn, shards, limit))
        return [*found, *pages], cursor

    async def _emit(self, conn: WriteConn, batch: Sequence[p.RunAppend]) -> list[Wake]:
        """Emitted events are events like any other: stored once, told to the log, starting runs."""
        if not batch:
            return []
        now = self._clock.now()
        told = [
            events.Batch(
                item.tenant_id,
                [parse_event(_traced(event, item.cause), now, limits=self._limits) for event in item.events],
                now,
            )
            for item in batch
        ]
        return [wake for one in await events.ingest(conn, told, self._triggers, self._limits) for wake in one.wakes]


class ShardLeases:
    """See LeaseStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, owner: str, ttl: timedelta) -> p.Standing:
        async with self._database.unit_of_work() as conn:
            await leases.beat(conn, owner, ttl)
            found = await leases.standing(conn, owner)
        return p.Standing(found.epochs, found.live_owners, found.free)

    async def acquire(self, owner: str, at_most: int) -> Mapping[int, int]:
        async with self._database.unit_of_work() as conn:
            return await leases.acquire(conn, owner, at_most)

    async def succeed(self, owner: str, ttl: timedelta) -> Mapping[int, int]:
        async with self._database.unit_of_work() as conn:
            await leases.beat(conn, owner, ttl)
            return await leases.succeed(conn, owner)

    async def release(self, owner: str, shards: Collection[int] | None = None) -> None:
        async with self._database.unit_of_work() as conn:
            await leases.release(conn, owner, None if shards is None else list(shards))


class ShardDefinitions:
    """See DefinitionStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def definition(self, tenant_id: UUID, ref: WorkflowRef) -> Mapping[str, Any] | None:
        async with self._database.read() as conn:
            return await complete_definition(conn, TenantScope(tenant_id), ref)


class ShardTriggers:
    """See TriggerStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fire_due(self, shards: Collection[int], now: datetime, limit: int) -> Sequence[Wake]:
        async with self._database.unit_of_work() as conn:
            return await schedules.fire_due(conn, list(shards), now, limit)

    async def admit_due(
        self, shards: Collection[int], now: datetime, limit: int
    ) -> tuple[Sequence[Wake], datetime | None]:
        async with self._database.unit_of_work() as conn:
            return await flow_control.admit_due(conn, list(shards), now, limit)


class ShardHousekeeping:
    """See Housekeeping."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget_keys(self, before: datetime, limit: int) -> int:
        async with self._database.unit_of_work() as conn:
            await flow_control.forget(conn, before)
            forgotten = await acceptance.forget_keys(conn, before, limit)
            return max(forgotten, await idempotency.forget(conn, before, limit))

    async def forget_messages(self, limit: int) -> int:
        async with self._database.unit_of_work() as conn:
            return await run_inbox.forget_of_ended(conn, limit)

    async def ensure_partitions(self, since: datetime, months: int) -> int:
        async with self._database.unit_of_work() as conn:
            made: int = await conn.fetchval("SELECT ensure_journal_partitions($1, $2)", since, months)
        return made


class SessionConnections:
    """See ConnectionStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: UUID, name: str) -> p.StoredConnection | None:
        async with self._database.read() as conn:
            found = await connections.session(conn, TenantScope(tenant_id), name)
        if found is None:
            return None
        return p.StoredConnection(
            found.base_url, found.settings, found.secret_sealed, found.updated_at, found.state, found.state_at
        )

    async def save_state(
        self, tenant_id: UUID, name: str, state: Mapping[str, Any], expected_at: datetime | None, now: datetime
    ) -> bool:
        async with self._database.unit_of_work() as conn:
            return await connections.save_state_if(conn, TenantScope(tenant_id), name, state, expected_at, now)


class SessionSecrets:
    """See SecretStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sealed(self, tenant_id: UUID, names: Collection[str]) -> Mapping[str, bytes]:
        async with self._database.read() as conn:
            return await secrets.sealed(conn, TenantScope(tenant_id), names)


class Directory:
    """See ShardDirectory; for clients of the shards, with the app role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owners(self) -> Mapping[int, str]:
        async with self._database.read() as conn:
            return await leases.owners(conn)

    async def ended(self, keys: Collection[p.RunKey]) -> Sequence[Ended]:
        async with self._database.read({tenant for tenant, _ in keys}) as conn:
            return [Ended(*found) for found in await runs.ended_by_keys(conn, list(keys))]


def _lifecycle(batch: Sequence[p.RunAppend]) -> list[runs.LogRow]:
    """The lifecycle events of a batch, in the order of their entries."""
    found = []
    for place, item in enumerate(batch, 1):
        if is_dry(item.cause):
            continue
        facts: RunFacts | None = None
        for entry in item.entries:
            if entry.task and not item.tells_tasks and entry.type not in CORRELATING:
                continue
            if facts is None:
                ref = item.workflow
                facts = RunFacts(
                    str(item.run_id), ref.namespace, ref.name, ref.version, item.created_at, item.started_at
                )
            if entry.task:
                told = task_events(entry, facts, item.tells_tasks)
                found += [(place, orjson.dumps(_traced(event, item.cause)).decode()) for event in told]
                continue
            event = lifecycle_event(entry, facts)
            if event is not None:
                found.append((place, orjson.dumps(_traced(event, item.cause)).decode()))
    return found


def _traced(event: Mapping[str, Any], cause: Mapping[str, Any]) -> dict[str, Any]:
    """The event with what led to its run, as the CloudEvents extension of distributed tracing has it."""
    traceparent = traceparent_of(cause)
    return dict(event) if traceparent is None else {"traceparent": traceparent, **event}


async def _notify(conn: WriteConn, batch: Sequence[p.RunAppend]) -> None:
    deliveries = [
        inbox_delivery.Delivery(
            item.tenant_id, item.run_id, one.key, one.to, one.severity, one.title, one.body, one.link,
            item.entries[-1].at,
        )
        for item in batch
        for one in item.notifications
    ]  # fmt: skip
    if deliveries:
        await inbox_delivery.deliver(conn, deliveries)


def _open_run(one: runs.OpenRun, has_answer: bool = False) -> p.OpenRun:
    return p.OpenRun(
        one.shard, one.tenant_id, one.id, one.status, one.last_seq, one.wake_at, one.cancel_requested, has_answer
    )


def _addressed(one: run_inbox.Addressed) -> p.OpenRun:
    return p.OpenRun(
        one.shard, one.tenant_id, one.run_id, one.status, one.last_seq, one.wake_at, one.cancel_requested,
        messages=one.messages,
    )  # fmt: skip


def _tell_others(batch: Sequence[p.RunAppend]) -> bool:
    return any(
        not item.messages.are_none or (item.ended_at is not None and children.is_awaited(item.cause)) for item in batch
    )


async def _change_tasks(conn: WriteConn, batch: Sequence[p.RunAppend]) -> None:
    if batch:
        await human_tasks.change(
            conn,
            [human_tasks.RunChanges(one.tenant_id, one.run_id, one.shard, one.workflow, one.tasks) for one in batch],
        )


async def _end_schedules(conn: WriteConn, batch: Sequence[p.RunAppend]) -> None:
    ended = [
        (item.tenant_id, item.workflow, item.ended_at)
        for item in batch
        if item.ended_at is not None and schedules.is_awaited_by_schedule(item.cause)
    ]
    if ended:
        await schedules.note_ends(conn, ended)
