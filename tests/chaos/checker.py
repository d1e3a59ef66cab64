"""Reads what a system left in PostgreSQL and lists every way in which it breaks its promises.

Pure functions over rows, so that the checker itself can be shown to fail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

TERMINAL = {"run.completed": "completed", "run.faulted": "faulted", "run.cancelled": "cancelled"}

# The entries that others are told of.
LIFECYCLE = {"run.started", "run.suspended", "run.resumed", *TERMINAL}

Row = Mapping[str, Any]


@dataclass
class Evidence:
    """Everything the checker looks at. Runs and journal rows as stored; the rest is what clients noted down.

    `arrivals` is how often each idempotency key reached targets that do all they are asked. `never_again` are the tasks
    (workflow name, pointer) whose steps must not be repeated when their outcome is unknown.
    """

    runs: Sequence[Row]
    journal: Sequence[Row]
    lifecycle_events: Sequence[Row] = ()
    accepted: Iterable[str] = ()
    target_effects: Mapping[str, int] = field(default_factory=dict)
    must_have_ended: bool = True
    arrivals: Mapping[str, int] = field(default_factory=dict)
    never_again: Collection[tuple[str, str]] = ()


def violations(evidence: Evidence) -> list[str]:
    """One sentence for each broken promise; empty when all hold."""
    journals: dict[str, list[Row]] = defaultdict(list)
    for row in evidence.journal:
        journals[str(row["run_id"])].append(row)
    runs = {str(row["id"]): row for row in evidence.runs}
    found = [f"accepted run {run} is lost" for run in evidence.accepted if str(run) not in runs]
    found += [f"journal of {run} has no run" for run in journals if run not in runs]
    for run_id, run in runs.items():
        entries = sorted(journals.get(run_id, []), key=lambda row: int(row["seq"]))
        found += _sequence(run_id, run, entries)
        found += _ending(run_id, run, entries, evidence.must_have_ended)
        found += _tasks(run_id, entries)
    found += _lifecycle(evidence, journals)
    found += [f"effect {key} happened {n} times" for key, n in evidence.target_effects.items() if n != 1]
    return found + _arrivals(evidence, runs)


def _sequence(run_id: str, run: Row, entries: Sequence[Row]) -> list[str]:
    found = []
    numbers = [int(row["seq"]) for row in entries]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"journal of {run_id} has gaps or doubles: {numbers}")
    if int(run["last_seq"]) != len(numbers):
        found.append(f"run {run_id} says last_seq {run['last_seq']}, its journal has {len(numbers)} rows")
    epochs = [int(row["epoch"]) for row in entries]
    if epochs != sorted(epochs):
        found.append(f"journal of {run_id} was written by an older epoch after a newer one: {epochs}")
    return found


def _ending(run_id: str, run: Row, entries: Sequence[Row], must_have_ended: bool) -> list[str]:
    found = []
    ends = [str(row["type"]) for row in entries if row["type"] in TERMINAL]
    starts = sum(row["type"] == "run.started" for row in entries)
    if entries and (starts != 1 or entries[0]["type"] != "run.started"):
        found.append(f"run {run_id} has {starts} starts")
    if len(ends) > 1 or (ends and entries[-1]["type"] not in TERMINAL):
        found.append(f"run {run_id} went on after its end: {ends}")
    if ends and run["status"] != TERMINAL[ends[0]]:
        found.append(f"run {run_id} is {run['status']}, its journal says {ends[0]}")
    if not ends and run["ended_at"] is not None:
        found.append(f"run {run_id} has ended without a journal entry for it")
    if must_have_ended and not ends:
        found.append(f"run {run_id} never ended ({run['status']}, {len(entries)} entries)")
    return found


def _tasks(run_id: str, entries: Sequence[Row]) -> list[str]:
    started: Counter[tuple[str, tuple[int, ...]]] = Counter()
    found = []
    for row in entries:
        if not str(row["type"]).startswith("task."):
            continue
        key = (str(row["task"]), tuple(row["path"]))
        if row["type"] == "task.started":
            started[key] += 1
        elif row["type"] in ("task.completed", "task.faulted"):
            started[key] -= 1
            if started[key] < 0:
                found.append(f"run {run_id} ended task {key} more often than it started it")
    return found


def _arrivals(evidence: Evidence, runs: Mapping[str, Row]) -> list[str]:
    """A target hears only what a journal tells of, and a step that must not be repeated once an attempt."""
    if not evidence.arrivals:
        return []
    attempts: Counter[str] = Counter()
    tasks: dict[str, tuple[str, str]] = {}
    for row in evidence.journal:
        if row["type"] in ("task.started", "task.retried"):
            run_id = str(row["run_id"])
            key = str(uuid5(UUID(run_id), f"{row['task']}#{'.'.join(map(str, row['path']))}"))
            attempts[key] += 1
            tasks[key] = (str(runs.get(run_id, {}).get("name")), str(row["task"]))
    found = []
    for key, n in evidence.arrivals.items():
        if key not in attempts:
            found.append(f"a target was asked for {key}, which no journal knows")
        elif tasks[key] in evidence.never_again and n > attempts[key]:
            found.append(f"{tasks[key]} must not be done again: {attempts[key]} attempts, {n} arrivals of {key}")
    return found


def _lifecycle(evidence: Evidence, journals: Mapping[str, list[Row]]) -> list[str]:
    if not evidence.lifecycle_events:
        return []
    seen = Counter(str(event["id"]) for event in evidence.lifecycle_events)
    found = [f"lifecycle event {event} was written {n} times" for event, n in seen.items() if n != 1]
    for run_id, entries in journals.items():
        for row in entries:
            if str(row["type"]) in LIFECYCLE and f"{run_id}/{row['seq']}" not in seen:
                found.append(f"run {run_id} has no lifecycle event for entry {row['seq']} ({row['type']})")
    return found
