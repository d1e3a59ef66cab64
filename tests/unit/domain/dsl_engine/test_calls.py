"""Calls, events and notifications: what is asked of the outside, and what becomes of the answer."""

# ruff: noqa: E501  (a scenario stays on one line)

from __future__ import annotations

from typing import Any

import pytest

from models.domain.dsl.protocol import StepKind
from models.domain.dsl.requests import expand, logical_key
from models.domain.journal import EntryType
from tests.unit.domain.dsl_engine.host import BEGIN, RUN, Host, fails, ok, run, run_parts


def http(arguments: str, given: Any = None, more: str = "", **script: Any) -> Host:
    return run(f"- c: {{call: http, with: {{{arguments}}}{more}}}", given, script)


def request(arguments: str, given: Any = None, more: str = "") -> dict[str, Any]:
    (step,) = http(arguments, given, more).steps
    assert step.kind is StepKind.HTTP
    return step.request


PLAIN = {"method": "GET", "uri": "https://e.x/a", "headers": {}, "query": {}, "output": "content", "redirect": False}

# rule, arguments, input, what differs from PLAIN
REQUESTS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("method and endpoint suffice", "method: get, endpoint: 'https://e.x/a'", None, {}),
    ("the method is written in capitals", "method: post, endpoint: 'https://e.x/a'", None, {"method": "POST"}),
    ("the endpoint may be an object", "method: get, endpoint: {uri: 'https://e.x/a'}", None, {}),
    ("the endpoint may be computed", "method: get, endpoint: '${ \"https://e.x/\\(.n)\" }'", {"n": 7}, {"uri": "https://e.x/7"}),
    ("the uri may be computed", "method: get, endpoint: {uri: '${ .u }'}", {"u": "https://e.x/b"}, {"uri": "https://e.x/b"}),
    ("braces are replaced", "method: get, endpoint: 'https://e.x/{id}/{no}?q={q}'", {"id": 7, "q": "a b&c"}, {"uri": "https://e.x/7/?q=a%20b%26c"}),
    ("braces in computed text stay", "method: get, endpoint: '${ .u }'", {"u": "https://e.x/{b}", "b": 1}, {"uri": "https://e.x/{b}"}),
    ("headers", "method: get, endpoint: 'https://e.x/a', headers: {A: b, N: '${ .n }', T: '${ true }', Z: '${ null }'}", {"n": 7}, {"headers": {"A": "b", "N": "7", "T": "true"}}),
    ("headers may be computed", "method: get, endpoint: 'https://e.x/a', headers: '${ .h }'", {"h": {"a": 1.5}}, {"headers": {"a": "1.5"}}),
    ("query", "method: get, endpoint: 'https://e.x/a', query: {a: 1, l: ['${ .n }', 'y'], z: '${ .no }'}", {"n": 7}, {"query": {"a": "1", "l": ["7", "y"]}}),
    ("query may be computed", "method: get, endpoint: 'https://e.x/a', query: '${ .q }'", {"q": {"a": 10.0}}, {"query": {"a": "10"}}),
    ("body", "method: put, endpoint: 'https://e.x/a', body: {a: 1, n: '${ .n }'}", {"n": 7}, {"method": "PUT", "body": {"a": 1, "n": 7}}),
    ("body may be text", "method: put, endpoint: 'https://e.x/a', body: hello", None, {"method": "PUT", "body": "hello"}),
    ("body may be computed to nothing", "method: put, endpoint: 'https://e.x/a', body: '${ null }'", None, {"method": "PUT", "body": None}),
    ("output raw", "method: get, endpoint: 'https://e.x/a', output: raw", None, {"output": "raw"}),
    ("output response", "method: get, endpoint: 'https://e.x/a', output: response", None, {"output": "response"}),
    ("redirect", "method: get, endpoint: 'https://e.x/a', redirect: true", None, {"redirect": True}),
    ("basic authentication", "method: get, endpoint: {uri: 'https://e.x/a', authentication: {basic: {username: u, password: '${ .p }'}}}", {"p": "s"}, {"authentication": {"basic": {"username": "u", "password": "s"}}}),
    ("bearer authentication", "method: get, endpoint: {uri: 'https://e.x/a', authentication: {bearer: {token: '${ .p }'}}}", {"p": "s"}, {"authentication": {"bearer": {"token": "s"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "given", "wanted"), [r[1:] for r in REQUESTS], ids=[r[0] for r in REQUESTS])
def test_requests(arguments: str, given: Any, wanted: dict[str, Any]) -> None:
    assert request(arguments, given) == {**PLAIN, **wanted}


def test_a_connection_goes_along_instead_of_an_authentication() -> None:
    found = request("method: get, endpoint: '/a/{id}'", {"id": 7}, ", metadata: {connection: crm}")
    assert (found["connection"], found["uri"]) == ("crm", "/a/7")
    assert "authentication" not in found


POLICIES = """
use:
  secrets: [mine]
  authentications:
    %s
do:
  - c: {call: http, with: {method: get, endpoint: {uri: 'https://e.x/a', authentication: {use: one}}}}
"""


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("one: {basic: {username: u, password: p}}", {"basic": {"username": "u", "password": "p"}}),
        ("one: {bearer: {use: mine}}", {"bearer": {"use": "mine"}}),
        ("one: {digest: {username: u, password: p}}", {"digest": {"username": "u", "password": "p"}}),
        ("one: {oauth2: {use: mine}}", {"oauth2": {"use": "mine"}}),
    ],
)
def test_named_policies_are_passed_on(policy: str, wanted: dict[str, Any]) -> None:
    (step,) = run_parts(POLICIES % policy, not_yet=()).steps
    assert step.request["authentication"] == wanted


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("method: get, endpoint: 'https://e.x/{o}'", {"o": {"a": 1}}),
        ("method: get, endpoint: '${ .o }'", {"o": 1}),
        ("method: get, endpoint: 'https://e.x/a', headers: '${ .o }'", {"o": 1}),
        ("method: get, endpoint: 'https://e.x/a', headers: {a: '${ .o }'}", {"o": [1]}),
        ("method: get, endpoint: 'https://e.x/a', query: '${ .o }'", {"o": "a=b"}),
        ("method: get, endpoint: 'https://e.x/a', query: {a: '${ .o }'}", {"o": {"a": 1}}),
        ("method: get, endpoint: 'https://e.x/a', body: '${ .o.a }'", {"o": 1}),
    ],
)
def test_a_request_that_cannot_be_made_faults_before_anything_is_sent(arguments: str, given: Any) -> None:
    host = http(arguments, given)
    assert host.steps == []
    assert host.error["type"].endswith("/expression")
    assert host.error["instance"] == "/do/0/c"
    assert host.trace() == ["started c", "faulted c"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("a/b?c", "a%2Fb%3Fc"),
        ("é", "%C3%A9"),
        ("a-b_c.d~e", "a-b_c.d~e"),
        (1, "1"),
        (1.5, "1.5"),
        (1.0, "1"),
        (True, "true"),
        (None, ""),
    ],
)
def test_simple_expansion(value: Any, wanted: str) -> None:
    assert expand("<{v}>", {"v": value}) == f"<{wanted}>"


