"""Flow control by key, in the transactions that accept and end runs: the state of a key is locked, changed by the rules
of models/domain/flow_control.py, and written back with what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.domain.flow_control import (
    Admission,
    FlowControl,
    KeyState,
    Refused,
    Singleton,
    admit,
    ended,
    enqueue,
    key_of,
    parse_flow_control,
    priority_of,
    refusal,
)
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from models.domain.ports import Wake
from models.domain.runs import NewRun
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("flow_control")
_LIMITS = Limits()
Place = tuple[UUID, str, str, str]
"""Tenant, namespace, name, key."""


@dataclass(slots=True)
class _Key:
    """A locked key: as it was stored, and what is to be stored."""

    control: FlowControl
    state: KeyState
    due_at: datetime | None = None
    starts: int = 0
    refused: int = 0
    is_changed: bool = False

    def let_in(self, now: datetime) -> None:
        found: Admission = admit(self.control, self.state, now)
        self.state, self.starts, self.due_at = found.state, found.starts, found.next_at
        self.is_changed = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that wants to start: its key and priority."""

    run: NewRun
    place: Place
    priority: int


@dataclass(slots=True)
class Gate:
    """The keys of some new runs, locked until the end of the transaction."""

    now: datetime
    asked: dict[UUID, Asked]
    _keys: dict[Place, _Key]
    _tentative: dict[Place, KeyState] = field(default_factory=dict)

    @classmethod
    async def open(cls, conn: WriteConn, runs: Sequence[NewRun], now: datetime) -> Gate:
        """Locks the keys of these runs; those of workflows without flow control are left out of `asked`."""
        specs = await _specs(conn, runs)
        asked, controls = {}, {}
        for run in runs:
            spec = specs.get((run.tenant_id, run.workflow.namespace, run.workflow.name, run.workflow.version))
            if spec is None:
                continue
            control = parse_flow_control(spec, _LIMITS)
            place = (
                run.tenant_id, run.workflow.namespace, run.workflow.name, key_of(control, run.input, _LIMITS)
            )  # fmt: skip
            asked[run.id] = Asked(run, place, priority_of(control, run.input, _LIMITS))
            controls[place] = spec
        return cls(now, asked, await _lock(conn, controls) if controls else {})

    def refusal(self, run_id: UUID) -> Refused | None:
        """Why the run is refused; one that is not counts for those that are asked about after it."""
        place = self.asked[run_id].place
        key = self._keys[place]
        state = self._tentative.get(place, key.state)
        found = refusal(key.control, state, self.now)
        if found is None:
            state = enqueue(key.control, state, self.now)
            # What has a free place takes it at once, and waits for no other.
            self._tentative[place] = admit(key.control, state, self.now).state
        else:
            key.refused += 1
            key.is_changed = True
        return found

    async def take(
        self, conn: WriteConn, accepted: Sequence[UUID], dropped: Mapping[UUID, str] = {}
    ) -> tuple[set[UUID], list[Wake]]:
        """The accepted runs, which are in the table and held, wait or start; `dropped` ones are there too, and are
        cancelled for the reason given. The runs that start, and what shards should look at beside them."""
        entries = [(self.asked[run], "waiting", "") for run in accepted]
        entries += [(self.asked[run], "dropped", reason) for run, reason in dropped.items()]
        newest: dict[Place, UUID] = {}
        for run in accepted:
            place = self.asked[run].place
            key = self._keys[place]
            key.state = enqueue(key.control, key.state, self.now)
            newest[place] = run
        if entries:
            await _enter(conn, entries)
        wakes = await _give_up(conn, [self.asked[run].run for run in dropped], self.now) if dropped else []
        wakes += await self._displace(conn, newest)
        for place in newest:
            self._keys[place].let_in(self.now)
        started = await _let_in(conn, self._keys)
        await _save(conn, self._keys, self.now)
        return {wake.run_id for wake in started}, wakes + started

    async def _displace(self, conn: WriteConn, newest: Mapping[Place, UUID]) -> list[Wake]:
        rows = []
        for place, run in newest.items():
            control = self._keys[place].control
            if control.keeps_newest:
                what = "debounce" if control.debounce is not None else "singleton"
                reason = f"Run {run} of the same key took its place ({what})."
                rows.append((*place, run, control.singleton is Singleton.REPLACE, reason))
        if not rows:
            return []
        found = await conn.fetch(_SQL["displace"], *(list(column) for column in zip(*rows, strict=True)), self.now)
        return [_wake(row) for row in found]


