"""Calls that a session host performs: what is asked, and subscriptions over many steps."""

# ruff: noqa: E501  (a scenario stays on one line)

from __future__ import annotations

from typing import Any

import pytest

from models.domain.dsl.protocol import StepKind
from models.domain.journal import EntryType
from tests.unit.domain.dsl_engine.host import Host, fails, lost, ok, run, run_parts

DOC = "document: {endpoint: 'https://e.x/{v}/d.json'}"
AT = {"uri": "https://e.x/1/d.json", "authentication": None}


def request(call: str, arguments: str, given: Any = None, more: str = "") -> dict[str, Any]:
    (step,) = run(f"- c: {{call: {call}, with: {{{arguments}}}{more}}}", {"v": 1, **(given or {})}).steps
    assert step.kind is StepKind(call)
    return step.request


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("openapi", f"{DOC}, operationId: op, parameters: {{a: '${{ .a }}'}}, redirect: true", {"document": AT, "operationId": "op", "parameters": {"a": 5}, "output": "content", "redirect": True}),
        ("openapi", f"{DOC}, operationId: op, parameters: '${{ {{b: .a}} }}', output: raw", {"document": AT, "operationId": "op", "parameters": {"b": 5}, "output": "raw", "redirect": False}),
        ("grpc", "proto: {endpoint: 'https://e.x/{v}.proto'}, service: {name: s, host: '${ .h }', port: 1}, method: m, arguments: {x: '${ .a }'}", {"proto": {"uri": "https://e.x/1.proto", "authentication": None}, "service": "s", "host": "h.x", "port": 1, "method": "m", "arguments": {"x": 5}}),
        ("asyncapi", f"{DOC}, operation: op, protocol: http, message: {{payload: {{x: '${{ .a }}'}}}}", {"document": AT, "operation": "op", "protocol": "http", "message": {"payload": {"x": 5}}}),
        ("mcp", "method: tools/call, parameters: {name: t, arguments: '${ . }'}, transport: {http: {endpoint: 'https://e.x'}}", {"uri": "https://e.x", "protocolVersion": "2025-06-18", "method": "tools/call", "parameters": {"name": "t", "arguments": {"v": 1, "a": 5, "h": "h.x"}}}),
        ("a2a", "method: tasks/get, server: {uri: 'https://e.x'}, parameters: {id: '${ .h }'}", {"uri": "https://e.x", "method": "tasks/get", "parameters": {"id": "h.x"}}),
    ],
)  # fmt: skip
def test_what_is_asked(call: str, arguments: str, expected: dict[str, Any]) -> None:
    assert request(call, arguments, {"a": 5, "h": "h.x"}) == expected


def test_authentications_by_name_and_connections() -> None:
    host = run_parts(
        "use: {authentications: {a: {bearer: {token: '${ .t }'}}}}\n"
        "do: [{c: {call: openapi, with: {document: {endpoint: {uri: 'https://e.x', authentication: {use: a}}}, operationId: op, authentication: {use: a}}, metadata: {connection: crm}}}]",
        {"t": "T"},
    )
    (step,) = host.steps
    bearer = {"bearer": {"token": "T"}}
    assert step.request["document"]["authentication"] == step.request["authentication"] == bearer
    assert step.request["connection"] == "crm"


# ---------------------------------------------------------------- subscriptions


def hear(subscription: str, *replies: Any, tasks: str = "") -> Host:
    return run(f"- c: {{call: asyncapi, with: {{{DOC}, operation: op, subscription: {{{subscription}}}}}}}{tasks}", {"v": 1}, {"c": list(replies), "say": ok("said")})


def batch(*messages: Any, position: Any = None, ends: bool = False) -> Any:
    return ok({"messages": list(messages), "position": position, "ends": ends})


def test_each_step_goes_on_where_the_last_one_ended() -> None:
    host = hear("consume: {amount: 3}", batch(position={"0": 4}), batch(1, 2, position={"0": 6}), batch(3, position={"0": 7}, ends=True))
    assert host.output == [1, 2, 3]
    asked = [step.request["subscription"] for step in host.steps]
    assert [(one.get("position"), one.get("taken")) for one in asked] == [(None, None), ({"0": 4}, 0), ({"0": 6}, 2)]
    assert len({step.step for step in host.steps}) == 3


