"""Lifecycle CloudEvents beside those of runs: correlation, and tasks where the document asks for them.

`document.metadata.lifecycleEvents: tasks` asks: an event for each thing that happens to each task is much to write, so
it is the author's choice. All are pure functions of entry and run, as in events.py. Outputs are left out: they stand in
the journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from models.domain.events import LIFECYCLE_PREFIX, RunFacts, format_time, qualified_name
from models.domain.journal import Entry, EntryType

_TASK = {
    EntryType.TASK_STARTED: "started",
    EntryType.TASK_RETRIED: "retried",
    EntryType.TASK_CANCELLED: "cancelled",
    EntryType.TASK_FAULTED: "faulted",
    EntryType.TASK_COMPLETED: "completed",
}
CORRELATING = (EntryType.TASK_STARTED, EntryType.TASK_RECEIVED, EntryType.TASK_ITERATED)


def tells_tasks(definition: Mapping[str, Any]) -> bool:
    """Whether a document asks for the events of its tasks."""
    metadata = definition["document"].get("metadata")
    return isinstance(metadata, Mapping) and metadata.get("lifecycleEvents") == "tasks"


def task_events(entry: Entry, run: RunFacts, tasks: bool) -> Iterator[dict[str, Any]]:
    """The events that an entry of a task is told by; `tasks`: those of tasks too."""
    if entry.type in CORRELATING:
        if "expect" in entry.data:
            yield _event(entry, run, "workflow.correlation-started", {"startedAt": format_time(entry.at)})
        elif entry.data.get("ends") and not entry.data.keys().isdisjoint(("filter", "keys")):
            data: dict[str, Any] = {"completedAt": format_time(entry.at)}
            if entry.data.get("keys"):
                data["correlationKeys"] = entry.data["keys"]
            yield _event(entry, run, "workflow.correlation-completed", data)
    if tasks and (what := _TASK.get(entry.type)):
        if what == "started":
            yield _event(entry, run, "task.created", {"createdAt": format_time(entry.at)})
        data = {f"{what}At": format_time(entry.at)}
        if what == "faulted":
            data["error"] = entry.data["error"]
        yield _event(entry, run, f"task.{what}", data)


def _event(entry: Entry, run: RunFacts, what: str, data: dict[str, Any]) -> dict[str, Any]:
    name = qualified_name(run)
    about = {"name": name} if what.startswith("workflow.") else {"workflow": name, "task": entry.task}
    return {
        "specversion": "1.0",
        "id": f"{run.run_id}/{entry.seq}/{what.rpartition('.')[2]}",
        "source": "tidewire",
        "type": f"{LIFECYCLE_PREFIX}{what}.v1",
        "subject": run.run_id,
        "time": format_time(entry.at),
        "data": {**about, "run": run.run_id, **data},
    }