def test_names_in_braces_are_taken_as_they_are() -> None:
    assert expand("{a.b}{c}", {"a": {"b": 1}, "a.b": 2}) == "2"
    assert expand("{a}", "no object") == ""


def test_the_request_is_made_of_the_transformed_input() -> None:
    found = request("method: get, endpoint: 'https://e.x/{id}'", {"o": {"id": 3}}, ", input: {from: .o}")
    assert found["uri"] == "https://e.x/3"


def test_the_answer_is_the_output() -> None:
    assert http("method: get, endpoint: 'https://e.x/a'", c=ok({"id": 1})).output == {"id": 1}


def test_the_answer_can_be_transformed_with_the_input() -> None:
    host = http("method: get, endpoint: 'https://e.x/a'", 5, ", output: {as: '{a: .id, i: $input}'}", c=ok({"id": 1}))
    assert host.output == {"a": 1, "i": 5}


def test_a_failed_call_faults_with_the_error_of_the_runner_and_where() -> None:
    error = http("method: get, endpoint: 'https://e.x/a'", c=fails(status=404, detail="gone")).error
    assert error == {
        "type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication", "status": 404,
        "title": "Communication error", "detail": "gone", "instance": "/do/0/c",
    }  # fmt: skip


def test_while_a_step_is_open_the_run_is_running() -> None:
    host = Host(run("- c: {call: predict, with: {model: m, inputs: []}}").definition, None, {"c": ok(1, 9)}).run(
        until=1
    )
    assert host.state.status == "running"