# ---------------------------------------------------------------- ends and times


@dataclass(frozen=True, slots=True)
class Ending:
    """Keys of runs that are about to end, locked."""

    runs: Sequence[tuple[UUID, UUID]]
    keys: Mapping[Place, Any]


async def lock_endings(conn: WriteConn, runs: Sequence[tuple[UUID, UUID]]) -> Ending:
    """Before the runs (tenant, run) themselves are written to: keys are locked first, by everybody. Engine role."""
    rows = await conn.fetch(_SQL["lock_of_runs"], [tenant for tenant, _ in runs], [run for _, run in runs])
    return Ending(runs, {_place(row): _key(row) for row in rows})


async def leave(conn: WriteConn, ending: Ending, now: datetime) -> list[Wake]:
    """The runs have ended: others take their places. What shards should look at. Engine role."""
    if not ending.keys:
        return []
    keys: dict[Place, _Key] = dict(ending.keys)
    gone = await conn.fetch(
        _SQL["leave"], [tenant for tenant, _ in ending.runs], [run for _, run in ending.runs]
    )
    for row in gone:
        key = keys.get(_place(row))
        if key is not None and row["state"] != "dropped":
            key.state = ended(key.state, row["state"] == "running")
            key.is_changed = True
    return await _go_on(conn, keys, now)


async def admit_due(
    conn: WriteConn, shards: Sequence[int], now: datetime, limit: int
) -> tuple[list[Wake], datetime | None]:
    """Lets in whose time has come; when to look again at the latest (None: nothing is planned). A key that another
    transaction works on is left to it. Engine role."""
    rows = await conn.fetch(_SQL["lock_due"], list(shards), now, limit)
    wakes = await _go_on(conn, {_place(row): _key(row) for row in rows}, now) if rows else []
    next_at: datetime | None = now if len(rows) == limit else await conn.fetchval(_SQL["next_due"], list(shards), now)
    return wakes, next_at


async def _go_on(conn: WriteConn, keys: dict[Place, _Key], now: datetime) -> list[Wake]:
    for key in keys.values():
        key.let_in(now)
    started = await _let_in(conn, keys)
    await _save(conn, keys, now)
    return started


async def forget(conn: WriteConn, before: datetime) -> None:
    """Deletes keys that nothing happened to since; engine role."""
    await conn.execute(_SQL["forget"], before)


# ---------------------------------------------------------------- looking


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Why a run has not started: its place among those of its key, from 1, and what the key's state is."""

    key: str
    position: int
    control: FlowControl
    running: int
    since: datetime
    held_until: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class FlowKey:
    """What goes on for one key."""

    key: str
    running: int
    waiting: int
    refused: int
    last_refused_at: datetime | None
    due_at: datetime | None


async def waiting_for(conn: ReadConn, scope: TenantScope, run_id: UUID, most: int) -> WaitingFor | None:
    """None when the run does not wait for flow control; counts up to `most` that are before it."""
    row = await conn.fetchrow(_SQL["waiting_for"], scope.tenant_id, run_id, most)
    if row is None:
        return None
    control = parse_flow_control(row["control"], _LIMITS)
    return WaitingFor(
        row["key"], row["position"], control, row["running"], row["created_at"], row["held_until"], row["due_at"]
    )


async def keys(
    conn: ReadConn, scope: TenantScope, namespace: str, name: str, after: str | None, limit: int
) -> list[FlowKey]:
    """By key."""
    rows = await conn.fetch(_SQL["list"], scope.tenant_id, namespace, name, after, limit)
    return [FlowKey(**row) for row in rows]


async def control_of(conn: ReadConn, scope: TenantScope, namespace: str, name: str) -> Mapping[str, Any] | None:
    """What the newest version of the workflow says; None when it says nothing."""
    found: Mapping[str, Any] | None = await conn.fetchval(_SQL["control"], scope.tenant_id, namespace, name)
    return found


