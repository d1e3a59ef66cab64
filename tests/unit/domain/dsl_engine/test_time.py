"""Waiting, timeouts, cancelling, late and repeated events."""

# ruff: noqa: E501  (a scenario stays on one line)

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.domain.dsl import protocol as p
from models.domain.dsl.engine import advance, replay
from models.domain.dsl.problems import problem
from models.domain.journal import EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from tests.unit.domain.dsl_documents import with_parts, with_tasks
from tests.unit.domain.dsl_engine.host import BEGIN, NEVER, Host, ok, run, run_parts

CALL = "call: predict, with: {model: m, inputs: []}"
TIMEOUT = "https://serverlessworkflow.io/spec/1.0.0/errors/timeout"


def later(seconds: float) -> Any:
    return BEGIN + timedelta(seconds=seconds)


# ---------------------------------------------------------------- wait


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT10S", 10),
        ("{seconds: 10}", 10),
        ("{minutes: 1, seconds: 5, milliseconds: 500}", 65.5),
        ("{hours: 2}", 7200),
        ("{days: 30}", 2_592_000),
        ("P1DT1H", 90_000),
        ("PT0S", 0),
        ("'${ \"PT\\(.n)S\" }'", 3),
        ("'${ {seconds: .n} }'", 3),
    ],
)
def test_wait_takes_its_time_and_passes_its_input_on(duration: str, seconds: float) -> None:
    host = run(f"- w: {{wait: {duration}}}\n- s: {{set: {{n: '${{ .n }}'}}}}", {"n": 3})
    assert host.output == {"n": 3}
    assert host.seconds == seconds
    assert host.of("w", EntryType.TASK_COMPLETED)[0].at == later(seconds)


def test_while_it_waits_the_run_is_waiting() -> None:
    host = Host(with_tasks("- w: {wait: PT10S}")).run(until=5)
    assert host.state.status is RunStatus.WAITING
    assert host.state.wake_at == later(10)
    assert host.of("w", EntryType.TASK_STARTED)[0].data["until"] == "2026-01-01T00:00:10+00:00"


def test_a_duration_that_is_none_faults() -> None:
    assert run("- w: {wait: '${ .n }'}", {"n": "soon"}).error["type"].endswith("/expression")


def test_a_timer_fired_too_early_is_asked_for_again() -> None:
    host = Host(with_tasks("- w: {wait: PT10S}")).run(until=1)
    before = host.state
    state, commands = advance(host.workflow, before, p.TimerFired("2:wait", later(9)))
    assert state is before
    assert commands == [p.StartTimer("2:wait", later(10))]


def test_waits_run_side_by_side() -> None:
    host = run("- f: {fork: {branches: [{a: {wait: PT3S}}, {b: {wait: PT5S}}]}}")
    assert host.seconds == 5
    assert host.names() == ["a", "b", "f"]


def test_a_step_beside_a_wait_keeps_the_run_running() -> None:
    host = Host(
        with_tasks(f"- f: {{fork: {{branches: [{{a: {{wait: PT3S}}}}, {{b: {{{CALL}}}}}]}}}}"), None, {"b": NEVER}
    ).run(until=1)
    assert host.state.status is RunStatus.RUNNING


# ---------------------------------------------------------------- timeouts

# rule, tasks, instance of the error, seconds
TIMEOUTS: list[tuple[str, str, str, float]] = [
    ("of a step", f"- c: {{{CALL}, timeout: {{after: PT5S}}}}", "/do/0/c", 5),
    ("of a wait", "- w: {wait: PT10S, timeout: {after: {seconds: 5}}}", "/do/0/w", 5),
    ("of a list of tasks", f"- d: {{do: [{{a: {{wait: PT3S}}}}, {{c: {{{CALL}}}}}], timeout: {{after: PT5S}}}}", "/do/0/d", 5),
    ("of a loop", "- l: {for: {in: '[1,2,3]'}, do: [{w: {wait: PT2S}}], timeout: {after: PT5S}}", "/do/0/l", 5),
    ("of a fork", f"- f: {{fork: {{branches: [{{a: {{wait: PT9S}}}}, {{c: {{{CALL}}}}}]}}, timeout: {{after: PT5S}}}}", "/do/0/f", 5),
    ("of a try, which it does not catch", f"- t: {{try: [{{c: {{{CALL}}}}}], catch: {{}}, timeout: {{after: PT5S}}}}", "/do/0/t", 5),
    ("of a task inside", f"- d: {{do: [{{c: {{{CALL}, timeout: {{after: PT2S}}}}}}], timeout: {{after: PT5S}}}}", "/do/0/d/do/0/c", 2),
    ("of the task around, when that is sooner", f"- d: {{do: [{{c: {{{CALL}, timeout: {{after: PT9S}}}}}}], timeout: {{after: PT5S}}}}", "/do/0/d", 5),
    ("computed", f"- c: {{{CALL}, timeout: {{after: '${{ .t }}'}}}}", "/do/0/c", 7),
    ("while it waits for a retry", "- t: {try: [{r: {raise: {error: {type: 'https://e.x/t', status: 500}}}}], catch: {retry: {delay: PT1H}}, timeout: {after: PT5S}}", "/do/0/t", 5),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "instance", "seconds"), [t[1:] for t in TIMEOUTS], ids=[t[0] for t in TIMEOUTS])