def test_expressions_for_messages_are_left_to_the_host_with_what_they_see() -> None:
    (step,) = hear("filter: '${ .id == $input.v }', consume: {while: '${ .x }', for: PT10S}", batch(ends=True)).steps
    found = step.request["subscription"]
    assert (found["filter"], found["while"], found["variables"]) == ("${ .id == $input.v }", "${ .x }", {"input": {"v": 1}})
    assert found["endsAt"] == "2026-01-01T00:00:10+00:00"


EACH = "foreach: {item: m, at: n, output: {as: '${ {m: ., n: $n} }'}, export: {as: '${ {seen: (($context.seen // []) + [.m])} }'}, do: [{say: {call: http, with: {method: post, endpoint: 'https://e.x', body: '${ $m }'}}}, {double: {set: {d: '${ $m * 2 }'}, output: {as: '${ .d }'}}}]}"


def test_the_tasks_of_foreach_work_on_each_message_in_turn() -> None:
    host = hear(f"consume: {{amount: 3}}, {EACH}", batch(1, 2, position=1), batch(position=2), batch(3, position=3, ends=True))
    assert host.output == [{"m": 2, "n": 0}, {"m": 4, "n": 1}, {"m": 6, "n": 2}]
    assert host.state.context == {"seen": [2, 4, 6]}
    assert [step.request["body"] for step in host.steps if step.kind is StepKind.HTTP] == [1, 2, 3]
    assert host.names().count("double") == 3
    assert len(host.of("c", EntryType.TASK_ITERATED)) == 3


def test_until_is_asked_after_the_work_on_a_message() -> None:
    host = hear(f"consume: {{until: '${{ ($context.seen | length) == 2 }}'}}, {EACH}", batch(1, position=1), batch(2, 3, position=3), batch(4))
    assert host.output == [{"m": 2, "n": 0}, {"m": 4, "n": 1}]
    assert "until" not in host.steps[0].request["subscription"]


def test_foreach_without_tasks_transforms() -> None:
    host = hear("consume: {amount: 2}, foreach: {output: {as: '${ . + 1 }'}}", batch(1, 2, ends=True))
    assert host.output == [2, 3]


def test_samples_stand_in_for_messages() -> None:
    assert hear("consume: {amount: 2}", ok([1, 2, 3])).output == [1, 2, 3]
    assert hear("consume: {amount: 2}", ok({"a": 1})).output == [{"a": 1}]


def test_no_messages_at_all() -> None:
    assert hear("consume: {amount: 2, for: PT1S}", batch(ends=True)).output == []


def test_a_step_that_was_lost_is_asked_again_from_the_same_position() -> None:
    host = hear("consume: {amount: 2}", batch(1, position=1), lost(), batch(2, position=2, ends=True))
    assert host.output == [1, 2]
    assert [(step.request["subscription"].get("position"), step.attempt) for step in host.steps] == [(None, 1), (1, 1), (1, 2)]


def test_errors_of_a_step_and_of_the_tasks() -> None:
    assert hear("consume: {amount: 2}", batch(1, position=1), fails()).error["instance"] == "/do/0/c"
    host = hear("consume: {amount: 2}, foreach: {do: [{bad: {raise: {error: {type: 'https://e.x/t', status: 400}}}}]}", batch(1, 2))
    assert host.error["instance"] == "/do/0/c/with/subscription/foreach/do/0/bad"


def test_a_timeout_ends_it_whatever_it_does() -> None:
    tasks = f"- c: {{call: asyncapi, timeout: {{after: PT5S}}, with: {{{DOC}, operation: op, subscription: {{consume: {{amount: 9}}}}}}}}"
    host = run(tasks, {"v": 1}, {"c": [batch(1, position=1), ok({"messages": [], "position": 1, "ends": False}, 1.0)]})
    assert host.error["type"].endswith("/timeout")


def test_at_most_so_many_messages() -> None:
    host = hear("consume: {while: '${ true }'}", batch(*range(6_000)), batch(*range(6_000)))
    assert "max_listened_events" in host.error["detail"]