async def reasons(conn: ReadConn, runs: Sequence[tuple[UUID, UUID]]) -> dict[UUID, str]:
    """Why flow control cancels those of these runs (tenant, run) that it does."""
    rows = await conn.fetch(_SQL["reasons"], [tenant for tenant, _ in runs], [run for _, run in runs])
    return {row["run_id"]: row["reason"] for row in rows}


# ---------------------------------------------------------------- rows


async def _specs(conn: ReadConn, runs: Sequence[NewRun]) -> dict[tuple[UUID, str, str, str], Any]:
    rows = await conn.fetch(
        _SQL["specs"],
        [run.tenant_id for run in runs],
        [run.workflow.namespace for run in runs],
        [run.workflow.name for run in runs],
        [run.workflow.version for run in runs],
    )
    return {(row["tenant_id"], row["namespace"], row["name"], row["version"]): row["flow"] for row in rows}


async def _lock(conn: WriteConn, controls: Mapping[Place, Any]) -> dict[Place, _Key]:
    specs = [orjson.dumps(spec).decode() for spec in controls.values()]
    rows = await conn.fetch(_SQL["lock"], *_columns(controls), specs)
    return {_place(row): _key(row) for row in rows}


async def _enter(conn: WriteConn, entries: Sequence[tuple[Asked, str, str]]) -> None:
    places = [one.place for one, _, _ in entries]
    await conn.execute(
        _SQL["enter"],
        [tenant for tenant, _, _, _ in places],
        [one.run.id for one, _, _ in entries],
        [namespace for _, namespace, _, _ in places],
        [name for _, _, name, _ in places],
        [key for _, _, _, key in places],
        [state for _, state, _ in entries],
        [one.priority for one, _, _ in entries],
        [reason for _, _, reason in entries],
    )


async def _give_up(conn: WriteConn, runs: Sequence[NewRun], now: datetime) -> list[Wake]:
    rows = await conn.fetch(_SQL["give_up"], [run.tenant_id for run in runs], [run.id for run in runs], now)
    return [_wake(row) for row in rows]


async def _let_in(conn: WriteConn, keys: Mapping[Place, _Key]) -> list[Wake]:
    open_keys = {place: key for place, key in keys.items() if key.starts}
    if not open_keys:
        return []
    rows = await conn.fetch(_SQL["let_in"], *_columns(open_keys), [key.starts for key in open_keys.values()])
    return [_wake(row) for row in rows]


async def _save(conn: WriteConn, keys: Mapping[Place, _Key], now: datetime) -> None:
    changed = {place: key for place, key in keys.items() if key.is_changed}
    if not changed:
        return
    states = [key.state for key in changed.values()]
    await conn.execute(
        _SQL["save"],
        *_columns(changed),
        [state.running for state in states],
        [state.waiting for state in states],
        [state.next_place for state in states],
        ["{" + ",".join(f'"{at.isoformat()}"' for at in state.accepted) + "}" for state in states],
        [state.held_since for state in states],
        [state.held_until for state in states],
        [key.due_at for key in changed.values()],
        now,
        [key.refused for key in changed.values()],
    )


def _columns(places: Iterable[Place]) -> tuple[list[UUID], list[str], list[str], list[str]]:
    rows = list(places)
    return (
        [tenant for tenant, _, _, _ in rows],
        [namespace for _, namespace, _, _ in rows],
        [name for _, _, name, _ in rows],
        [key for _, _, _, key in rows],
    )


def _place(row: Mapping[str, Any]) -> Place:
    return row["tenant_id"], row["namespace"], row["name"], row["key"]


def _key(row: Mapping[str, Any]) -> _Key:
    state = KeyState(
        row["running"], row["waiting"], row["next_place"], tuple(row["accepted"]), row["held_since"], row["held_until"]
    )
    return _Key(parse_flow_control(row["control"], _LIMITS), state, row["due_at"])


def _wake(row: Mapping[str, Any]) -> Wake:
    return Wake(row["tenant_id"], row["id"], row["shard"])
