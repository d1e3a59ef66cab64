"""What holds a system against its clients' notes finds every kind of breach, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.flows import flows
from tests.chaos.ledger import Accepted, Ledger
from tests.chaos.listener import Channel
from tests.chaos.promised import Arrival, Found, broken_effects, broken_promises, broken_runs

FLOWS = flows("127.0.0.1:1")


def run(name: str, mark: str, **more: Any) -> dict[str, Any]:
    return {
        "id": mark, "name": name, "status": "completed", "input": {"n": 1, "run": mark}, "output": None, "error": None,
        **more,
    }  # fmt: skip


def entry(run_id: str, kind: str) -> dict[str, Any]:
    return {"run_id": run_id, "type": kind}


def good() -> tuple[Found, list[Accepted], list[Arrival], Ledger]:
    """Everything as it should be."""
    found = Found(
        runs=[
            run("steps", "s", output={"n": 3}), run("call", "c"), run("blind", "b"), run("careful", "k"),
            run("careful", "u", status="faulted"), run("tell", "t"), run("nap", "x", status="cancelled"),
        ],
        journal=[entry("b", "task.retried"), entry("c", "task.outcome_unknown")],
        events=["e1", "e2"], notified={"t": 1}, users=["a@b.example"], versions=["1.1.0"], models=["1.2.0"],
    )  # fmt: skip
    accepted = [Accepted(one, name, 1) for one, name in (("s", "steps"), ("c", "call"), ("k", "careful"))]
    arrivals = [
        Arrival("/effects", "key", "c"), Arrival("/effects", "key", "c"), Arrival("/blind", "other", "b"),
        Arrival("/blind", "other", "b"), Arrival("/careful", "third", "k"),
    ]  # fmt: skip
    ledger = Ledger(
        events={"e1", "e2"}, cancelled=["x"], registered=[("a@b.example", "a")], versions=["1.1.0"], models=["1.2.0"]
    )
    return found, accepted, arrivals, ledger


def breaches(found: Found, accepted: list[Accepted], arrivals: list[Arrival], ledger: Ledger) -> list[str]:
    return [
        *broken_runs(found, accepted, FLOWS),
        *broken_effects(found, arrivals, FLOWS),
        *broken_promises(found, ledger, "owner"),
    ]


def test_nothing_is_found_where_all_is_well() -> None:
    assert breaches(*good()) == []


Change = Callable[[Found, list[Accepted], list[Arrival], Ledger], object]
BREACHES: list[tuple[str, Change]] = [
    ("is lost", lambda f, a, r, o: a.append(Accepted("gone", "steps", 1))),
    ("is faulted", lambda f, a, r, o: f.runs[0].update(status="faulted")),
    ("gave", lambda f, a, r, o: f.runs[0].update(output={"n": 4})),
    ("of the one request", lambda f, a, r, o: f.runs.append(run("steps", "s"))),
    ("without a call at /effects", lambda f, a, r, o: f.runs.append(run("call", "c2"))),
    ("2 effects at /effects", lambda f, a, r, o: r.append(Arrival("/effects", "new key", "c"))),
    ("its journal tells of 2", lambda f, a, r, o: r.append(Arrival("/blind", "other", "b"))),
    ("must stop", lambda f, a, r, o: r.append(Arrival("/careful", "third", "k"))),
    ("without a call at /careful", lambda f, a, r, o: r.pop()),
    ("event e3 is lost", lambda f, a, r, o: o.events.add("e3")),
    ("event e1 is there 2 times", lambda f, a, r, o: f.events.append("e1")),
    ("cancelled run x is running", lambda f, a, r, o: f.runs[-1].update(status="running")),
    ("notified owner 2 times", lambda f, a, r, o: f.notified.update(t=2)),
    ("notified owner 0 times", lambda f, a, r, o: f.notified.clear()),
    ("has 2 accounts", lambda f, a, r, o: f.users.append("a@b.example")),
    ("version 1.5.0 is lost", lambda f, a, r, o: o.versions.append("1.5.0")),
    ("version 1.6.0 of the model is lost", lambda f, a, r, o: o.models.append("1.6.0")),
]


@pytest.mark.parametrize(("words", "change"), BREACHES, ids=[words for words, _ in BREACHES])
def test_every_breach_is_found(words: str, change: Change) -> None:
    state = good()
    change(*state)
    assert any(words in breach for breach in breaches(*state)), breaches(*state)


def publication(offset: int, seq: int = 1) -> dict[str, Any]:
    return {"offset": offset, "data": {"run": {"id": "r", "last_seq": seq}}}


def test_a_channel_without_gaps_has_no_faults() -> None:
    channel = Channel("runs:x")
    channel.joined({"epoch": "a", "offset": 4})
    channel.take(publication(5))
    channel.joined({"was_recovering": True, "recovered": True, "publications": [publication(6, 2)]})
    assert (channel.faults, channel.reloads, channel.told) == ([], 0, 2)


def test_gaps_and_doubles_of_a_channel_are_found() -> None:
    channel = Channel("runs:x")
    channel.joined({"epoch": "a", "offset": 0})
    for offset in (1, 3, 3):
        channel.take(publication(offset))
    assert len(channel.faults) == 2
    assert channel.keys["r/1"] == 3


def test_what_cannot_be_recovered_is_a_reload() -> None:
    channel = Channel("runs:x")
    channel.joined({"epoch": "a", "offset": 7})
    channel.joined({"was_recovering": True, "recovered": False, "epoch": "b", "offset": 0})
    assert (channel.reloads, channel.offset, channel.epoch) == (1, 0, "b")
