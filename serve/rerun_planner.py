"""Re-runs and moves before they happen: whether they can, what would be done again, and the run that is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.dsl.compile import compile_workflow
from models.domain.dsl.protocol import RunInfo
from models.domain.dsl.reruns import Origin, check_move, cut, repeated, seed
from models.domain.errors import Conflict
from models.domain.ids import uuid7
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef, is_dry
from serve.operation_ports import RunOperations
from serve.operation_records import RunOrigin, Source
from serve.records import AcceptRun
from serve.requests import cause_of_request


@dataclass(frozen=True, slots=True)
class RerunAsked:
    """From where, in which version (None: the run's own) and on what a run is run again; `edits` may have input (from
    the start) or stepInput."""

    task: str | None = None
    path: tuple[int, ...] | None = None
    version: str | None = None
    edits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Preview:
    """What would happen. `repeated` and `refused` are about the samples."""

    count: int
    samples: Sequence[UUID]
    repeated: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        calls = [{"task": task, "calls": calls} for task, calls in self.repeated.items()]
        return {"count": self.count, "samples": list(self.samples), "repeated": calls, "refused": self.refused}


class RerunPlanner:
    """Reads what is there and asks the pure rules; changes nothing."""

    def __init__(self, operations: RunOperations, limits: Limits) -> None:
        self._operations, self._limits = operations, limits

    async def plan(self, tenant_id: UUID, run_id: UUID, asked: RerunAsked, now: datetime) -> AcceptRun:
        """The new run; NotFound, or Conflict with the reason why it cannot be."""
        source = await self._operations.source(tenant_id, run_id, asked.version)
        if is_dry(source.run.cause):
            raise Conflict("This was a dry run: start another one.")
        if asked.task is not None:
            entries = await self._operations.entries(tenant_id, run_id)
            await asyncio.to_thread(self._check, source, entries, asked, now)
        return _accept(source, asked, now)

    async def preview(
        self, tenant_id: UUID, run_ids: Sequence[UUID], count: int, asked: RerunAsked, now: datetime
    ) -> Preview:
        """What a re-run of these samples of `count` runs would do again."""
        preview = Preview(count, run_ids)
        for run_id in run_ids:
            try:
                source = await self._operations.source(tenant_id, run_id, asked.version)
                entries = await self._operations.entries(tenant_id, run_id)
                before = await asyncio.to_thread(self._check, source, entries, asked, now) if asked.task else 0
            except Conflict as error:
                preview.refused.append({"id": run_id, "reason": error.detail})
            else:
                preview.repeated.update({one.task: one.calls for one in repeated(entries, before)})
        return preview

    async def check_move(self, tenant_id: UUID, run_id: UUID, version: str, now: datetime) -> None:
        """NotFound, or Conflict with reason and pointers."""
        source = await self._operations.source(tenant_id, run_id, version)
        run = source.run
        if run.status.is_final:
            raise Conflict(f"The run has ended: it is {run.status.value}.")
        most = self._limits.max_moved_entries
        if run.last_seq > most:
            raise Conflict(f"The journal of this run is longer than max_moved_entries of {most:,}.")
        entries = await self._operations.entries(tenant_id, run_id)
        if not entries:
            raise Conflict("The run has not begun; move it when it has.")
        await asyncio.to_thread(self._check_move, source, entries, now)

    def _check(self, source: Source, entries: Sequence[Entry], asked: RerunAsked, now: datetime) -> int:
        assert asked.task is not None
        origin, run = Origin(asked.task, asked.path, asked.edits), source.run
        if run.last_seq > len(entries) and not any(entry.task == asked.task for entry in entries):
            raise Conflict(
                f"{asked.task} is not among the first {len(entries):,} entries of this run, and more are not copied. "
                "Run it again from the start."
            )
        before = cut(entries, origin)
        info = RunInfo(uuid7(now), _ref(source, asked.version))
        workflow = compile_workflow(source.target, self._limits)
        seed(workflow, info, run.input, entries, origin, now, str(run.id), self._limits)
        return before

    def _check_move(self, source: Source, entries: Sequence[Entry], now: datetime) -> None:
        run = source.run
        old, new = (compile_workflow(one, self._limits) for one in (source.definition, source.target))
        check_move(old, new, RunInfo(run.id, run.workflow), run.input, entries, now, self._limits)


def _ref(source: Source, version: str | None) -> WorkflowRef:
    ref = source.run.workflow
    return WorkflowRef(ref.namespace, ref.name, version or ref.version)


def _accept(source: Source, asked: RerunAsked, now: datetime) -> AcceptRun:
    run, ref = source.run, _ref(source, asked.version)
    cause: dict[str, Any] = {**cause_of_request("rerun"), "of": str(run.id)}
    if asked.task is not None:
        cause["task"] = asked.task
    given = asked.edits.get("input", run.input)
    edits = {key: value for key, value in asked.edits.items() if key == "stepInput"}
    return AcceptRun(
        run.tenant_id, uuid7(now), ref.namespace, ref.name, ref.version, given, cause, now,
        origin=RunOrigin(run.id, asked.task, asked.path, edits or None),
    )  # fmt: skip
