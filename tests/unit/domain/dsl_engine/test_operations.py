"""Operating a run: paused, resumed, signalled, cancelled with cleanup, and outcomes that are unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from models.domain.dsl import protocol as p
from models.domain.dsl import protocol_messages as m
from models.domain.dsl.engine import advance, replay
from models.domain.dsl.validation import check_definition
from models.domain.journal import EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import BEGIN, NEVER, Host, fails, lost, ok, run

CALL = "call: http, with: {method: post, endpoint: 'https://a.example/x'}"
FORK = f"- f: {{fork: {{branches: [{{a: {{{CALL}}}}}, {{b: {{{CALL}}}}}]}}}}\n- last: {{{CALL}}}"


def begun(tasks: str, script: dict[str, Any] | None = None, until: float = 0.0, input: Any = None) -> Host:
    return Host(with_tasks(tasks), input, script or {}).run(until=until)


def pause(host: Host) -> None:
    host.send(p.SuspendRequested(host.now, "lunch"))


def later(seconds: float) -> Any:
    return BEGIN + timedelta(seconds=seconds)


# ---------------------------------------------------------------- pause and resume


def test_a_paused_run_records_what_ends_and_begins_nothing() -> None:
    host = begun(f"- a: {{{CALL}}}\n- b: {{{CALL}}}", {"a": ok({"n": 1}, after=5)}, until=1)
    pause(host)
    host.run(until=60)
    assert host.state.status is RunStatus.SUSPENDED
    assert host.names() == ["a"]
    assert [step.task for step in host.steps] == ["/do/0/a"]
    host.send(p.ResumeRequested(host.now))
    host.run()
    assert host.names() == ["a", "b"]
    assert host.state.status.value == "completed"
    assert [str(entry.type) for entry in host.journal if entry.type.startswith("run.")] == [
        "run.started", "run.suspended", "run.resumed", "run.completed",
    ]  # fmt: skip


def test_a_paused_fork_keeps_the_first_verdict() -> None:
    host = begun(FORK, {"a": fails(after=5), "b": ok(2, after=6)}, until=1)
    pause(host)
    host.run(until=60)
    assert host.state.status is RunStatus.SUSPENDED
    assert host.names(EntryType.TASK_FAULTED) == ["a", "f"]
    host.send(p.ResumeRequested(host.now))
    assert host.error["instance"] == "/do/0/f/fork/branches/0/a"


def test_an_error_is_not_caught_while_the_run_is_paused() -> None:
    tasks = f"- t: {{try: [{{a: {{{CALL}}}}}], catch: {{do: [{{b: {{{CALL}}}}}]}}}}"
    host = begun(tasks, {"a": fails(after=5)}, until=1)
    pause(host)
    host.run(until=60)
    assert [step.task.rsplit("/")[-1] for step in host.steps] == ["a"]
    host.send(p.ResumeRequested(host.now))
    host.run()
    assert [step.task.rsplit("/")[-1] for step in host.steps] == ["a", "b"]


def test_timers_keep_their_time_while_the_run_is_paused() -> None:
    host = begun("- w: {wait: PT10S}\n- x: {set: {done: true}}", until=1)
    pause(host)
    assert host.state.wake_at is None
    assert advance(host.workflow, host.state, p.TimerFired("2:wait", later(10))) == (host.state, [])
    host.timers.clear()
    host.now = later(5)
    commands = host.send(p.ResumeRequested(host.now))
    assert p.StartTimer("2:wait", later(10)) in commands
    host.run()
    assert host.seconds == 10
    assert host.output == {"done": True}


def test_what_was_paused_is_paused_after_a_replay_and_begins_nothing() -> None:
    host = begun(f"- a: {{{CALL}}}\n- b: {{{CALL}}}", {"a": NEVER}, until=1)
    pause(host)
    state, commands = replay(host.workflow, host.info, host.input, host.journal, host.now)
    assert (state, commands) == (host.state, [])
    _, commands = advance(host.workflow, state, p.ResumeRequested(host.now))
    assert [command for command in commands if isinstance(command, p.StartStep)] == host.steps


def test_pausing_twice_and_resuming_what_runs_does_nothing() -> None:
    host = begun(f"- a: {{{CALL}}}", {"a": NEVER}, until=1)
    assert host.send(p.ResumeRequested(host.now)) == []
    pause(host)
    before = len(host.journal)
    pause(host)
    assert len(host.journal) == before


def test_a_paused_run_can_be_cancelled() -> None:
    host = begun(f"- a: {{{CALL}}}", {"a": NEVER}, until=1)
    pause(host)
    host.send(p.CancelRequested(host.now))
    assert host.state.status is RunStatus.CANCELLED
    assert host.cancelled_steps == [host.steps[0].step]


# ---------------------------------------------------------------- signals


def signal(host: Host, name: str, data: Any = None, number: int = 1) -> None:
    event = {
        "specversion": "1.0", "id": f"s{number}", "source": "/v1/runs/1", "type": f"dev.tidewire.signal.{name}",
        "time": "2026-01-01T00:00:00Z", "data": data,
    }  # fmt: skip
    host.send(m.EventReceived(number, event, host.now))


LISTEN = "- l: {listen: {to: {one: {with: {type: dev.tidewire.signal.go}}}}}"


def test_a_signal_reaches_a_listen_that_waits() -> None:
    host = begun(LISTEN, until=1)
    signal(host, "other")
    signal(host, "go", {"by": "ann"}, 2)
    assert host.run().output == [{"by": "ann"}]


def test_a_signal_that_comes_too_early_is_kept_for_one_listen() -> None:
    host = begun(f"- w: {{wait: PT9S}}\n{LISTEN}\n{LISTEN.replace('l:', 'again:')}", until=1)
    signal(host, "go", 5)
    host.run(until=20)
    assert [entry.type for entry in host.of("l")][1:] == [EntryType.TASK_RECEIVED, EntryType.TASK_COMPLETED]
    assert host.state.status is RunStatus.WAITING
    assert host.state.received == ()
    signal(host, "go", 6, 2)
    assert host.output == [6]


def test_only_so_many_signals_are_kept() -> None:
    host = Host(with_tasks("- w: {wait: PT9S}"), {}, limits=replace(Limits(), max_inbox_messages=2)).run(until=1)
    for number in range(4):
        signal(host, "go", number, number)
    assert [event["data"] for event in host.state.received] == [0, 1]


# ---------------------------------------------------------------- cancel with cleanup


def cleaning(tasks: str, cleanup: str, script: dict[str, Any], until: float = 1) -> Host:
    document: Any = with_tasks(tasks)
    document["document"]["metadata"] = {"finally": with_tasks(cleanup)["do"]}
    return Host(document, {"order": 7}, script).run(until=until)


def test_a_cancelled_run_cleans_up_before_it_ends() -> None:
    host = cleaning(f"- a: {{{CALL}}}\n- b: {{{CALL}}}", f"- undo: {{{CALL}}}", {"a": NEVER, "undo": ok(1, after=2)})
    host.send(p.CancelRequested(host.now, "wrong order"))
    assert host.state.status is RunStatus.RUNNING
    assert host.cancelled_steps == [host.steps[0].step]
    assert host.steps[-1].task == "/document/metadata/finally/0/undo"
    host.send(p.CancelRequested(host.now))
    host.run()
    assert host.state.status.value == "cancelled"
    assert [step.task.rsplit("/")[-1] for step in host.steps] == ["a", "undo"]
    assert host.journal[-1].data == {"reason": "wrong order"}
    assert host.of("undo")[0].data["input"] == {"order": 7}


def test_a_cleanup_that_takes_too_long_is_given_up() -> None:
    host = cleaning(f"- a: {{{CALL}}}", f"- undo: {{{CALL}}}", {"a": NEVER, "undo": NEVER})
    host.send(p.CancelRequested(host.now))
    host.run()
    assert host.state.status is RunStatus.CANCELLED
    assert host.seconds == 1 + Limits().max_cleanup_seconds
    assert host.journal[-1].data["error"]["status"] == 408


def test_a_cleanup_that_fails_is_shown() -> None:
    host = cleaning(f"- a: {{{CALL}}}", f"- undo: {{{CALL}}}", {"a": NEVER, "undo": fails(status=503)})
    host.send(p.CancelRequested(host.now))
    host.run()
    assert host.state.status is RunStatus.CANCELLED
    assert host.state.error is not None
    assert host.state.error["status"] == 503


def test_a_wrong_cleanup_is_refused() -> None:
    document: Any = with_tasks("- a: {set: {x: 1}}")
    document["document"]["metadata"] = {"finally": [{"x": {"sett": 1}}]}
    assert [fault.pointer for fault in check_definition(document)] == ["/document/metadata/finally/0/x/sett"]


# ---------------------------------------------------------------- unknown outcomes


def asking(policy: str) -> str:
    return f"- a: {{{CALL}, metadata: {{unknownOutcome: {policy}}}}}"


CHECK = "{verify: [{ask: {call: http, with: {method: get, endpoint: 'https://a.example/ask'}}}]}"


def test_an_unknown_outcome_is_shown_with_its_policy() -> None:
    for policy, shown in (("retry", "retry"), ("stop", "stop"), ("verify", "person")):
        host = run(asking(policy), None, {"a": [lost(), ok(1)]})
        (entry,) = host.of("a", EntryType.TASK_OUTCOME_UNKNOWN)
        assert (entry.data["policy"], entry.data["step"]) == (shown, 2)


def test_a_check_that_says_it_happened_completes_the_step_without_doing_it_again() -> None:
    host = run(asking(CHECK), None, {"a": lost(), "ask": ok({"happened": True, "output": {"id": 5}})})
    assert host.output == {"id": 5}
    assert [step.task.rsplit("/")[-1] for step in host.steps] == ["a", "ask"]
    given = host.of("ask")[0].data["input"]
    assert given["idempotencyKey"] == host.steps[0].idempotency_key
    assert given["request"]["uri"] == "https://a.example/x"


def test_a_check_that_says_it_did_not_happen_does_it_again_with_the_same_key() -> None:
    host = run(asking(CHECK), None, {"a": [lost(), ok(3)], "ask": ok({"happened": False})})
    assert host.output == 3
    first, _, again = host.steps
    assert first.idempotency_key == again.idempotency_key
    assert again.attempt == 2


@pytest.mark.parametrize("answer", [ok({"maybe": 1}), fails()])
def test_a_check_without_an_answer_leaves_it_to_a_person(answer: Any) -> None:
    host = run(asking(CHECK), None, {"a": lost(), "ask": answer})
    assert host.state.status is RunStatus.WAITING
    assert host.state.wake_at is None
    assert list(host.state.undecided) == [2]
    assert [entry.data["policy"] for entry in host.of("a", EntryType.TASK_OUTCOME_UNKNOWN)] == ["verify", "person"]
    host.send(p.OutcomeDecided(2, True, {"id": 1}, host.now, "ann@example.com"))
    assert host.output == {"id": 1}
    assert host.of("a", EntryType.TASK_OUTCOME_DECIDED)[0].data["by"] == "ann@example.com"


def test_a_person_can_say_that_it_did_not_happen_once() -> None:
    host = run(asking("verify"), None, {"a": [lost(), ok(9)]})
    assert host.send(p.OutcomeDecided(3, False, None, host.now)) == []
    host.send(p.OutcomeDecided(2, False, None, host.now))
    assert host.send(p.OutcomeDecided(2, True, None, host.now)) == []
    host.run()
    assert host.output == 9


def test_a_step_under_way_again_after_a_crash_is_shown() -> None:
    host = begun(asking("retry"), {"a": NEVER})
    first = host.steps[0]
    assert replace(first, attempt=2) in host.send(p.StepRepeated(2, host.now))
    assert [entry.data["policy"] for entry in host.of("a", EntryType.TASK_OUTCOME_UNKNOWN)] == ["retry"]
    _, commands = replay(host.workflow, host.info, host.input, host.journal, host.now)
    assert commands == [replace(host.steps[0], attempt=2)]


def test_a_wrong_policy_is_refused() -> None:
    faults = check_definition(with_tasks(asking("{verify: 3}")))
    assert [fault.pointer for fault in faults] == ["/do/0/a/metadata/unknownOutcome/verify"]
    assert check_definition(with_tasks(asking("hope")))
