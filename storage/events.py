"""Events that came in: stored once, told to the log once, and starting runs once, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.domain.event_hops import hops_of
from models.domain.events import CloudEvent
from models.domain.gatherings import concerns
from models.domain.identity import TenantScope
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Wake
from models.domain.runs import NewRun
from models.domain.tracing import traceparent_of
from models.domain.triggers import event_matches
from storage import gatherings, runs, subscriptions, triggers
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("events")


@dataclass(frozen=True, slots=True)
class Batch:
    """Checked events of one tenant that came together."""

    tenant_id: UUID
    events: Sequence[CloudEvent]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many events were new, how many had been there before, and the runs that the new ones started or reached."""

    accepted: int
    duplicates: int
    wakes: Sequence[Wake]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event in the JSON format, when it came, and its key."""

    envelope: Mapping[str, Any]
    received_at: datetime
    source: str
    id: str


@dataclass(slots=True)
class TriggerCache:
    """Event triggers of tenants as they were at a generation of their workflows; exact, for the generation is read anew
    in each transaction."""

    kept: int = 10_000
    known: dict[UUID, tuple[int, list[triggers.EventTrigger]]] = field(default_factory=dict)

    async def of(self, conn: ReadConn, generations: Mapping[UUID, int]) -> dict[UUID, list[triggers.EventTrigger]]:
        """The triggers of each tenant at its generation."""
        stale = [tenant for tenant, now in generations.items() if self.known.get(tenant, (-1, []))[0] != now]
        found = await triggers.on_events(conn, stale) if stale else {}
        for tenant, specs in found.items():
            self.known.pop(tenant, None)
            self.known[tenant] = (generations[tenant], specs)
        answer = {tenant: self.known[tenant][1] for tenant in generations}
        while len(self.known) > self.kept:
            del self.known[next(iter(self.known))]
        return answer


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A new event, and the place of its batch."""

    place: int
    batch: Batch
    event: CloudEvent
    shard: int
    generation: int


async def ingest(
    conn: WriteConn,
    batches: Sequence[Batch],
    cache: TriggerCache,
    limits: Limits = Limits(),  # noqa: B008
) -> list[Ingested]:
    """Stores what is new, starts a run for each trigger that it matches, and puts it into the inboxes of the runs that
    may want it; an answer for each batch.

    An event is known by tenant, source and id. Because it is stored in the transaction that starts its runs, a
    duplicate starts none, whichever transaction brings it.
    """
    fresh = await _store(conn, batches)
    started = await _start(conn, fresh, cache, limits)
    started += await _deliver(conn, fresh)
    wakes: list[list[Wake]] = [[] for _ in batches]
    for place, wake in started:
        wakes[place].append(wake)
    accepted = [0] * len(batches)
    for one in fresh:
        accepted[one.place] += 1
    return [
        Ingested(new, len(batch.events) - new, own) for batch, new, own in zip(batches, accepted, wakes, strict=True)
    ]


async def find(
    conn: ReadConn,
    scope: TenantScope,
    kind: str | None,
    source: str | None,
    before: tuple[datetime, str, str] | None,
    limit: int,
) -> Sequence[StoredEvent]:
    """The latest first, those that came before `before` (received_at, source, id)."""
    at, before_source, before_id = before or (None, None, None)
    rows = await conn.fetch(_SQL["list"], scope.tenant_id, kind, source, at, before_source, before_id, limit)
    return [StoredEvent(**row) for row in rows]


async def _store(conn: WriteConn, batches: Sequence[Batch]) -> list[_Fresh]:
    # The first of several with the same key counts, wherever in the batches it stands.
    asked: dict[tuple[UUID, str, str], tuple[int, Batch, CloudEvent]] = {}
    for place, batch in enumerate(batches):
        for event in batch.events:
            asked.setdefault((batch.tenant_id, event.source, event.id), (place, batch, event))
    items = list(asked.values())
    rows = await conn.fetch(
        _SQL["ingest"],
        [batch.tenant_id for _, batch, _ in items],
        [event.source for _, _, event in items],
        [event.id for _, _, event in items],
        [event.type for _, _, event in items],
        [event.subject for _, _, event in items],
        [event.time for _, _, event in items],
        [batch.received_at for _, batch, _ in items],
        [orjson.dumps(event.envelope).decode() for _, _, event in items],
    )
    fresh = []
    for row in rows:
        place, batch, event = items[row["n"] - 1]
        fresh.append(_Fresh(place, batch, event, row["shard"], row["workflow_generation"]))
    return fresh


async def _start(
    conn: WriteConn, fresh: Sequence[_Fresh], cache: TriggerCache, limits: Limits
) -> list[tuple[int, Wake]]:
    specs = await cache.of(conn, {one.batch.tenant_id: one.generation for one in fresh})
    started: list[tuple[_Fresh, NewRun]] = [
        (one, _run(one, trigger, [one.event.envelope]))
        for one in fresh
        for trigger in specs[one.batch.tenant_id]
        if "gather" not in trigger.spec and event_matches(trigger.spec, one.event.envelope)
    ]
    started += await _gather(conn, fresh, specs, limits)
    if started:
        shards = {one.batch.tenant_id: one.shard for one in fresh}
        await runs.accept(conn, [run for _, run in started], shards)
    return [(one.place, Wake(run.tenant_id, run.id, one.shard, run)) for one, run in started]


async def _deliver(conn: WriteConn, fresh: Sequence[_Fresh]) -> list[tuple[int, Wake]]:
    if not fresh:
        return []
    arrivals = [
        subscriptions.Arrival(one.batch.tenant_id, one.event.envelope, one.batch.received_at) for one in fresh
    ]
    return [(fresh[n].place, wake) for n, wake in await subscriptions.deliver(conn, arrivals)]


async def _gather(
    conn: WriteConn, fresh: Sequence[_Fresh], specs: Mapping[UUID, Sequence[triggers.EventTrigger]], limits: Limits
) -> list[tuple[_Fresh, NewRun]]:
    """The runs of schedules that wait for several events. In the order of tenants and triggers, so that transactions do
    not deadlock."""
    found = []
    for tenant in sorted(specs):
        for trigger in specs[tenant]:
            if "gather" not in trigger.spec:
                continue
            own = [
                one for one in fresh if one.batch.tenant_id == tenant and concerns(trigger.spec, one.event.envelope)
            ]
            if own:
                envelopes = [one.event.envelope for one in own]
                whole = await gatherings.take(conn, tenant, trigger.workflow, trigger.spec, envelopes, limits)
                found += [(own[n], _run(own[n], trigger, complete)) for n, complete in whole]
    return found


def _run(one: _Fresh, trigger: triggers.EventTrigger, input: Sequence[Mapping[str, Any]]) -> NewRun:
    at = one.batch.received_at
    cause: dict[str, Any] = {"kind": "event", "source": one.event.source, "id": one.event.id, "type": one.event.type}
    hops = max(map(hops_of, input))
    if hops:
        cause["hops"] = hops
    traceparent = traceparent_of(one.event.envelope)
    if traceparent is not None:
        cause["traceparent"] = traceparent
    return NewRun(one.batch.tenant_id, uuid7(at), trigger.workflow, list(input), at, cause)
