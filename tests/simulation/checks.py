"""What must be true when a world has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.domain.dsl import nodes
from models.domain.dsl.engine import RunState, Workflow
from models.domain.dsl.protocol import UnknownPolicy
from models.domain.dsl.requests import logical_key
from models.domain.journal import EntryType
from models.domain.runs import RunStatus
from tests.chaos.checker import Evidence, violations
from tests.simulation.outside import answer_of
from tests.simulation.postgres import RunRow, is_end, rows_of
from tests.simulation.process import EPOCH_OF_TIME
from tests.simulation.straight import straight_run
from tests.simulation.witness import info_of
from tests.simulation.world import CANCEL_SECONDS, World

_OVERDUE = timedelta(seconds=5)


def broken_rules(world: World) -> list[str]:
    """Everything that is wrong, worst first; empty when all is well."""
    found = [*world.witness.said, *violations(evidence(world)), *_schedules(world)]
    found += [f"{what} was written {n} times" for what, n in world.database.log.items() if n > 1]
    for row in world.database.runs.values():
        workflow = world.witness.workflow(row.run.workflow)
        found += _rests(world, workflow, row)
        found += _outside(world, workflow, row)
        found += _reached(world, workflow, row)
    found += [f"a service did {key or 'something without a key'} that no journal knows"
              for key in world.services.effects if key not in world.witness.calls]  # fmt: skip
    found += [f"a service that honours keys did {key} {n} times" for key, n in world.services.effects.items()
              if n > 1 and world.services.hosts[key].startswith("keyed")]  # fmt: skip
    return found


def evidence(world: World) -> Evidence:
    """What the checker of the whole system looks at."""
    rows = list(world.database.runs.values())
    runs = [
        {"id": r.run.id, "name": r.run.workflow.name, "status": str(r.run.status), "last_seq": r.run.last_seq,
         "ended_at": r.run.ended_at}
        for r in rows
    ]  # fmt: skip
    journal = [line for row in rows for line in rows_of(row)]
    # A network that repeats requests is no fault of ours.
    arrivals = {} if world.plan.weather.repeated else world.services.arrivals
    never_again = {
        (ref.name, pointer)
        for ref in {row.run.workflow for row in rows}
        for pointer, task in world.witness.workflow(ref).tasks.items()
        if isinstance(task, nodes.Step) and task.on_unknown is UnknownPolicy.STOP
    }
    return Evidence(
        runs, journal, world.database.lifecycle, [str(wake.run_id) for wake in world.started], must_have_ended=False,
        arrivals=arrivals, never_again=never_again,
    )  # fmt: skip


def _schedules(world: World) -> Iterator[str]:
    for one in world.database.schedules:
        doubled = [run for run, n in Counter(one.fired).items() if n > 1]
        if doubled:
            yield f"a schedule started {doubled} more than once"


def _rests(world: World, workflow: Workflow, row: RunRow) -> Iterator[str]:
    """Every run has ended or waits for a time that has not come."""
    run, now = row.run, world._now()
    if not row.entries:
        yield f"run {run.id} never began"
        return
    state = world.witness.replayed(workflow, row, len(row.entries))
    if state is None:
        return
    last = row.entries[-1].at
    if any(later.at < earlier.at for earlier, later in zip(row.entries, row.entries[1:], strict=False)):
        yield f"time ran backwards in the journal of {run.id}"
    yield from _waits(row)
    yield from _cancels(world, row)
    if state.status.is_final:
        if is_end(row.entries[-1]) and "lies in Tidewire" in str(state.error):
            yield f"run {run.id} faulted by a fault of ours: {state.error}"
        return
    if state.status is RunStatus.SUSPENDED:
        yield f"run {run.id} was resumed and is still suspended"
    elif state.ready or state.steps or not (state.timers or state.awaits):
        yield f"run {run.id} is stuck since {last}: {run.status} ready {list(state.ready)} steps {state.steps}"
    elif state.wake_at is not None and state.wake_at < now - _OVERDUE:
        yield f"run {run.id} slept through its time {state.wake_at}"
    yield from _awaits(world, workflow, row, state)


def _awaits(world: World, workflow: Workflow, row: RunRow, state: RunState) -> Iterator[str]:
    """A run that awaits another hears of its end, and takes its messages."""
    for key in state.awaits.values():
        request = state.frames[key].request
        child = world.database.runs.get((row.run.tenant_id, UUID(request["run"]))) if request else None
        if child is not None and child.run.ended_at is not None:
            yield f"run {row.run.id} awaits {child.run.id}, which has ended"
    if world.database.inbox.of((row.run.tenant_id, row.run.id)):
        yield f"run {row.run.id} has not taken its messages"


def _cancels(world: World, row: RunRow) -> Iterator[str]:
    """Who wants a run to stop need not wait for its end."""
    wished = row.run.cancel_requested_at
    # Where there is place for a few runs only, a run has to wait for a place even to be cancelled.
    if wished is None or world.plan.limits.max_active_runs_per_shard_actor < 100:
        return
    at = max((wished - EPOCH_OF_TIME).total_seconds(), world.plan.trouble_seconds)
    # By the world's time: the journal's is what the host believed.
    if world.witness.ended.get(row.run.id, world.timeline.now) - at > CANCEL_SECONDS:
        yield f"run {row.run.id} was to be cancelled at {wished} and went on"


def _waits(row: RunRow) -> Iterator[str]:
    """No wait was shorter than it should be."""
    until: dict[tuple[str, tuple[int, ...]], str] = {}
    for entry in row.entries:
        key = (entry.task, entry.path)
        if "until" in entry.data:
            until[key] = entry.data["until"]
        elif entry.type is EntryType.TASK_COMPLETED and key in until:
            due = datetime.fromisoformat(until[key])
            if entry.at < due:
                yield f"{entry.task} of {row.run.id} was to wait until {due} and went on at {entry.at}"


def _outside(world: World, workflow: Workflow, row: RunRow) -> Iterator[str]:
    """What the journal says happened outside did happen, once."""
    run, database = row.run, world.database
    for entry in row.entries:
        if entry.type is not EntryType.TASK_COMPLETED:
            continue
        task, key = workflow.tasks[entry.task], logical_key(run.id, (entry.task, entry.path))
        if isinstance(task, nodes.Step):
            if not world.services.effects[key]:
                yield f"{entry.task} of {run.id} is completed in the journal and never happened"
            elif task.output is None and entry.data["output"] != answer_of(key):
                yield f"{entry.task} of {run.id} has the result of another: {entry.data['output']}"
        elif isinstance(task, nodes.Notify) and (run.tenant_id, key) not in database.notifications:
            yield f"{entry.task} of {run.id} notified nobody"
        elif isinstance(task, nodes.Emit) and (run.tenant_id, "https://e.example", key) not in database.events:
            yield f"{entry.task} of {run.id} emitted nothing"


def _reached(world: World, workflow: Workflow, row: RunRow) -> Iterator[str]:
    """A steady run comes to what it comes to without any trouble."""
    run = row.run
    is_steady = next(one.is_steady for one in world.plan.flows if one.name == run.workflow.name)
    if not is_steady or not run.status.is_final or run.id in world.witness.disturbed:
        return
    if run.cancel_requested_at is not None:
        return
    info = info_of(run)
    straight = straight_run(workflow, info, run.input, run.created_at, world.plan.limits)
    if run.status is not straight.status or run.output != straight.output or not _same_fault(run.error, straight):
        told = (str(straight.status), straight.output, straight.error)
        yield f"run {run.id} came to {(str(run.status), run.output, run.error)} instead of {told}"


def _same_fault(error: Any, straight: RunState) -> bool:
    return straight.status is not RunStatus.FAULTED or error == straight.error
