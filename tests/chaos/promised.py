"""Holds what a system did against what clients and targets noted down; pure, so that it can be shown to fail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.checker import Row
from tests.chaos.flows import Flow
from tests.chaos.ledger import Accepted, Ledger

# Entries that say in the open that a step is done once more.
_AGAIN = ("task.retried", "task.outcome_unknown")
# Targets that honour keys; the one that does not; the one that must never be asked twice.
HONOUR, BLIND, CAREFUL = ("/effects", "/secret", "/connect"), "/blind", "/careful"


@dataclass
class Arrival:
    """A request at a target. `run` is the mark in its body."""

    path: str
    key: str
    run: str


@dataclass
class Found:
    """What is in the tables: runs and journal rows of one tenant, and what else clients were promised."""

    runs: list[dict[str, Any]]
    journal: list[dict[str, Any]]
    events: list[str] = field(default_factory=list)
    notified: dict[str, int] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)


def broken_runs(found: Found, accepted: Sequence[Accepted], flows: Mapping[str, Flow]) -> Iterator[str]:
    """Accepted runs end as their workflow says, with the right output; the same request never gave two."""
    runs = {str(run["id"]): run for run in found.runs}
    for one in accepted:
        run, flow = runs.get(one.id), flows[one.flow]
        if run is None:
            yield f"accepted run {one.id} is lost"
        elif run["status"] not in flow.statuses:
            yield f"run {one.id} of {one.flow} is {run['status']}: {run['error']}"
        elif flow.output is not None and run["status"] == "completed" and run["output"] != flow.output(one.number):
            yield f"run {one.id} of {one.flow} gave {run['output']}, not {flow.output(one.number)}"
    marks = Counter(mark for run in found.runs if (mark := _mark(run["input"])) is not None)
    yield from (f"{count} runs came of the one request {mark}" for mark, count in marks.items() if count > 1)


def broken_effects(found: Found, arrivals: Sequence[Arrival], flows: Mapping[str, Flow]) -> Iterator[str]:
    """Each effect once where keys are honoured; where they are not, every double is in the journal."""
    again = Counter(str(row["run_id"]) for row in found.journal if row["type"] in _AGAIN)
    at: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        at[arrival.run, arrival.path].append(arrival)
    for run in found.runs:
        flow, mark = flows.get(run["name"]), _mark(run["input"])
        if flow is None or mark is None:
            continue
        for path in flow.effects:
            yield from _effects(run, path, at[mark, path], again[str(run["id"])])
        yield from _careful(run, at[mark, CAREFUL])


def _effects(run: Row, path: str, arrivals: Sequence[Arrival], again: int) -> Iterator[str]:
    if run["status"] == "completed" and not arrivals:
        yield f"run {run['id']} completed without a call at {path}"
    if path in HONOUR and len({arrival.key for arrival in arrivals}) > 1:
        yield f"run {run['id']} has {len({arrival.key for arrival in arrivals})} effects at {path}"
    if len(arrivals) > 1 + again:
        yield f"run {run['id']} reached {path} {len(arrivals)} times, its journal tells of {1 + again}"


def _careful(run: Row, arrivals: Sequence[Arrival]) -> Iterator[str]:
    if len(arrivals) > 1:
        yield f"run {run['id']} reached {CAREFUL} {len(arrivals)} times, its step must stop when it is not known"
    if run["name"] == "careful" and run["status"] == "completed" and not arrivals:
        yield f"run {run['id']} completed without a call at {CAREFUL}"


def broken_promises(found: Found, ledger: Ledger, user: str) -> Iterator[str]:
    """Events, notifications, answers, tenants, versions and models that clients were told of."""
    events = Counter(found.events)
    yield from (f"event {event} is lost" for event in ledger.events if not events[event])
    yield from (f"event {event} is there {count} times" for event, count in events.items() if count > 1)
    runs = {str(run["id"]): run for run in found.runs}
    yield from (
        f"cancelled run {run} is {runs[run]['status']}"
        for run in ledger.cancelled
        if runs[run]["status"] not in ("cancelled", "completed")
    )
    told = [str(run["id"]) for run in found.runs if run["name"] == "tell" and run["status"] == "completed"]
    for run in told:
        if found.notified.get(run) != 1:
            yield f"run {run} notified {user} {found.notified.get(run, 0)} times"
    users = Counter(found.users)
    yield from (f"{email} has {users[email]} accounts" for email, _ in ledger.registered if users[email] != 1)
    yield from (f"version {one} is lost" for one in set(ledger.versions) - set(found.versions))
    yield from (f"version {one} of the model is lost" for one in set(ledger.models) - set(found.models))


def _mark(body: Any) -> str | None:
    return body.get("run") if isinstance(body, dict) else None
