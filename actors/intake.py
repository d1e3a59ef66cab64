"""How runs come into a shard's memory: woken with all that is needed, or read from PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from actors.active_run import ActiveRun, from_stored
from actors.definitions import Definitions
from actors.interpreter import Engine
from actors.leases import Leases
from actors.operation_ports import NoHistory, RunHistory
from actors.ports import Cursor, JournalStore, OpenRun, RunKey, StoredRun
from actors.run_keeper import RunKeeper
from actors.run_operations import MOVE, Past, Pasts
from actors.signals import Signals
from models.domain.clock import Clock
from models.domain.dsl.engine import Workflow
from models.domain.dsl.protocol import CancelRequested, StartStep, StepRepeated
from models.domain.dsl.requests import is_safe
from models.domain.errors import Unavailable
from models.domain.fair_share import FairQueue
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.ports import Wake

_log = logging.getLogger(__name__)
_FIRST: Cursor = (-1, UUID(int=0))
_GRACE = timedelta(seconds=1)
_DUE_AHEAD = timedelta(seconds=2)
_SLICE_SECONDS = 0.002
_PAGE = 50


class Intake:
    """Wakes are hints; `look` once a second is what makes sure that no run is forgotten."""

    def __init__(
        self,
        store: JournalStore,
        definitions: Definitions,
        engine: Engine,
        leases: Leases,
        keeper: RunKeeper,
        clock: Clock,
        limits: Limits,
        signals: Signals,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        history: RunHistory = NoHistory(),  # noqa: B008
        weight: Callable[[UUID], float] = lambda tenant: 1.0,
    ) -> None:
        self._pasts = Pasts(history, definitions, engine, clock, limits)
        self._store, self._definitions, self._engine = store, definitions, engine
        self._leases, self._keeper = leases, keeper
        self._clock, self._limits, self._signals, self._sleep = clock, limits, signals, sleep
        self._wanted: FairQueue[UUID, RunKey] = FairQueue(weight)
        self._some = asyncio.Event()
        self._listeners: dict[RunKey, list[str]] = {}
        self._cursor = _FIRST

    # ---------------------------------------------------------------- wakes

    def wake(self, wakes: Iterable[Wake], subscriber: str | None = None, awaited: Collection[UUID] = ()) -> list[UUID]:
        """Runs to look at now. `subscriber` hears the ends of those that are `awaited`. Returns the runs whose shard
        is not ours."""
        strange = []
        for one in wakes:
            listener = subscriber if one.run_id in awaited else None
            if not self._wake(one, listener):
                strange.append(one.run_id)
        return strange

    def _wake(self, wake: Wake, listener: str | None) -> bool:
        epoch = self._leases.epochs.get(wake.shard)
        if epoch is None:
            return False
        key = (wake.tenant_id, wake.run_id)
        active = self._keeper.runs.get(key)
        if active is not None:
            if listener is not None and listener not in active.listeners:
                active.listeners.append(listener)
            if wake.new is None:
                self.want([key])
            return True
        workflow = self._definitions.known(wake.tenant_id, wake.new.workflow) if wake.new is not None else None
        # What flow control says about a run stands in the table only.
        if wake.new is None or workflow is None or workflow.is_flow_controlled or wake.new.has_origin:
            if listener is not None:
                self._listeners.setdefault(key, []).append(listener)
            self.want([key])
            return True
        run = ActiveRun(wake.new, wake.shard, epoch, workflow)
        if listener is not None:
            run.listeners.append(listener)
        self._keeper.admit(run)
        return True

    # ---------------------------------------------------------------- looking

    async def look(self) -> int:
        """Finds runs that need something and are not in memory; how many. Goes on where the last look ended."""
        found, self._cursor = await self._look(sorted(self._leases.epochs), self._cursor, _GRACE)
        self._keeper.timers.fire_due()
        self._forget_aside()
        return found

    async def recover(self, shards: Collection[int]) -> int:
        """After shards were taken over: everything in them that is not just waiting."""
        cursor, found = _FIRST, 0
        self._keeper.lanes.hurry()
        while True:
            more, cursor = await self._look(sorted(shards), cursor, timedelta(0))
            found += more
            if cursor == _FIRST:
                if not self._wanted:
                    self._keeper.lanes.rest()
                self._signals.tell("recovered", found)
                return found

    async def _look(self, shards: Sequence[int], cursor: Cursor, grace: timedelta) -> tuple[int, Cursor]:
        if not shards:
            return 0, _FIRST
        now = self._clock.now()
        limit, ahead = self._limits.max_open_runs_per_look, self._ahead
        full = self._full(ahead)
        if not full:
            limit = min(limit, ahead)
        found, last = await self._store.needy(shards, cursor, limit, now - grace, now + _DUE_AHEAD, full)
        count = 0
        for place, one in enumerate(found, 1):
            if place % _PAGE == 0:
                await asyncio.sleep(0)
            if self._is_needed(one):
                self.want([one.key])
                count += 1
        return count, last or _FIRST

    def _is_needed(self, one: OpenRun) -> bool:
        """Whether the run has to be read."""
        active = self._keeper.runs.get(one.key)
        if active is None:
            return one.key not in self._keeper.aside and self._keeper.runs.has_place_for(one.tenant_id)
        has_news = any(message not in active.seen.ids for message in one.messages)
        return (one.cancel_requested and not active.cancel_seen) or one.has_answer or has_news

    @property
    def _ahead(self) -> int:
        """How many runs of a tenant may wait in memory for their first turn, beside those that came by themselves."""
        limits = self._limits
        return limits.max_runs_ahead if self._keeper.lanes.are_shared else limits.max_open_runs_per_look

    def _full(self, ahead: int) -> list[UUID]:
        """Tenants of whom so many runs are here or wanted that no more are read that have not begun."""
        runs, wanted = self._keeper.runs, self._wanted
        return [one for one in runs.tenants_waiting() if runs.unstarted(one) + wanted.waiting(one) >= ahead]

    def _forget_aside(self) -> None:
        now = self._clock.monotonic()
        for key in [key for key, until in self._keeper.aside.items() if until <= now]:
            del self._keeper.aside[key]

    # ---------------------------------------------------------------- loading

    def want(self, keys: Iterable[RunKey]) -> None:
        """These runs are to be read from PostgreSQL."""
        for key in keys:
            self._wanted.push(key[0], key)
            if self._wanted.waiting(key[0]) > self._limits.max_quiet_turns:
                self._keeper.lanes.call_loud(key[0])
        if self._wanted:
            self._some.set()

    async def load_wanted(self) -> None:
        """Waits until runs are wanted, then loads some of them; they stay wanted when PostgreSQL is away."""
        await self._some.wait()
        lanes, limits = self._keeper.lanes, self._limits
        most = limits.max_runs_per_load
        keys = [key for _, key in self._wanted.take(min(most, limits.max_quiet_turns) if lanes.are_shared else most)]
        if not self._wanted:
            self._some.clear()
            lanes.rest()
        if all(lanes.is_loud(tenant) for tenant, _ in keys):
            await self._keeper.until_calm()
        watch = self._keeper.runs.watch_leaving()
        try:
            await self._load(keys, watch)
        except Unavailable:
            self.want(keys)
            await self._sleep(0.2)
        except BaseException:
            self.want(keys)
            raise
        finally:
            self._keeper.runs.unwatch(watch)
            for key in keys:
                if (key[0], key) not in self._wanted:
                    self._listeners.pop(key, None)
        self._signals.tell("loaded", len(keys))

    async def _load(self, keys: Sequence[RunKey], left: set[RunKey]) -> None:
        missing = []
        for stored in await self._store.read(keys):
            active = self._keeper.runs.get((stored.run.tenant_id, stored.run.id))
            if active is None:
                missing.append(stored)
                continue
            if any(one.kind == MOVE for one in stored.messages) and self._keeper.is_idle(active):
                self._keeper.reload(active)
                continue
            for answer in stored.answers:
                self._keeper.deliver(active, answer)
            for message in active.seen.take(stored.messages, self._clock.now()):
                self._keeper.deliver(active, message)
            if stored.run.cancel_requested_at is not None:
                self._keeper.cancel(active, stored.cancel_reason)
        for part in self._parts(missing):
            begun = [
                (one.run.tenant_id, one.run.id) for one in part if one.run.last_seq and not self._pasts.is_long(one)
            ]
            journals = await self._store.entries(begun) if begun else {}
            until = self._clock.monotonic() + _SLICE_SECONDS
            for one in part:
                workflow = await self._definitions.get(one.run.tenant_id, one.run.workflow)
                past = await self._past(one, workflow, journals.get(one.run.id, ()))
                if past is not None:
                    self._take_in(one, past, workflow, left)
                if self._clock.monotonic() > until:
                    await asyncio.sleep(0)
                    until = self._clock.monotonic() + _SLICE_SECONDS

    def _parts(self, runs: Sequence[StoredRun]) -> Iterator[Sequence[StoredRun]]:
        """Parts with journals of at most so many entries together, or of one run."""
        part: list[StoredRun] = []
        size = 0
        for one in runs:
            if part and size + one.run.last_seq > self._limits.max_entries_per_load:
                yield part
                part, size = [], 0
            part.append(one)
            size += one.run.last_seq
        if part:
            yield part

    async def _past(
        self, stored: StoredRun, workflow: Workflow | dict[str, object], entries: Sequence[Entry]
    ) -> Past | None:
        """None for a run that cannot go on here: another version may be able to, so it is not ended."""
        if not isinstance(workflow, Workflow):
            return Past(entries, fault=workflow, snapshot_seq=stored.run.last_seq)
        try:
            return await self._pasts.of(stored, workflow, entries)
        except Unavailable:
            raise
        except Exception:
            _log.exception("the past of run %s cannot be read", stored.run.id)
            self._keeper.leave(stored.run.tenant_id, stored.run.id)
            return None

    def _take_in(
        self, stored: StoredRun, past: Past, workflow: Workflow | dict[str, object], left: set[RunKey]
    ) -> None:
        run = stored.run
        key = (run.tenant_id, run.id)
        epoch = self._leases.epochs.get(stored.shard)
        # What was read is old news for a run that was here meanwhile.
        if epoch is None or key in self._keeper.runs or key in left:
            return
        if past.fault is None and past.last_seq != run.last_seq:
            return
        active = from_stored(run, stored.shard, epoch, workflow if isinstance(workflow, Workflow) else None)
        active.listeners.extend(self._listeners.get(key, ()))
        active.events.extend(stored.answers)
        active.events.extend(active.seen.take(stored.messages, self._clock.now()))
        if run.cancel_requested_at is not None:
            active.cancel_seen = True
            active.events.append(CancelRequested(self._clock.now(), stored.cancel_reason))
        past.apply(active)
        if past.last_seq and active.fault is None:
            self._replay(active, past)
        else:
            self._keeper.admit(active)

    def _replay(self, run: ActiveRun, past: Past) -> None:
        assert run.workflow is not None
        now = self._clock.now()
        try:
            if past.state is not None:
                run.state, commands = self._engine.resume(run.workflow, past.state, past.entries)
            else:
                run.state, commands = self._engine.replay(run.workflow, run.info, run.new.input, past.entries, now)
        except Exception:
            # Another version may be able to: the run waits for it, it is not ended.
            _log.exception("the journal of run %s cannot be replayed", run.new.id)
            return self._keeper.set_aside(run)
        lost = [one for one in commands if isinstance(one, StartStep) and not is_safe(one)]
        # These begin when their turn is durable, so that no second try is missing in the journal.
        run.events.extend(StepRepeated(one.step, now) for one in lost)
        self._keeper.admit(run, [one for one in commands if one not in lost])
