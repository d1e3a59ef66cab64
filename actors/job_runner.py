"""Does jobs over many runs, batch by batch; each batch and the job's position are one transaction, so that a kill
repeats and loses nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence

from actors.definitions import Definitions
from actors.operation_ports import Batch, Beginning, Job, JobRun, JobStore, NewRerun, RunHistory
from models.domain.clock import Clock
from models.domain.dsl.engine import Workflow
from models.domain.dsl.protocol import RunInfo
from models.domain.dsl.reruns import Origin, seed
from models.domain.errors import Conflict, Unavailable
from models.domain.ids import uuid7
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.ports import Wake
from models.domain.runs import WorkflowRef

_log = logging.getLogger(__name__)
_PAGE = 1_000
_BATCHES = 20


class JobRunner:
    """For the shards that are owned here. Two runners that both believe they own a shard cannot both move a job."""

    def __init__(
        self,
        store: JobStore,
        history: RunHistory,
        definitions: Definitions,
        shards: Callable[[], Collection[int]],
        wake: Callable[[Sequence[Wake]], object],
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._store, self._history, self._definitions = store, history, definitions
        self._shards, self._wake, self._clock, self._limits = shards, wake, clock, limits

    async def run_once(self) -> int:
        """Some batches; how many. Unavailable."""
        for done in range(_BATCHES):
            shards = sorted(self._shards())
            job = await self._store.next(shards) if shards else None
            if job is None:
                return done
            batch = await self._batch(job)
            self._wake(await self._store.apply(job, batch, self._clock.now()))
            await asyncio.sleep(0)
        return _BATCHES

    async def _batch(self, job: Job) -> Batch:
        found = await self._store.runs(job, self._limits.max_job_batch)
        looked_at = [one.run.id for one in found]
        if job.kind == "discard":
            return Batch(looked_at, discarded=looked_at)
        reruns: list[NewRerun] = []
        refused = []
        for one in found:
            try:
                reruns.append(await self._rerun(job, one))
            except Conflict as error:
                refused.append((one.run.id, error.detail))
            except Unavailable:
                raise
            except Exception:
                _log.exception("run %s cannot be run again", one.run.id)
                refused.append((one.run.id, "It cannot be run again for a reason that lies in Tidewire itself."))
        return Batch(looked_at, reruns, refused=refused)

    async def _rerun(self, job: Job, one: JobRun) -> NewRerun:
        """The new run; Conflict when it cannot be."""
        run, edits = one.run, one.edits
        version = job.version or run.workflow.version
        task, path = (job.task, None) if job.kind == "rerun" else (one.task, one.path)
        if "input" in edits:
            task = path = None
        ref = WorkflowRef(run.workflow.namespace, run.workflow.name, version)
        workflow = await self._definitions.get(run.tenant_id, ref)
        if not isinstance(workflow, Workflow):
            raise Conflict(str(workflow.get("detail")))
        given = {"stepInput": edits["step_input"]} if "step_input" in edits else None
        run_id = uuid7(self._clock.now())
        if task is not None:
            entries = await self._journal(one)
            origin = Origin(task, path, given)
            info, now = RunInfo(run_id, ref), self._clock.now()
            seed(workflow, info, run.input, entries, origin, now, str(run.id), self._limits)
        return NewRerun(run, run_id, version, edits.get("input", run.input), Beginning(run.id, task, path, given))

    async def _journal(self, one: JobRun) -> list[Entry]:
        found: list[Entry] = []
        while len(found) < self._limits.max_rerun_entries + _PAGE:
            page = await self._history.page((one.run.tenant_id, one.run.id), len(found), _PAGE)
            found += page
            if len(page) < _PAGE:
                break
        return found
