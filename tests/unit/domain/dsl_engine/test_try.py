"""Errors: raised, caught, retried, escalated."""

# ruff: noqa: E501  (a scenario stays on one line)
from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from models.domain.dsl.protocol import RunInfo, StepFailed
from models.domain.journal import EntryType
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import NEVER, Host, Reply, fails, lost, ok, run, run_parts

CALL = "call: predict, with: {model: m, inputs: []}"
COMMUNICATION = "https://serverlessworkflow.io/spec/1.0.0/errors/communication"


def trying(catch: str, body: str = f"{{c: {{{CALL}}}}}") -> str:
    return f"- t: {{try: [{body}], catch: {catch}}}"


# ---------------------------------------------------------------- raise


def test_raise_faults_with_the_error_and_where_it_was_raised() -> None:
    error = run("- r: {raise: {error: {type: 'https://e.x/t', status: 418, title: T, detail: D}}}").error
    assert error == {"type": "https://e.x/t", "status": 418, "title": "T", "detail": "D", "instance": "/do/0/r"}


def test_raise_of_a_named_error() -> None:
    parts = "use: {errors: {mine: {type: 'https://e.x/t', status: 400}}}\ndo: [{r: {raise: {error: mine}}}]"
    assert run_parts(parts).error == {"type": "https://e.x/t", "status": 400, "instance": "/do/0/r"}


def test_raise_computes_its_error() -> None:
    error = run("- r: {raise: {error: {type: '${ .t }', status: 400, detail: '${ \"no \\(.s)\" }'}}}",
                {"t": "https://e.x/t", "s": 400}).error  # fmt: skip
    assert (error["type"], error["status"], error["detail"]) == ("https://e.x/t", 400, "no 400")


def test_an_instance_given_by_the_author_stays() -> None:
    error = run("- r: {raise: {error: {type: 'https://e.x/t', status: 400, instance: /mine}}}").error
    assert error["instance"] == "/mine"


@pytest.mark.parametrize("given", [{"t": 1}, {"t": None}, {}])
def test_an_error_that_is_none_is_a_configuration_error(given: Any) -> None:
    error = run("- r: {raise: {error: {type: '${ .t }', status: 400}}}", given).error
    assert error["type"].endswith("/configuration")


def test_an_uncaught_error_faults_all_around_it_and_the_run() -> None:
    host = run(
        "- a: {do: [{b: {do: [{r: {raise: {error: {type: 'https://e.x/t', status: 400}}}}]}}]}\n- c: {set: {x: 1}}"
    )
    assert host.trace() == ["started a", "started b", "started r", "faulted r", "faulted b", "faulted a"]
    assert host.error["instance"] == "/do/0/a/do/0/b/do/0/r"


# ---------------------------------------------------------------- catch

