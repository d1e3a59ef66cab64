"""Runs that begin with copied entries, and runs that move, while they listen or await another run."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from models.domain.dsl import protocol_messages as m
from models.domain.dsl.engine import compile_workflow, replay
from models.domain.dsl.reruns import Origin, check_move, seed
from models.domain.dsl.running import reopened
from models.domain.errors import Conflict
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import RUN, Host, fails

BRANCHES = """
- both:
    fork:
      branches:
        - hear: {listen: {to: {one: {with: {type: a}}}}}
        - go: {run: {workflow: {namespace: n, name: other, version: 1.0.0}}}
        - act: {call: http, with: {method: get, endpoint: 'https://x.example'}}
"""


def test_a_run_that_begins_beside_what_waited_listens_and_starts_runs_of_its_own() -> None:
    host = Host(with_tasks(BRANCHES), {}, {"act": fails()}).run()
    (child,) = [one for one in host.messages if isinstance(one, m.StartChild)]
    info = replace(host.info, id=RUN.__class__(int=9))
    at = host.now + timedelta(hours=1)
    origin = Origin("/do/0/both/fork/branches/2/act")
    entries = seed(host.workflow, info, {}, host.journal, origin, at, str(host.info.id))
    state, _ = replay(host.workflow, info, {}, entries, at)
    told = list(reopened(host.workflow, state))
    assert [type(one) for one in told] == [m.Subscribe, m.StartChild]
    assert isinstance(told[1], m.StartChild)
    assert told[1].run_id != child.run_id
    assert told[1].cause["run"] == str(info.id)
    request = next(entry.data["request"] for entry in entries if "run" in (entry.data.get("request") or {}))
    assert request["run"] == str(told[1].run_id)


def move(old: str, new: str) -> Any:
    host = Host(with_tasks(old)).begin()
    return check_move(
        host.workflow, compile_workflow(with_tasks(new)), host.info, None, host.journal, host.now, host.limits
    )


def test_a_listening_run_moves_only_where_it_listens_to_the_same() -> None:
    hear = "- hear: {listen: {to: {one: {with: {type: %s}}}}}"
    assert move(hear % "a", f"{hear % 'a'}\n- more: {{set: {{x: 1}}}}").awaits
    with pytest.raises(Conflict, match="listens to other events"):
        move(hear % "a", hear % "b")
