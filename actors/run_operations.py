"""How operated runs come into memory: long ones from a snapshot, re-runs from a copy, moved ones on a new version."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from actors.active_run import ActiveRun
from actors.definitions import Definitions
from actors.dry_runs import DryRun
from actors.inbox import Delivered
from actors.interpreter import Engine
from actors.operation_ports import Beginning, RunHistory
from actors.ports import InboxMessage, RunKey, StoredRun
from models.domain.clock import Clock
from models.domain.dsl.engine import RunState, Workflow
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol import RunInfo, VersionChanged
from models.domain.dsl.reruns import Origin, check_move, seed
from models.domain.dsl.snapshots import FORM
from models.domain.errors import Conflict
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef, has_origin, is_dry

_PAGE = 1_000
MOVE = "move"


@dataclass(slots=True)
class Past:
    """What is known of a run beside its row. `state` is that before `entries`; `first` are the entries that a run which
    has not begun is to begin with; `change` what a wish to move came to, with the workflow to go on with."""

    entries: Sequence[Entry] = ()
    state: RunState | None = None
    first: Sequence[Entry] = ()
    dry: DryRun | None = None
    fault: dict[str, Any] | None = None
    change: Delivered | None = None
    workflow: Workflow | None = None
    ref: WorkflowRef | None = None
    snapshot_seq: int = 0

    @property
    def last_seq(self) -> int:
        """Up to where it reaches."""
        return self.entries[-1].seq if self.entries else self.state.last_seq if self.state is not None else 0

    def apply(self, run: ActiveRun) -> None:
        """To the run that is made from it."""
        run.first, run.dry, run.snapshot_seq = self.first, self.dry, self.snapshot_seq
        run.fault = self.fault
        if self.change is not None:
            run.seen.ids[self.change.message] = None
            run.events.append(self.change)
        if self.workflow is not None and self.ref is not None:
            run.workflow, run.new = self.workflow, replace(run.new, workflow=self.ref)


class Pasts:
    """Reads them."""

    def __init__(
        self, history: RunHistory, definitions: Definitions, engine: Engine, clock: Clock, limits: Limits
    ) -> None:
        self._history, self._definitions, self._engine = history, definitions, engine
        self._clock, self._limits = clock, limits

    def is_long(self, stored: StoredRun) -> bool:
        """Whether its journal is not read from the beginning."""
        return stored.run.last_seq >= self._limits.snapshot_entries

    async def of(self, stored: StoredRun, workflow: Workflow, entries: Sequence[Entry]) -> Past:
        """`entries` is the whole journal of a run that is not long; Unavailable."""
        past = Past(entries)
        if self.is_long(stored):
            past = await self._long(stored, workflow)
        if has_origin(stored.run.cause):
            await self._begin(stored, workflow, past)
        wish = next((one for one in stored.messages if one.kind == MOVE), None)
        if wish is not None and stored.run.last_seq:
            await self._move(stored, workflow, past, wish)
        return past

    # ---------------------------------------------------------------- long runs

    async def _long(self, stored: StoredRun, workflow: Workflow) -> Past:
        run, now = stored.run, self._clock.now()
        state = await self._from_snapshot(stored, workflow)
        kept = seen = state.last_seq if state is not None else 0
        while seen < run.last_seq:
            page = await self._history.page((run.tenant_id, run.id), seen, min(_PAGE, run.last_seq - seen))
            if not page:
                break
            if state is None:
                state, _ = self._engine.replay(workflow, info_of(stored), run.input, page, now)
            else:
                state, _ = self._engine.resume(workflow, state, page)
            seen = state.last_seq
            await asyncio.sleep(0)
        return Past(state=state, snapshot_seq=kept)

    async def _from_snapshot(self, stored: StoredRun, workflow: Workflow) -> RunState | None:
        run = stored.run
        found = (await self._history.snapshots([(run.tenant_id, run.id)])).get(run.id)
        if found is None or found.form != FORM or found.seq > run.last_seq:
            return None
        return self._engine.restore(workflow, info_of(stored), run.input, found.state)

    # ---------------------------------------------------------------- re-runs and dry runs

    async def _begin(self, stored: StoredRun, workflow: Workflow, past: Past) -> None:
        run = stored.run
        found = (await self._history.beginnings([(run.tenant_id, run.id)])).get(run.id, Beginning())
        if is_dry(run.cause):
            past.dry = DryRun(found.outputs or {})
        if found.task is None or found.rerun_of is None or run.last_seq:
            return
        entries = await self._journal((run.tenant_id, found.rerun_of), self._limits.max_rerun_entries + _PAGE)
        origin = Origin(found.task, found.path, found.edits)
        info = self._engine.seeing(workflow, info_of(stored))
        copied = self._engine.adopt(workflow, entries, found.rerun_of, run.id)
        try:
            past.first = seed(
                workflow, info, run.input, copied, origin, self._clock.now(), str(found.rerun_of), self._limits
            )
        except Conflict as error:
            past.fault = {**problem("configuration", error.detail), "instance": found.task}

    async def _journal(self, key: RunKey, most: int) -> list[Entry]:
        found: list[Entry] = []
        while len(found) < most:
            page = await self._history.page(key, len(found), _PAGE)
            found += page
            if len(page) < _PAGE:
                break
        return found

    # ---------------------------------------------------------------- moves

    async def _move(self, stored: StoredRun, workflow: Workflow, past: Past, wish: InboxMessage) -> None:
        run, version = stored.run, str(wish.data["version"])
        ref = WorkflowRef(run.workflow.namespace, run.workflow.name, version)
        target = await self._definitions.get(run.tenant_id, ref)
        refused = None
        try:
            if not isinstance(target, Workflow):
                raise Conflict(str(target.get("detail")))
            if run.last_seq > self._limits.max_moved_entries:
                raise Conflict(f"Its journal is longer than max_moved_entries of {self._limits.max_moved_entries:,}.")
            entries = past.entries or await self._journal((run.tenant_id, run.id), run.last_seq)
            check_move(workflow, target, info_of(stored), run.input, entries, self._clock.now(), self._limits)
        except Conflict as error:
            refused = error.detail
        if refused is None and isinstance(target, Workflow):
            past.workflow, past.ref, past.state, past.entries = target, ref, None, entries
        change = VersionChanged(run.workflow.version, version, self._clock.now(), refused)
        past.change = Delivered(wish.id, change)


def info_of(stored: StoredRun) -> RunInfo:
    """Facts of a stored run."""
    run = stored.run
    return RunInfo(run.id, run.workflow, hops=run.cause.get("hops", 0), depth=run.cause.get("depth", 0))