def test_the_request_is_in_the_journal() -> None:
    host = http("method: get, endpoint: 'https://e.x/a'")
    assert host.of("c", EntryType.TASK_STARTED)[0].data["request"] == host.steps[0].request


# ---------------------------------------------------------------- predict


def test_predict_names_the_model_and_hands_over_the_inputs() -> None:
    host = run(
        "- c: {call: predict, with: {model: delay, version: '3', inputs: [{distance: '${ .d }'}]}}",
        {"d": 5},
        {"c": ok([7])},
    )
    (step,) = host.steps
    assert step.kind is StepKind.PREDICT
    assert step.request == {"model": "delay", "version": "3", "inputs": [{"distance": 5}]}
    assert host.output == [7]


def test_predict_without_a_version_leaves_it_to_the_runner() -> None:
    (step,) = run("- c: {call: predict, with: {model: '${ .m }', inputs: '${ .i }'}}", {"m": "x", "i": {"a": 1}}).steps
    assert step.request == {"model": "x", "version": None, "inputs": {"a": 1}}


def test_predict_needs_a_name() -> None:
    assert "model must be text" in run("- c: {call: predict, with: {model: '${ .m }', inputs: []}}", {}).error["detail"]


# ---------------------------------------------------------------- notify


def test_notify_tells_people_and_gives_what_it_told() -> None:
    host = run(
        "- c: {call: notify, with: {to: 'role:admin', title: '${ \"Late: \\(.f)\" }', body: B, severity: warning, link: /runs}}",
        {"f": "UA1"},
    )
    (told,) = host.notifications
    assert (told.task, told.to, told.title, told.body, told.severity, told.link) == (
        "/do/0/c",
        "role:admin",
        "Late: UA1",
        "B",
        "warning",
        "/runs",
    )
    assert host.output == {
        "key": told.key,
        "to": "role:admin",
        "title": "Late: UA1",
        "body": "B",
        "severity": "warning",
        "link": "/runs",
    }


def test_notify_has_defaults() -> None:
    (told,) = run("- c: {call: notify, with: {to: all, title: T, body: '${ null }'}}").notifications
    assert (told.body, told.severity, told.link) == ("", "info", None)


def test_each_iteration_notifies_under_its_own_key() -> None:
    host = run("- l: {for: {in: '[1,2]'}, do: [{c: {call: notify, with: {to: all, title: T}}}]}")
    assert len({n.key for n in host.notifications}) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        "to: '${ .n }', title: T",
        "to: all, title: '${ .n }'",
        "to: all, title: T, severity: '${ \"bad\" }'",
        "to: all, title: T, link: '${ \"javascript:1\" }'",
    ],
)
def test_a_notification_that_is_not_valid_faults(arguments: str) -> None:
    host = run(f"- c: {{call: notify, with: {{{arguments}}}}}", {"n": 5})
    assert host.error["type"].endswith("/validation")
    assert host.notifications == []


# ---------------------------------------------------------------- emit


def test_emit_publishes_a_cloud_event_and_gives_it() -> None:
    host = run("- e: {emit: {event: {with: {source: 'https://e.x', type: t.v1, data: {n: '${ .n }'}}}}}", {"n": 4})
    (event,) = host.events
    assert host.output == event
    assert {k: v for k, v in event.items() if k != "id"} == {
        "specversion": "1.0", "source": "https://e.x", "type": "t.v1", "data": {"n": 4},
        "datacontenttype": "application/json", "time": "2026-01-01T00:00:00.000000Z", "tidewirehops": 1,
    }  # fmt: skip