def test_timeouts(tasks: str, instance: str, seconds: float) -> None:
    host = run(tasks, {"t": "PT7S"}, {"c": NEVER})
    assert (host.error["type"], host.error["status"], host.error["instance"]) == (TIMEOUT, 408, instance)
    assert host.seconds == seconds
    assert len(host.cancelled_steps) == len(host.steps)
    assert host.timers == {}


def test_a_task_in_time_does_not_time_out() -> None:
    host = run(f"- c: {{{CALL}, timeout: {{after: PT5S}}}}\n- w: {{wait: PT9S}}", None, {"c": ok(1, 4)})
    assert (host.output, host.seconds) == (1, 13)


def test_a_named_timeout() -> None:
    host = run_parts(
        f"use: {{timeouts: {{short: {{after: PT5S}}}}}}\ndo: [{{c: {{{CALL}, timeout: short}}}}]", None, {"c": NEVER}
    )
    assert (host.error["status"], host.seconds) == (408, 5)


def test_a_timeout_can_be_caught() -> None:
    host = run(
        f"- t: {{try: [{{c: {{{CALL}, timeout: {{after: PT5S}}}}}}], catch: {{errors: {{with: {{status: 408}}}}}}}}",
        3,
        {"c": NEVER},
    )
    assert host.output == 3


def test_the_workflow_times_out() -> None:
    host = run_parts(f"timeout: {{after: PT5S}}\ndo: [{{d: {{do: [{{c: {{{CALL}}}}}]}}}}]", None, {"c": NEVER})
    assert (host.error["type"], host.error["instance"], host.seconds) == (TIMEOUT, "/timeout", 5)
    assert host.names(EntryType.TASK_CANCELLED) == ["c", "d"]
    assert len(host.cancelled_steps) == 1


def test_a_workflow_in_time_leaves_no_timer() -> None:
    assert run_parts("timeout: {after: PT5S}\ndo: [{w: {wait: PT1S}}]").timers == {}


def test_steps_know_the_earliest_deadline_around_them() -> None:
    host = run_parts(f"""
timeout: {{after: PT100S}}
do:
  - a: {{{CALL}}}
  - b: {{do: [{{c: {{{CALL}, timeout: {{after: PT90S}}}}}}], timeout: {{after: PT50S}}}}
""")
    assert [s.deadline for s in host.steps] == [later(100), later(50)]


def test_a_step_without_timeouts_has_no_deadline() -> None:
    assert run(f"- a: {{{CALL}}}").steps[0].deadline is None


# ---------------------------------------------------------------- cancel

BUSY = f"""
- f:
    fork:
      branches:
        - a: {{do: [{{c: {{{CALL}}}}}]}}
        - w: {{wait: PT1H}}
        - t: {{try: [{{r: {{raise: {{error: {{type: 'https://e.x/t', status: 500}}}}}}}}], catch: {{retry: {{delay: PT1H}}}}}}
"""


def test_cancelling_ends_all_that_is_open() -> None:
    host = Host(with_tasks(BUSY), None, {"c": NEVER}).run(until=1)
    step = host.steps[0].step
    commands = host.send(p.CancelRequested(host.now, "enough"))
    assert host.state.status is RunStatus.CANCELLED
    assert host.state.ended_at == host.now
    assert host.cancelled_steps == [step]
    assert host.timers == {}
    assert host.names(EntryType.TASK_CANCELLED) == ["c", "t", "w", "a", "f"]
    assert host.journal[-1].type is EntryType.RUN_CANCELLED
    assert host.journal[-1].data == {"reason": "enough"}
    assert isinstance(commands[0], p.AppendJournal)


def test_a_cancelled_run_has_no_output_and_no_error() -> None:
    host = Host(with_tasks("- w: {wait: PT1H}")).run(until=1)
    host.send(p.CancelRequested(host.now))
    assert (host.state.output, host.state.error) == (None, None)


def test_a_run_with_pure_work_left_can_be_cancelled() -> None:
    host = Host(
        with_tasks("- l: {for: {in: '[range(9)]'}, do: [{a: {set: '${ . }'}}]}"),
        0,
        limits=Limits(max_entries_per_advance=3),
    ).begin()
    host.send(p.CancelRequested(host.now))
    assert host.run().state.status is RunStatus.CANCELLED


# ---------------------------------------------------------------- late, double, unknown

