"""Runs that begin at a step of another one, that move to another version, and that are very long."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from models.domain.dsl import protocol as p
from models.domain.dsl.engine import advance, compile_workflow, replay, resume, start
from models.domain.dsl.reruns import Origin, check_move, repeated, seed
from models.domain.dsl.snapshots import dump, load
from models.domain.errors import Conflict
from models.domain.journal import EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from tests.unit.domain.dsl_documents import with_parts, with_tasks
from tests.unit.domain.dsl_engine.host import BEGIN, NEVER, RUN, Host, fails, ok
from tests.unit.domain.dsl_engine.test_operations import CALL, FORK, begun, later

# ---------------------------------------------------------------- re-runs

THREE = f"- a: {{{CALL}}}\n- w: {{wait: PT30S}}\n- b: {{{CALL}, output: {{as: '{{n: .n}}'}}}}\n- c: {{{CALL}}}"
NEW = replace(Host(with_tasks(THREE)).info, id=RUN.__class__(int=9))


def seeded(host: Host, origin: Origin, script: dict[str, Any], document: Any = None) -> Host:
    """A run that begins there, an hour later."""
    made = Host(document or host.definition, host.input, script, info=NEW)
    made.now = host.now + timedelta(hours=1)
    entries = seed(made.workflow, NEW, made.input, host.journal, origin, made.now, str(host.info.id))
    made.state, commands = replay(made.workflow, NEW, made.input, entries, made.now)
    made.journal = list(entries)
    made.perform(commands)
    return made


def test_a_run_begins_at_a_step_with_what_was_recorded_before_it() -> None:
    host = Host(with_tasks(THREE), {}, {"a": ok({"n": 1}), "b": ok({"n": 2}), "c": fails()}).run()
    again = seeded(host, Origin("/do/2/b"), {"b": ok({"n": 3}), "c": ok({"n": 4})}).run()
    assert again.output == {"n": 4}
    assert [step.task for step in again.steps] == ["/do/2/b", "/do/3/c"]
    assert again.of("b")[0].data["input"] == {"n": 1}
    assert {step.idempotency_key for step in again.steps}.isdisjoint(step.idempotency_key for step in host.steps)
    assert again.journal[0].data["rerun"] == {"of": str(host.info.id), "entries": 5}
    assert all(entry.at >= again.journal[0].at for entry in again.journal)


def test_waits_and_timeouts_count_from_the_new_beginning() -> None:
    document = with_parts(f"timeout: {{after: PT2M}}\ndo:\n- w: {{wait: PT30S}}\n- b: {{{CALL}}}")
    host = Host(document, {}, {"b": fails()}).run()
    again = seeded(host, Origin("/do/1/b"), {"b": NEVER})
    assert again.timers == {"1:timeout": again.now + timedelta(minutes=2)}


def test_what_goes_into_the_step_can_be_replaced() -> None:
    host = Host(with_tasks(THREE), {}, {"a": ok({"n": 1}), "b": fails()}).run()
    again = seeded(host, Origin("/do/2/b", (), {"stepInput": {"n": 99}}), {"b": ok({"n": 2})}).run()
    assert again.of("b")[0].data["input"] == {"n": 99}
    assert [entry.type for entry in again.journal].count(EntryType.RUN_EDITED) == 1


def test_the_failed_turn_of_a_loop_begins_again() -> None:
    loop = f"- l: {{for: {{in: .items}}, do: [{{a: {{{CALL}}}}}]}}"
    host = Host(with_tasks(loop), {"items": [1, 2, 3]}, {"a": [ok(1), fails()]}).run()
    again = seeded(host, Origin("/do/0/l/do/0/a", (1,)), {"a": ok(5)}).run()
    assert [step.path for step in again.steps] == [(1,), (2,)]


def test_a_branch_begins_again_and_its_siblings_once() -> None:
    host = Host(with_tasks(FORK), {}, {"a": ok(1), "b": fails(after=1)}).run()
    again = seeded(host, Origin("/do/0/f/fork/branches/1/b"), {"a": ok(1), "b": ok(2)}).run()
    assert [step.task.rsplit("/")[-1] for step in again.steps] == ["a", "b", "last"]


def test_a_new_version_can_be_begun_where_the_old_one_failed() -> None:
    host = Host(with_tasks(THREE), {}, {"a": ok({"n": 1}), "b": fails()}).run()
    mended = with_tasks(THREE.replace(f"- b: {{{CALL}", "- b: {set: {n: 7}"))
    assert seeded(host, Origin("/do/2/b"), {}, mended).run().names()[:3] == ["a", "w", "b"]


@pytest.mark.parametrize(
    ("origin", "document", "reason"),
    [
        (Origin("/do/3/c"), THREE, "never began"),
        (Origin("/do/2/b"), "- a: {set: {n: 1}}\n- w: {wait: PT30S}\n- other: {set: {n: 1}}", "has no task"),
        (Origin("/do/2/b"), f"- a: {{{CALL}, then: end}}\n- w: {{wait: PT1S}}\n- b: {{{CALL}}}", "leads to another"),
        (Origin("/do/2/b"), f"- x: {{{CALL}}}\n- w: {{wait: PT1S}}\n- b: {{{CALL}}}", "does not fit"),
    ],
)
def test_where_a_run_cannot_begin_the_reason_is_told(origin: Origin, document: str, reason: str) -> None:
    host = Host(with_tasks(THREE), {}, {"a": ok({"n": 1}), "b": fails()}).run()
    workflow = compile_workflow(with_tasks(document))
    with pytest.raises(Conflict, match=reason):
        seed(workflow, NEW, {}, host.journal, origin, host.now, "old")


def test_a_preview_counts_the_calls_that_are_made_again() -> None:
    host = Host(with_tasks(THREE), {}, {"a": ok({"n": 1}), "b": ok({"n": 1}), "c": fails()}).run()
    assert [(one.task, one.calls) for one in repeated(host.journal)] == [("/do/0/a", 1), ("/do/2/b", 1), ("/do/3/c", 1)]
    assert [one.task for one in repeated(host.journal, 5)] == ["/do/2/b", "/do/3/c"]


# ---------------------------------------------------------------- moves

WAITING = "- a: {set: {n: 1}}\n- w: {wait: P3D}\n- b: {set: {done: true}}"


def test_a_waiting_run_moves_to_a_version_that_has_its_position() -> None:
    host = begun(WAITING, until=5)
    new = compile_workflow(with_tasks(WAITING.replace("done: true", "done: 2")))
    state = check_move(host.workflow, new, host.info, host.input, host.journal, host.now)
    state, _ = advance(new, state, p.TimerFired("4:wait", later(3 * 86400)))
    assert state.output == {"done": 2}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("- a: {set: {n: 1}}\n- b: {set: {done: true}}", "/do/1/w is not there"),
        ("- a: {set: {n: 1}}\n- w: {set: {n: 2}}\n- b: {set: {n: 3}}", "/do/1/w is another kind of task"),
        ("- z: {set: {n: 1}}\n- w: {wait: P3D}", "not there in the new version"),
        ("- a: {set: {n: 1}, then: end}\n- w: {wait: P3D}\n- b: {set: {n: 3}}", "another way"),
    ],
)
def test_a_version_without_the_position_is_refused_with_the_reason(document: str, reason: str) -> None:
    host = begun(WAITING, until=5)
    new = compile_workflow(with_tasks(document))
    with pytest.raises(Conflict, match=reason):
        check_move(host.workflow, new, host.info, host.input, host.journal, host.now)


def test_a_run_with_a_step_under_way_does_not_move() -> None:
    host = begun(f"- a: {{{CALL}}}", {"a": NEVER}, until=1)
    with pytest.raises(Conflict, match="under way"):
        check_move(host.workflow, host.workflow, host.info, host.input, host.journal, host.now)


# ---------------------------------------------------------------- length


def test_a_snapshot_is_the_state() -> None:
    host = begun(FORK + "\n- l: {listen: {to: {one: {with: {type: x}}}}}", {"a": ok(1), "b": NEVER}, until=1)
    told = json.loads(json.dumps(dump(host.state)))
    assert load(host.info, host.limits, host.input, told) == host.state


def test_what_cannot_be_told_exactly_is_no_snapshot() -> None:
    host = begun(FORK, {"a": NEVER, "b": NEVER})
    assert dump(replace(host.state, context={1: 2})) is not None
    assert dump(replace(host.state, context=object(), last_at="no time")) is None  # type: ignore[arg-type]


def test_a_hundred_thousand_steps_and_a_month_of_waiting_in_little_memory() -> None:
    """Driven as a shard does: a snapshot now and then, what is before it forgotten, and the state rebuilt from it."""
    count, limits = 100_000, Limits()
    tasks = f"- l: {{for: {{in: '[range({count})]'}}, do: [{{a: {{set: {{n: 1}}}}}}]}}\n- w: {{wait: P30D}}"
    workflow, info = compile_workflow(with_tasks(tasks), limits), Host(with_tasks("- a: {set: {n: 1}}")).info
    state, commands = start(workflow, info, {}, BEGIN, limits)
    since: list[Any] = []
    kept: Any = dump(state)
    kept_at, rebuilt, completed = 0, 0, 0
    while True:
        entries = next((c.entries for c in commands if isinstance(c, p.AppendJournal)), ())
        completed += sum(entry.type is EntryType.TASK_COMPLETED and entry.task.endswith("/a") for entry in entries)
        since += entries
        if state.last_seq - kept_at >= 20_000:
            kept, kept_at, since = json.loads(json.dumps(dump(state))), state.last_seq, []
            assert load(info, limits, {}, kept) == state
            rebuilt += 1
        if not any(isinstance(command, p.Continue) for command in commands):
            break
        state, commands = advance(workflow, state, p.Continued(BEGIN))
    assert (completed, rebuilt) == (count, 9)
    assert len(state.frames) == 2
    rebuilt_state, commands = resume(workflow, load(info, limits, {}, kept), since)
    assert rebuilt_state == state
    assert [type(command) for command in commands] == [p.StartTimer]
    state, _ = advance(workflow, rebuilt_state, p.TimerFired(next(iter(state.timers)), BEGIN + timedelta(days=30)))
    assert state.status is RunStatus.COMPLETED
