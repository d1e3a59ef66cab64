"""Going on from what a journal tells, somewhere else: a new run that begins at a step of an old one, and a run that
moves to another version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from models.domain.dsl.engine import replay
from models.domain.dsl.evolve import parent_key
from models.domain.dsl.nodes import Task, Workflow
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.protocol import RunInfo
from models.domain.dsl.running import own_child, starts_run
from models.domain.dsl.state import Key, RunState
from models.domain.errors import Conflict
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits

# What entries tell of times to come; a copy tells of them as far ahead as the original did.
_TIMES = ("deadline", "until", "at", "attemptUntil", "dueAt")
_OPERATIONS = frozenset({
    EntryType.RUN_SUSPENDED, EntryType.RUN_RESUMED, EntryType.RUN_MOVED, EntryType.RUN_MOVE_REFUSED,
    EntryType.RUN_SIGNALLED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run begins: at a task of another run; `path` None is its first execution. `edits` may have `stepInput`,
    which goes into that task instead of what was recorded."""

    task: str
    path: tuple[int, ...] | None = None
    edits: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A call that a re-run makes again: its task, and how often the old run made it."""

    task: str
    calls: int


def cut(entries: Sequence[Entry], origin: Origin) -> int:
    """How many entries come before the task began (for a given path: before it began the last time).

    Conflict when the run never got there.
    """
    places = [
        place
        for place, entry in enumerate(entries)
        if entry.type is EntryType.TASK_STARTED
        and entry.task == origin.task
        and (origin.path is None or entry.path == origin.path)
    ]
    if not places:
        raise Conflict(f"This run never began {origin.task}, so it cannot be run again from there.")
    return places[-1 if origin.path is not None else 0]


def repeated(entries: Sequence[Entry], before: int = 0) -> list[Repeated]:
    """The calls that were made after the first `before` entries, in the order of their first one."""
    counts: Counter[str] = Counter()
    for entry in entries[before:]:
        is_first = entry.type is EntryType.TASK_STARTED and "request" in entry.data
        if is_first or (entry.type is EntryType.TASK_RETRIED and entry.task in counts):
            counts[entry.task] += 1
    return [Repeated(task, calls) for task, calls in counts.items()]


def seed(
    workflow: Workflow,
    info: RunInfo,
    input: Any,
    entries: Sequence[Entry],
    origin: Origin,
    at: datetime,
    source: str,
    limits: Limits = Limits(),  # noqa: B008
) -> tuple[Entry, ...]:
    """The first entries of a run of `workflow` that begins at a task of the run `source`, whose journal is `entries`.

    They are copies as of `at`: what was to come after a while comes after the same while from now on. What was under
    way beside the task begins anew. Conflict, with the reason, when the version does not fit what is recorded.
    """
    place = cut(entries, origin)
    if place > limits.max_rerun_entries:
        raise Conflict(
            f"There are {place:,} entries before {origin.task}, more than max_rerun_entries of "
            f"{limits.max_rerun_entries:,}. Run it again from the start."
        )
    target = workflow.tasks.get(origin.task)
    if target is None:
        raise Conflict(f"{info.workflow.version} has no task {origin.task} to begin at.")
    copies = _numbered([_copy(entry, at) for entry in entries[:place] if entry.type not in _OPERATIONS])
    copies[0] = replace(copies[0], data={**copies[0].data, "rerun": {"of": source, "entries": len(copies)}})
    state, _ = replay(workflow, info, input, copies, at, limits)
    copies = _own_children(copies, state)
    parent = _parent(workflow, target, entries[place], state)
    if origin.edits is not None and "stepInput" in origin.edits:
        data = {"input": origin.edits["stepInput"], "task": origin.task}
        copies.append(Entry(len(copies) + 1, EntryType.RUN_EDITED, at, parent[0], parent[1], data))
        replay(workflow, info, input, copies, at, limits)
    return tuple(copies)


def _parent(workflow: Workflow, target: Task, entry: Entry, state: RunState) -> Key:
    if len(entry.path) != target.depth:
        raise Conflict(f"{target.pointer} stands in other loops in this version.")
    key = parent_key(target, entry.path, workflow)
    frame = state.frames.get(key)
    if frame is None or (target.part in ("catch", "verify") and frame.part != target.part):
        raise Conflict(f"A run cannot begin at {target.pointer}: begin at the task around it.")
    if frame.next != target.index or frame.then is not None:
        raise Conflict(f"What ran before {target.pointer} leads to another task in this version.")
    return key


def _copy(entry: Entry, at: datetime) -> Entry:
    data = entry.data
    for name in _TIMES:
        if isinstance(data.get(name), str) and entry.type in _TIMED:
            data = {**data, name: (at + (datetime.fromisoformat(data[name]) - entry.at)).isoformat()}
    return replace(entry, at=at, data=data)


def _own_children(entries: Sequence[Entry], state: RunState) -> list[Entry]:
    """Runs that are still awaited are started anew, under names of their own."""
    return [
        replace(entry, data={**entry.data, "request": own_child(entry, state.info.id)})
        if entry.seq in state.awaits and starts_run(entry)
        else entry
        for entry in entries
    ]


_TIMED = frozenset({EntryType.RUN_STARTED, EntryType.TASK_STARTED, EntryType.TASK_RETRIED})


def _numbered(entries: Sequence[Entry]) -> list[Entry]:
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]


# ---------------------------------------------------------------- another version


def check_move(
    old: Workflow,
    new: Workflow,
    info: RunInfo,
    input: Any,
    entries: Sequence[Entry],
    at: datetime,
    limits: Limits = Limits(),  # noqa: B008
) -> RunState:
    """The state of the run in the new version; Conflict, with pointers, when its position is not there.

    Its journal must lead to the very same state in both versions, and nothing may be under way.
    """
    before, _ = replay(old, info, input, entries, at, limits)
    if before.status.is_final:
        raise Conflict(f"The run has ended: it is {before.status.value}.")
    if before.steps:
        tasks = ", ".join(sorted({key[0] for key in before.steps.values()}))
        raise Conflict(f"A step is under way ({tasks}). Pause the run, and move it when the step has ended.")
    missing = [reason for key in before.frames if (reason := _difference(old, new, key))]
    if missing:
        raise Conflict(f"The run stands where the new version has nothing like it: {'; '.join(missing)}.")
    try:
        after, _ = replay(new, info, input, entries, at, limits)
    except Conflict as error:
        raise Conflict(f"What has run so far is not there in the new version. {error.detail}") from None
    if after != before:
        raise Conflict("What has run so far would have gone another way in the new version.")
    return after


def _difference(old: Workflow, new: Workflow, key: Key) -> str | None:
    pointer = key[0]
    task, found = old.tasks[pointer], new.tasks.get(pointer)
    if found is None:
        return f"{pointer} is not there"
    if type(found) is not type(task):
        return f"{pointer} is another kind of task"
    if isinstance(task, Listen) and task.definition["listen"] != found.definition["listen"]:
        return f"{pointer} listens to other events"
    return None