EVENTS: list[p.Event] = [
    p.StepSucceeded(3, 1, later(9)),
    p.StepFailed(3, problem("runtime"), later(9)),
    p.StepUnknown(3, later(9)),
    p.TimerFired("4:wait", later(99_999)),
    p.CancelRequested(later(9)),
    p.Continued(later(9)),
]


@pytest.mark.parametrize("event", EVENTS, ids=[type(e).__name__ for e in EVENTS])
@pytest.mark.parametrize("end", ["completed", "faulted", "cancelled"])
def test_a_run_that_has_ended_never_changes(event: p.Event, end: str) -> None:
    host = Host(with_tasks(f"- c: {{{CALL}}}"), None, {"c": NEVER}).run(until=1)
    ends: dict[str, p.Event] = {
        "completed": p.StepSucceeded(2, 1, host.now),
        "faulted": p.StepFailed(2, problem("runtime"), host.now),
        "cancelled": p.CancelRequested(host.now),
    }
    host.send(ends[end])
    before = host.state
    assert before.status == end
    assert host.send(event) == []
    assert host.state is before


@pytest.mark.parametrize(
    "event",
    [
        p.StepSucceeded(99, 1, later(1)),
        p.StepFailed(99, {}, later(1)),
        p.StepUnknown(99, later(1)),
        p.TimerFired("99:wait", later(99)),
        p.TimerFired("nonsense", later(99)),
        p.Continued(later(1)),
    ],
)
def test_what_is_not_open_is_ignored(event: p.Event) -> None:
    host = Host(with_tasks(BUSY), None, {"c": NEVER}).run(until=1)
    before = host.state
    assert host.send(event) == []
    assert host.state is before


def test_a_result_after_the_timeout_is_ignored() -> None:
    host = run(
        f"- t: {{try: [{{c: {{{CALL}, timeout: {{after: PT5S}}}}}}], catch: {{}}}}\n- w: {{wait: PT9S}}",
        3,
        {"c": ok(1, 7)},
    )
    assert host.output == 3


def test_a_second_result_of_a_step_is_ignored() -> None:
    host = Host(with_tasks(f"- c: {{{CALL}}}\n- w: {{wait: PT9S}}"), None, {"c": NEVER}).run(until=1)
    host.send(p.StepSucceeded(2, 1, host.now))
    assert host.send(p.StepSucceeded(2, 2, host.now)) == []
    assert host.run().output == 1


def test_time_never_runs_backwards_in_a_journal() -> None:
    host = Host(with_tasks(f"- c: {{{CALL}}}\n- d: {{{CALL}}}"), None, {"c": NEVER, "d": NEVER}).run(until=1)
    host.send(p.StepSucceeded(2, 1, later(50)))
    host.send(p.StepSucceeded(4, 1, later(-50)))
    assert [e.at for e in host.journal] == sorted(e.at for e in host.journal)


# ---------------------------------------------------------------- recovery


def test_replay_returns_what_is_open() -> None:
    host = Host(
        with_tasks(
            f"- f: {{fork: {{branches: [{{c: {{{CALL}, timeout: {{after: PT9S}}}}}}, {{w: {{wait: PT5S}}}}, {{s: {{{CALL}, metadata: {{unknownOutcome: stop}}}}}}]}}}}"
        ),
        None,
        {"c": NEVER, "s": NEVER},
    ).run(until=1)
    state, commands = replay(host.workflow, host.info, host.input, host.journal, host.now)
    assert state == host.state
    first, second = host.steps
    assert commands == [
        first,
        p.AskOutcome(second),
        p.StartTimer("3:timeout", later(9)),
        p.StartTimer("4:wait", later(5)),
    ]


def test_replay_of_an_ended_run_returns_nothing() -> None:
    host = run(f"- c: {{{CALL}}}")
    assert replay(host.workflow, host.info, host.input, host.journal, host.now)[1] == []


def test_replay_in_the_middle_of_pure_work_goes_on() -> None:
    host = run("- a: {set: {x: 1}}\n- b: {set: {y: 2}}")
    state, commands = replay(host.workflow, host.info, host.input, host.journal[:3], host.now)
    assert commands == [p.Continue()]
    state, commands = advance(host.workflow, state, p.Continued(host.now))
    assert state.output == {"y": 2}
    assert isinstance(commands[0], p.AppendJournal)
    assert list(commands[0].entries) == host.journal[3:]


def test_replay_without_a_journal_begins_the_run() -> None:
    host = run("- a: {set: {x: 1}}")
    state, commands = replay(host.workflow, host.info, host.input, [], BEGIN)
    assert state == host.state
    assert isinstance(commands[0], p.AppendJournal)


def test_replay_evaluates_nothing() -> None:
    host = run("- a: {set: {x: '${ .n }'}}", {"n": 1})
    broken = Host(with_parts("do: [{a: {set: {x: '${ error(\"evaluated\") }'}}}]"))
    state, _ = replay(broken.workflow, host.info, {"n": 1}, host.journal, host.now)
    assert state.output == {"x": 1}
