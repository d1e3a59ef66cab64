"""What the conformance scenarios of the specification ask for, in our own documents, with stand-ins for services."""

# ruff: noqa: E501  (a scenario stays on one line)

from __future__ import annotations

from typing import Any

import pytest

from models.domain.dsl.problems import FORMER_PREFIX, PREFIX
from tests.unit.domain.dsl_engine.host import fails, ok, run

GROW = "'${ .fruits + [ \"%s\" ] }'"
APPLE, PEAR, PLUM = (f"{{set: {{fruits: {GROW % name}}}}}" for name in ("apple", "pear", "plum"))
PETS = "https://pets.example.com"

# scenario, tasks, input, output, tasks in the order of their completion
SCENARIOS: list[tuple[str, str, Any, Any, str]] = [
    ("set", "- shape: {set: {kind: square, side: '${ .form.side }', edge: '${ .form.edge }'}}",
     {"form": {"side": {"cm": 6}, "edge": {"red": 9}}}, {"kind": "square", "side": {"cm": 6}, "edge": {"red": 9}}, "shape"),
    ("do", f"- all: {{do: [{{one: {APPLE}}}, {{two: {PEAR}}}, {{three: {PLUM}}}]}}", None,
     {"fruits": ["apple", "pear", "plum"]}, "one two three all"),
    ("flow, implicit", f"- one: {APPLE}\n- two: {PEAR}\n- three: {PLUM}", None, {"fruits": ["apple", "pear", "plum"]},
     "one two three"),
    ("flow, explicit",
     f"- one: {APPLE[:-1]}, then: two}}\n- three: {PLUM[:-1]}, then: end}}\n- two: {PEAR[:-1]}, then: three}}", None,
     {"fruits": ["apple", "pear", "plum"]}, "one two three"),
    ("for", "- each: {for: {each: fruit, in: '.fruits'}, do: [{eat: {set: {eaten: '${ { fruits: (.eaten.fruits + [ $fruit ]), "
     "places: (.eaten.places + [ $index ])} }'}}}]}", {"fruits": ["apple", "pear"]},
     {"eaten": {"fruits": ["apple", "pear"], "places": [0, 1]}}, "eat eat each"),
    ("switch, matching", f"- choose: {{switch: [{{a: {{when: '.fruit == \"apple\"', then: apple}}}}, {{p: {{when: '.fruit == \"pear\"', "
     f"then: pear}}}}]}}\n- apple: {APPLE[:-1]}, then: end}}\n- pear: {PEAR[:-1]}, then: end}}", {"fruit": "pear"},
     {"fruits": ["pear"]}, "choose pear"),
    ("switch, implicit default", f"- choose: {{switch: [{{a: {{when: '.fruit == \"apple\"', then: apple}}}}], then: end}}\n"
     f"- apple: {APPLE}", {"fruit": "plum"}, {"fruit": "plum"}, "choose"),
    ("switch, explicit default", f"- choose: {{switch: [{{a: {{when: '.fruit == \"apple\"', then: apple}}}}, {{any: {{then: other}}}}]}}\n"
     f"- apple: {APPLE}\n- other: {{set: {{fruits: '${{ .fruits + [ $input.fruit ] }}'}}}}", {"fruit": "fig"},
     {"fruits": ["fig"]}, "choose other"),
    ("input filter", "- take: {input: {from: .user.claims.subject}, set: {id: '${ . }'}}",
     {"user": {"claims": {"subject": "6Asn"}}}, {"id": "6Asn"}, "take"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "given", "output", "order"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS]
)
def test_scenarios(tasks: str, given: Any, output: Any, order: str) -> None:
    host = run(tasks, given)
    assert host.output == output
    assert " ".join(host.names()) == order


def test_fork_with_competing_tasks_has_one_winner() -> None:
    host = run(f"- race: {{fork: {{compete: true, branches: [{{one: {APPLE}}}, {{two: {PEAR}}}, {{three: {PLUM}}}]}}}}")
    assert len(host.output["fruits"]) == 1


