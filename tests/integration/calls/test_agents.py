"""`call: mcp` and `call: a2a` over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from models.domain.dsl.problems import PREFIX
from tests.integration.calls.agents import Agents
from tests.integration.calls.kit import Calls, calling, workflow
from tests.servers.asgi import running_asgi


@pytest.fixture
def agents() -> Agents:
    return Agents()


@pytest.fixture
def port(agents: Agents) -> Iterator[int]:
    with running_asgi(agents.app()) as port:
        yield port


@pytest.fixture
async def calls(port: int) -> AsyncIterator[Calls]:
    async with calling(port) as made:
        yield made


def mcp(port: int, method: str = "tools/call", parameters: Any = None, **more: Any) -> dict[str, Any]:
    endpoint = {"uri": f"http://127.0.0.1:{port}/mcp", "authentication": {"bearer": {"use": "token"}}}
    wanted = {"method": method, "transport": {"http": {"endpoint": endpoint, "headers": {"X-Team": "desk"}}}, **more}
    return {"call": "mcp", "with": {**wanted, **({"parameters": parameters} if parameters is not None else {})}}


async def run_mcp(calls: Calls, task: dict[str, Any]) -> Any:
    calls.secrets.put("token", "the token of the tools")
    return await calls.run(workflow(task, use={"secrets": ["token"]}), {"a": 1})


@pytest.mark.parametrize("streams", [False, True])
async def test_a_tool_is_called_in_a_session(calls: Calls, port: int, agents: Agents, streams: bool) -> None:
    agents.streams = streams
    ran = await run_mcp(calls, mcp(port, parameters={"name": "add", "arguments": {"a": "${ .a }", "b": 2}}))
    assert ran.output["structuredContent"] == {"sum": 3}
    assert [method for method, _, _ in agents.asked] == ["initialize", "notifications/initialized", "tools/call"]
    assert agents.asked[0][2]["protocolVersion"] == "2025-06-18"
    for _, headers, _ in agents.asked:
        assert (headers["authorization"], headers["x-team"]) == ("Bearer the token of the tools", "desk")
    assert agents.asked[2][1]["mcp-protocol-version"] == "2025-03-26"
    assert ["idempotency-key" in headers for _, headers, _ in agents.asked] == [False, False, True]
    assert agents.sessions == set()
    assert "the token" not in ran.written


async def test_lists(calls: Calls, port: int) -> None:
    assert (await run_mcp(calls, mcp(port, "tools/list"))).output == {"tools": [{"name": "add"}]}


@pytest.mark.parametrize(
    ("method", "parameters", "told"),
    [
        ("tools/call", {"name": "add", "arguments": {}}, "The tool failed: a is missing"),
        ("prompts/list", None, "prompts/list failed (-32601): no such method"),
    ],
)
async def test_failures_are_runtime_errors(
    calls: Calls, port: int, agents: Agents, method: str, parameters: Any, told: str
) -> None:
    error = (await run_mcp(calls, mcp(port, method, parameters))).error
    assert (error["type"], error["detail"], error["instance"]) == (PREFIX + "runtime", told, "/do/0/t0")
    assert agents.sessions == set()


def a2a(method: str, parameters: Any, **target: Any) -> dict[str, Any]:
    return {"call": "a2a", "with": {"method": method, "parameters": parameters, **target}}


async def test_a_message_to_an_agent(calls: Calls, port: int, agents: Agents) -> None:
    parameters = {"message": {"parts": [{"kind": "text", "text": "${ .a | tostring }"}]}}
    card = {"agentCard": {"endpoint": f"http://127.0.0.1:{port}/card.json"}}
    ran = await calls.run(workflow(a2a("message/send", parameters, **card)), {"a": 1})
    said = ran.output["said"]
    assert (said["role"], said["parts"], len(said["messageId"])) == ("user", [{"kind": "text", "text": "1"}], 36)


async def test_streams_and_errors_of_agents(calls: Calls, port: int) -> None:
    server = {"server": f"http://127.0.0.1:{port}/a2a"}
    ran = await calls.run(workflow(a2a("message/stream", {"message": {"parts": []}}, **server)))
    assert ran.output == [{"step": 0}, {"step": 1}, {"step": 2}]
    error = (await calls.run(workflow(a2a("tasks/get", {"id": "t"}, **server)))).error
    assert (error["type"], "Task not found" in error["detail"]) == (PREFIX + "runtime", True)