# rule, catch, output (None: it faults)
CATCHES: list[tuple[str, str, Any]] = [
    ("an empty catch catches everything", "{}", {"n": 1}),
    ("a type that is the same", f"{{errors: {{with: {{type: '{COMMUNICATION}'}}}}}}", {"n": 1}),
    ("a type in its former spelling",
     "{errors: {with: {type: 'https://serverlessworkflow.io/dsl/errors/types/communication'}}}", {"n": 1}),
    ("another type", "{errors: {with: {type: 'https://e.x/t'}}}", None),
    ("a status that is the same", "{errors: {with: {status: 503}}}", {"n": 1}),
    ("another status", "{errors: {with: {status: 404}}}", None),
    ("the title", "{errors: {with: {title: Communication error}}}", {"n": 1}),
    ("the detail", "{errors: {with: {detail: 'no'}}}", {"n": 1}),
    ("the detail, written as details", "{errors: {with: {details: other}}}", None),
    ("the instance", "{errors: {with: {instance: /do/0/t/try/0/c}}}", {"n": 1}),
    ("another instance", "{errors: {with: {instance: /do/1/t}}}", None),
    ("all that is given must be the same", "{errors: {with: {status: 503, title: other}}}", None),
    ("a filter may be computed", "{errors: {with: {status: '${ 500 + 3 }'}}}", {"n": 1}),
    ("when holds", "{when: $error.status == 503}", {"n": 1}),
    ("when does not hold", "{when: $error.status == 504}", None),
    ("when sees the input of the try", "{when: .n == 1}", {"n": 1}),
    ("exceptWhen holds", "{exceptWhen: $error.status == 503}", None),
    ("exceptWhen does not hold", "{exceptWhen: $error.status == 504}", {"n": 1}),
    ("as names the error", "{as: e, when: $e.status == 503}", {"n": 1}),
    ("do makes the output", "{do: [{h: {set: {handled: '${ $error.status }'}}}]}", {"handled": 503}),
    ("do gets the input of the try", "{do: [{h: {set: '${ .n + 1 }'}}]}", 2),
    ("do runs its tasks in order", "{do: [{h: {set: '${ .n + 1 }'}}, {i: {set: '${ . + $error.status }'}}]}", 505),
    ("as names the error for do", "{as: e, do: [{h: {set: '${ $e.title }'}}]}", "Communication error"),
    ("the first task of do may be skipped",
     "{do: [{h: {if: $error.status == 1, set: {x: 1}}}, {i: {set: '${ $error.status }'}}]}", 503),
    ("an empty do is like none", "{do: []}", {"n": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("catch", "wanted"), [c[1:] for c in CATCHES], ids=[c[0] for c in CATCHES])
def test_what_is_caught(catch: str, wanted: Any) -> None:
    host = run(trying(catch), {"n": 1}, {"c": fails(status=503)})
    if wanted is None:
        assert host.error["instance"] == "/do/0/t/try/0/c"
        assert host.names(EntryType.TASK_FAULTED) == ["c", "t"]
    else:
        assert host.output == wanted


def test_without_an_error_the_catch_is_not_looked_at() -> None:
    host = run(trying("{when: .a.b.c, do: [{h: {set: {x: 1}}}]}"), 5, {"c": ok(7)})
    assert host.output == 7
    assert host.trace() == ["started t", "started c", "completed c", "completed t"]


def test_a_try_of_no_tasks_passes_its_input_on() -> None:
    assert run("- t: {try: [], catch: {}}", 5).output == 5


def test_a_try_goes_on_with_the_next_task() -> None:
    assert run(trying("{}") + "\n- n: {set: {x: 1}}", 5, {"c": fails()}).output == {"x": 1}


def test_the_output_of_a_try_can_be_transformed_after_a_catch() -> None:
    tasks = f"- t: {{try: [{{c: {{{CALL}}}}}], catch: {{do: [{{h: {{set: {{s: 1}}}}}}]}}, output: {{as: .s}}}}"
    assert run(tasks, 5, {"c": fails()}).output == 1


def test_an_error_deep_inside_is_caught() -> None:
    body = f"{{d: {{for: {{in: '[1,2]'}}, do: [{{f: {{fork: {{branches: [{{c: {{{CALL}}}}}, {{w: {{wait: PT1H}}}}]}}}}}}]}}}}"
    host = run(trying("{do: [{h: {set: '${ $error.instance }'}}]}", body), None, {"c": fails()})
    assert host.output == "/do/0/t/try/0/d/do/0/f/fork/branches/0/c"
    assert host.trace()[-7:] == [
        "faulted c", "cancelled w", "faulted f", "faulted d", "started h", "completed h", "completed t"
    ]  # fmt: skip


def test_expression_errors_are_caught() -> None:
    host = run("- t: {try: [{a: {set: '${ .n.m }'}}], catch: {errors: {with: {status: 400}}}}", {"n": 1})
    assert host.output == {"n": 1}


def test_an_error_in_the_handler_escalates() -> None:
    host = run(trying("{do: [{h: {set: '${ .n.m }'}}]}"), {"n": 1}, {"c": fails()})
    assert host.error["instance"] == "/do/0/t/catch/do/0/h"


def test_a_handler_may_raise_what_it_caught() -> None:
    host = run(trying("{do: [{h: {raise: {error: {type: '${ $error.type }', status: 502}}}}]}"), None,
               {"c": fails(status=502)})  # fmt: skip
    assert (host.error["status"], host.error["instance"]) == (502, "/do/0/t/catch/do/0/h")


def test_an_outer_try_catches_what_the_inner_lets_through() -> None:
    inner = f"{{i: {{try: [{{c: {{{CALL}}}}}], catch: {{errors: {{with: {{status: 404}}}}}}}}}}"
    host = run(trying("{do: [{h: {set: '${ $error.status }'}}]}", inner), None, {"c": fails(status=503)})
    assert host.output == 503


def test_handlers_nest_and_see_their_own_errors() -> None:
    inner = f"{{i: {{try: [{{d: {{{CALL}}}}}], catch: {{as: second, do: [{{h: {{set: '${{ [$first.status, $second.status] }}'}}}}]}}}}}}"
    host = run(trying(f"{{as: first, do: [{inner}]}}"), None, {"c": fails(status=501), "d": fails(status=502)})
    assert host.output == [501, 502]


def test_a_catch_that_fails_faults_the_try() -> None:
    host = run(trying("{when: .n.m}"), {"n": 1}, {"c": fails()})
    assert host.error["type"].endswith("/expression")
    assert host.error["instance"] == "/do/0/t"


def test_the_caught_error_is_in_the_journal() -> None:
    swallowed = run(trying("{}"), 1, {"c": fails(status=503)})
    assert swallowed.of("t", EntryType.TASK_COMPLETED)[0].data["caught"]["status"] == 503
    handled = run(trying("{do: [{h: {set: {x: 1}}}]}"), 1, {"c": fails(status=503)})
    assert handled.of("h", EntryType.TASK_STARTED)[0].data["caught"]["status"] == 503


# ---------------------------------------------------------------- retry

# rule, policy, failures before it works, seconds until the end (None: it gives up)
RETRIES: list[tuple[str, str, int, float | None]] = [
    ("without a delay at once", "{limit: {attempt: {count: 3}}}", 3, 0),
    ("count is the number of retries", "{limit: {attempt: {count: 2}}}", 3, None),
    ("a count of zero retries never", "{limit: {attempt: {count: 0}}}", 1, None),
    ("without a limit as often as needed", "{delay: PT1S}", 50, 50),
    ("constant is the default", "{delay: {seconds: 2}, limit: {attempt: {count: 3}}}", 3, 6),
    ("constant", "{delay: {seconds: 2}, backoff: {constant: {}}, limit: {attempt: {count: 3}}}", 3, 6),
    ("linear", "{delay: {seconds: 2}, backoff: {linear: {}}, limit: {attempt: {count: 3}}}", 3, 12),
    ("exponential", "{delay: {seconds: 2}, backoff: {exponential: {}}, limit: {attempt: {count: 4}}}", 4, 30),
    ("a delay may be computed", "{delay: '${ \"PT\\(.n)S\" }', limit: {attempt: {count: 1}}}", 1, 1),
    ("a duration over all", "{delay: PT10S, limit: {duration: PT25S}}", 2, 20),
    ("a duration over all is held", "{delay: PT10S, limit: {duration: PT25S}}", 3, None),
    ("when holds", "{when: $error.status == 503, limit: {attempt: {count: 1}}}", 1, 0),
    ("when does not hold", "{when: $error.status == 500, limit: {attempt: {count: 1}}}", 1, None),
    ("exceptWhen holds", "{exceptWhen: $error.status == 503}", 1, None),
    ("exceptWhen does not hold", "{exceptWhen: $error.status == 500}", 1, 0),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "failures", "seconds"), [r[1:] for r in RETRIES], ids=[r[0] for r in RETRIES])
def test_retries(policy: str, failures: int, seconds: float | None) -> None:
    host = run(trying(f"{{retry: {policy}}}"), {"n": 1}, {"c": [fails(status=503)] * failures + [ok("fine")]})
    if seconds is None:
        assert host.error["status"] == 503
    else:
        assert host.output == "fine"
        assert host.seconds == seconds
        assert len(host.of("t", EntryType.TASK_RETRIED)) == failures
        assert len(host.steps) == failures + 1


def test_a_named_policy() -> None:
    parts = f"use: {{retries: {{mine: {{delay: PT3S}}}}}}\ndo: [{{t: {{try: [{{c: {{{CALL}}}}}], catch: {{retry: mine}}}}}}]"
    host = run_parts(parts, None, {"c": [fails(), ok(1)]})
    assert (host.output, host.seconds) == (1, 3)


def test_when_it_gives_up_the_handler_runs() -> None:
    host = run(trying("{retry: {limit: {attempt: {count: 1}}}, do: [{h: {set: {x: 1}}}]}"), None, {"c": fails()})
    assert host.output == {"x": 1}
    assert host.trace().count("faulted c") == 2


def test_what_is_not_caught_is_not_retried() -> None:
    host = run(trying("{errors: {with: {status: 404}}, retry: {delay: PT1S}}"), None, {"c": fails(status=503)})
    assert host.error["status"] == 503
    assert len(host.steps) == 1


def test_a_retry_begins_with_the_input_of_the_try() -> None:
    body = f"{{a: {{set: '${{ . + 1 }}'}}}}, {{c: {{{CALL}}}}}"
    host = run(trying("{retry: {delay: PT1S}}", body), 1, {"c": [fails(), fails(), ok("fine")]})
    assert [e.data["input"] for e in host.of("c", EntryType.TASK_STARTED)] == [2, 2, 2]


def test_a_retry_is_in_the_journal_with_its_error_and_its_time() -> None:
    host = run(trying("{retry: {delay: PT5S}}"), None, {"c": [fails(status=503), ok(1)]})
    (entry,) = host.of("t", EntryType.TASK_RETRIED)
    assert entry.data["error"]["status"] == 503
    assert entry.data["attempt"] == 2
    assert entry.data["at"] == "2026-01-01T00:00:05+00:00"


def test_a_run_that_waits_for_a_retry_is_waiting() -> None:
    host = Host(with_tasks(trying("{retry: {delay: PT5S}}")), None, {"c": fails()}).run(until=2)
    assert host.state.status == "waiting"
    assert host.state.wake_at is not None


def test_all_attempts_of_a_call_have_one_key_and_count_up() -> None:
    host = run(trying("{retry: {delay: PT1S}}"), None, {"c": [fails(), lost(), fails(), ok(1)]})
    assert len({step.idempotency_key for step in host.steps}) == 1
    assert [step.attempt for step in host.steps] == [1, 2, 3, 3]
    assert len({step.step for step in host.steps}) == 4


def test_calls_of_different_iterations_visits_and_tasks_have_different_keys() -> None:
    host = run(f"""
- l: {{for: {{in: '[1,2]'}}, do: [{{a: {{{CALL}}}}}, {{b: {{{CALL}}}}}]}}
- v: {{{CALL}, output: {{as: '$input + 1'}}}}
- s: {{switch: [{{p: {{when: . < 3, then: v}}}}]}}
""", 0, {"a": ok(0), "b": ok(0), "v": ok(0)})  # fmt: skip
    assert len(host.steps) == 7
    assert len({step.idempotency_key for step in host.steps}) == 7


def test_the_visits_of_a_retried_block_have_the_keys_of_the_first_attempt() -> None:
    body = f"{{a: {{{CALL}, output: {{as: '$input + 1'}}}}}}, {{s: {{switch: [{{p: {{when: . < 2, then: a}}}}]}}}}, {{c: {{{CALL}}}}}"
    host = run(trying("{retry: {delay: PT1S}}", body), 0, {"a": ok(0), "c": [fails(), ok(1)]})
    keys = [step.idempotency_key for step in host.steps]
    assert keys[:3] == keys[3:]
    assert len(set(keys)) == 3


JITTER = "{retry: {delay: PT1S, jitter: {from: PT1S, to: PT3S}, limit: {attempt: {count: 5}}}}"


def test_jitter_is_added_within_its_bounds_and_always_the_same() -> None:
    first, second = (run(trying(JITTER), None, {"c": fails()}) for _ in range(2))
    times = [e.data["at"] for e in first.of("t", EntryType.TASK_RETRIED)]
    assert times == [e.data["at"] for e in second.of("t", EntryType.TASK_RETRIED)]
    assert 5 * 2 <= first.seconds < 5 * 4


def test_jitter_differs_between_runs_and_attempts() -> None:
    def waits(run_id: int) -> list[str]:
        info = RunInfo(UUID(int=run_id), WorkflowRef("test", "a-workflow", "0.1.0"))
        host = Host(with_tasks(trying(JITTER)), None, {"c": fails()}, info=info).run()
        return [e.data["at"] for e in host.of("t", EntryType.TASK_RETRIED)]

    assert len({tuple(waits(n)) for n in range(5)}) == 5


def test_an_attempt_that_takes_too_long_is_cancelled_and_retried() -> None:
    host = run(trying("{retry: {delay: PT1S, limit: {attempt: {duration: PT10S, count: 3}}}}"), None,
               {"c": [NEVER, ok("fine", 5)]})  # fmt: skip
    assert host.output == "fine"
    assert host.seconds == 16
    assert host.trace()[:5] == ["started t", "started c", "cancelled c", "retried t", "started c"]
    assert host.cancelled_steps == [3]


def test_when_the_last_attempt_takes_too_long_it_is_a_timeout() -> None:
    policy = "{limit: {attempt: {duration: PT10S, count: 1}}}"
    host = run(trying(f"{{retry: {policy}}}"), None, {"c": NEVER})
    assert (host.error["status"], host.error["instance"], host.seconds) == (408, "/do/0/t", 20)
    handled = run(trying(f"{{retry: {policy}, do: [{{h: {{set: '${{ $error.status }}'}}}}]}}"), None, {"c": NEVER})
    assert handled.output == 408


def test_the_limit_of_an_attempt_does_not_hold_for_the_handler() -> None:
    catch = "{retry: {limit: {attempt: {duration: PT10S, count: 0}}}, do: [{w: {wait: PT1H}}]}"
    host = run(trying(catch), 5, {"c": fails()})
    assert (host.output, host.seconds) == (5, 3600)


def test_endless_retries_end_at_the_limit() -> None:
    host = run(trying("{retry: {}}"), None, {"c": fails()}, limits=Limits(max_retries=20))
    assert host.error["status"] == 500
    assert len(host.steps) == 21


def test_delays_end_at_the_limit() -> None:
    host = Host(with_tasks(trying("{retry: {delay: PT1H, backoff: {exponential: {}}}}")), None, {"c": fails()},
                limits=Limits(max_retry_delay_seconds=7200, max_retries=5)).run()  # fmt: skip
    assert host.seconds == 3600 + 4 * 7200


def test_a_try_in_a_loop_counts_its_attempts_anew() -> None:
    body = trying("{retry: {limit: {attempt: {count: 1}}}}")[2:]
    host = run(f"- l: {{for: {{in: '[1,2]'}}, do: [{{{body}}}]}}", None, {"c": [fails(), ok(1), fails(), ok(2)]})
    assert host.output == 2


def test_what_is_retried_notifies_and_emits_once() -> None:
    body = (
        "{n: {call: notify, with: {to: all, title: T}}}, "
        "{e: {emit: {event: {with: {source: 'https://e.x', type: t}}}}}, "
        f"{{c: {{{CALL}}}}}"
    )
    host = run(trying("{retry: {delay: PT1S}}", body), None, {"c": [fails(), ok(1)]})
    assert len(host.notifications) == 2
    assert len({n.key for n in host.notifications}) == 1
    assert len({(e["source"], e["id"]) for e in host.events}) == 1


# ---------------------------------------------------------------- unknown outcomes


def test_a_lost_result_is_done_again_with_the_same_key() -> None:
    host = run(f"- c: {{{CALL}}}", None, {"c": [lost(), lost(), ok(1)]})
    assert host.output == 1
    assert [(s.step, s.attempt) for s in host.steps] == [(2, 1), (4, 2), (6, 3)]
    assert len({s.idempotency_key for s in host.steps}) == 1
    assert len(host.of("c", EntryType.TASK_RETRIED)) == len(host.of("c", EntryType.TASK_OUTCOME_UNKNOWN)) == 2


def test_a_lost_result_is_shown_where_the_policy_is_stop() -> None:
    host = run(f"- c: {{{CALL}, metadata: {{unknownOutcome: stop}}}}", None, {"c": lost()})
    assert host.error["type"] == "https://tidewire.dev/errors/outcome-unknown"
    assert len(host.steps) == 1


def test_an_unknown_outcome_can_be_caught() -> None:
    body = f"{{c: {{{CALL}, metadata: {{unknownOutcome: stop}}}}}}"
    host = run(
        trying("{errors: {with: {type: 'https://tidewire.dev/errors/outcome-unknown'}}}", body), 3, {"c": lost()}
    )
    assert host.output == 3


def test_a_step_that_fails_without_a_type_is_a_runtime_error() -> None:
    host = run(
        f"- c: {{{CALL}}}", None, {"c": Reply(lambda s, at: StepFailed(s, {"detail": "x", "instance": "/y"}, at))}
    )
    assert (host.error["type"][-8:], host.error["detail"], host.error["instance"]) == ("/runtime", "x", "/do/0/c")