def test_emit_gives_the_event() -> None:
    host = run(f"- tell: {{emit: {{event: {{with: {{source: '{PETS}', type: com.pets.v1, data: {{hello: '${{ \"Dear \\(.name)\" }}'}}}}}}}}}}",
               {"name": "Jo"})  # fmt: skip
    assert host.output.keys() >= {"id", "specversion", "time", "source", "type", "data"}
    assert (host.output["source"], host.output["type"], host.output["data"]) == (
        PETS,
        "com.pets.v1",
        {"hello": "Dear Jo"},
    )


def test_raise_with_an_inline_error() -> None:
    host = run("- stop: {raise: {error: {status: 400, type: 'https://pets.example.com/errors/rules', title: Rules}}}")
    assert host.error == {
        "status": 400, "type": "https://pets.example.com/errors/rules", "title": "Rules", "instance": "/do/0/stop"
    }  # fmt: skip


def test_call_http_with_interpolated_query_and_output_filter() -> None:
    tasks = f"- find: {{call: http, with: {{method: get, endpoint: {{uri: '{PETS}/pets?status={{status}}'}}}}, output: {{as: '.[0]'}}}}"
    host = run(tasks, {"status": "available"}, {"find": ok([{"id": 1, "name": "n", "status": "available"}, {"id": 2}])})
    assert host.steps[0].request["uri"] == f"{PETS}/pets?status=available"
    assert host.output == {"id": 1, "name": "n", "status": "available"}


def test_call_http_with_response_output() -> None:
    tasks = (
        f"- get: {{call: http, with: {{method: get, endpoint: {{uri: '{PETS}/pets/{{petId}}'}}, output: response}}}}"
    )
    answer = {
        "request": {"method": "get", "uri": f"{PETS}/pets/1", "headers": {}},
        "statusCode": 200,
        "headers": {},
        "content": {"id": 1},
    }
    host = run(tasks, {"petId": 1}, {"get": ok(answer)})
    assert (host.steps[0].request["output"], host.output) == ("response", answer)


def test_call_http_with_basic_authentication() -> None:
    tasks = f"""
- login:
    call: http
    with:
      method: get
      endpoint:
        uri: {PETS}/basic/{{username}}/{{password}}
        authentication: {{basic: {{username: '${{ .username }}', password: '${{ .password }}'}}}}
"""
    (step,) = run(tasks, {"username": "u", "password": "p"}).steps
    assert step.request["uri"] == f"{PETS}/basic/u/p"
    assert step.request["authentication"] == {"basic": {"username": "u", "password": "p"}}


def test_output_that_is_no_object_flows_on() -> None:
    get = f"{{call: http, with: {{method: get, endpoint: {{uri: '{PETS}/%s'}}}}, output: {{as: '%s'}}}}"
    tasks = f"- one: {get % ('{petId}', '.id')}\n- two: {get % ('2', '{ ids: [ $input, .id ] }')}"
    assert run(tasks, {"petId": 1}, {"one": ok({"id": 1}), "two": ok({"id": 2})}).output == {"ids": [1, 2]}


TRY = """
- tryIt:
    try:
      - get: {call: http, with: {method: get, endpoint: {uri: 'https://pets.example.com/{petName}'}}}
    catch:
      errors: {with: {type: %scommunication, status: %s}}
      as: err
      do:
        - keep: {set: {error: '${ $err }'}}
"""


@pytest.mark.parametrize("prefix", [PREFIX, FORMER_PREFIX])
def test_try_handles_a_caught_error(prefix: str) -> None:
    error = run(TRY % (prefix, 404), {"petName": "m"}, {"get": fails(status=404)}).output["error"]
    assert error.keys() >= {"type", "status", "title"}
    assert error["instance"] == "/do/0/tryIt/try/0/get"


@pytest.mark.parametrize("prefix", [PREFIX, FORMER_PREFIX])
def test_try_faults_when_an_error_is_not_caught(prefix: str) -> None:
    assert run(TRY % (prefix, 503), {"petName": "m"}, {"get": fails(status=404)}).error["status"] == 404