def test_the_author_may_set_every_attribute() -> None:
    host = run(
        "- e: {emit: {event: {with: {id: i, source: 'https://e.x', type: t, subject: s, time: '2020-01-01T00:00:00Z', dataschema: 'https://e.x/s', datacontenttype: text/plain, data: D, mine: 7}}}}"
    )
    assert host.events == [
        {
            "specversion": "1.0",
            "id": "i",
            "source": "https://e.x",
            "type": "t",
            "subject": "s",
            "time": "2020-01-01T00:00:00Z",
            "dataschema": "https://e.x/s",
            "datacontenttype": "text/plain",
            "data": "D",
            "mine": 7,
            "tidewirehops": 1,
        }
    ]


def test_an_event_without_data_has_none() -> None:
    assert "data" not in run("- e: {emit: {event: {with: {source: 'https://e.x', type: t}}}}").events[0]


def test_events_of_different_iterations_have_different_ids() -> None:
    host = run("- l: {for: {in: '[1,2]'}, do: [{e: {emit: {event: {with: {source: 'https://e.x', type: t}}}}}]}")
    assert len({e["id"] for e in host.events}) == 2


@pytest.mark.parametrize(
    "event",
    [
        "source: 'https://e.x', type: '${ 5 }'",
        "source: '${ null }', type: t",
        "source: 'https://e.x', type: t, time: '${ \"noon\" }'",
        "source: 'https://e.x', type: '${ \"io.serverlessworkflow.workflow.started.v1\" }'",
    ],
)
def test_an_event_that_is_not_valid_faults(event: str) -> None:
    host = run(f"- e: {{emit: {{event: {{with: {{{event}}}}}}}}}")
    assert host.error["type"].endswith("/validation")
    assert host.events == []


# ---------------------------------------------------------------- functions of the document

FUNCTIONS = """
use:
  functions:
    add: {set: '${ .a + .b }'}
    both: {do: [{x: {call: add, with: {a: '${ .p }', b: 1}}}, {y: {call: add, with: {a: '${ . }', b: 10}}}]}
    ask: {call: predict, with: {model: m, inputs: '${ . }'}, output: {as: '{answer: .}'}}
do:
"""


def test_a_function_gets_its_arguments_as_input() -> None:
    assert run_parts(f"{FUNCTIONS}  - f: {{call: add, with: {{a: '${{ .n }}', b: 2}}}}", {"n": 1}).output == 3


def test_a_function_without_arguments_gets_the_input_of_the_call() -> None:
    assert run_parts(f"{FUNCTIONS}  - f: {{call: add}}", {"a": 1, "b": 5}).output == 6


def test_functions_call_functions() -> None:
    host = run_parts(f"{FUNCTIONS}  - f: {{call: both, with: {{p: 5}}, output: {{as: '. * 2'}}}}")
    assert host.output == 32
    assert "/do/0/f/call/both/do/0/x/call/add" in {e.task for e in host.journal}


def test_a_step_in_a_function_has_a_key_for_each_place_that_calls_it() -> None:
    host = run_parts(f"{FUNCTIONS}  - f: {{call: ask}}\n  - g: {{call: ask}}", 1, {"ask": ok(7)})
    assert host.output == {"answer": 7}
    assert len({s.idempotency_key for s in host.steps}) == 2


def test_an_error_in_a_function_says_where() -> None:
    assert run_parts(f"{FUNCTIONS}  - f: {{call: add}}", {"a": 1, "b": "x"}).error["instance"] == "/do/0/f/call/add"


def test_a_function_does_not_see_the_variables_of_the_caller() -> None:
    parts = "use: {functions: {f: {for: {each: q, in: '[1]'}, do: [{s: {set: '${ $q }'}}]}}}\ndo: [{l: {for: {each: p, in: '[5]'}, do: [{c: {call: f}}]}}]"
    assert run_parts(parts).output == 1


# ---------------------------------------------------------------- identity


def test_keys_depend_on_the_run() -> None:
    assert logical_key(RUN, ("/do/0/a", ())) == logical_key(RUN, ("/do/0/a", ()))
    assert logical_key(RUN, ("/do/0/a", (1,))) != logical_key(RUN, ("/do/0/a", ()))
    assert logical_key(RUN, ("/do/0/a", (1, 2))) != logical_key(RUN, ("/do/0/a", (12,)))


def test_time_is_that_of_the_host() -> None:
    assert run("- a: {set: {x: 1}}").journal[0].at == BEGIN
