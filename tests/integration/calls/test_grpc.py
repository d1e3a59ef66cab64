"""`call: grpc` against a real gRPC server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest

from actors.egress_guard import EgressGuard
from actors.grpc_call import GrpcCall
from models.domain.dsl.problems import PREFIX
from models.domain.egress import EgressPolicy
from models.domain.limits import Limits
from tests.integration.calls.greeter import SERVICE, Greeter, certificate, proto_app
from tests.integration.calls.kit import Calls, calling, workflow
from tests.servers.asgi import running_asgi


@pytest.fixture(scope="module")
def greeter() -> Greeter:
    return Greeter()


@pytest.fixture(scope="module")
def ports(greeter: Greeter) -> Iterator[tuple[int, int]]:
    with greeter.running() as port, running_asgi(proto_app()) as http:
        yield port, http


@pytest.fixture
async def calls(ports: tuple[int, int]) -> AsyncIterator[Calls]:
    async with calling(*ports) as made:
        yield made


def ask(ports: tuple[int, int], method: str = "Greet", proto: str = "greet", **more: Any) -> dict[str, Any]:
    service = {"name": more.pop("service", SERVICE), "host": "127.0.0.1", "port": ports[0]}
    if "authentication" in more:
        service["authentication"] = more.pop("authentication")
    wanted = {"proto": {"endpoint": f"http://127.0.0.1:{ports[1]}/{proto}.proto"}, "service": service, "method": method}
    return {"call": "grpc", "with": {**wanted, **more}}


async def test_a_message_goes_out_and_one_comes_back(calls: Calls, ports: tuple[int, int], greeter: Greeter) -> None:
    calls.secrets.put("token", "the token of the greeter")
    who = {"name": "${ .name }", "titles": ["Dr"], "ages": {"cat": "5"}, "tone": "LOUD"}
    arguments = {"who": who, "greeting": "Hi", "at": "2026-01-01T00:00:00Z"}
    policy = {"bearer": {"use": "token"}}
    flow = workflow(ask(ports, arguments=arguments, authentication=policy), use={"secrets": ["token"]})
    ran = await calls.run(flow, {"name": "Ada"})
    assert ran.output == {
        "text": "Hi Ada",
        "asked": {
            "who": {"name": "Ada", "titles": ["Dr"], "ages": {"cat": "5"}, "tone": "LOUD"},
            "greeting": "Hi",
            "at": "2026-01-01T00:00:00Z",
        },
        "visits": 0,
    }
    assert greeter.metadata[-1]["authorization"] == "Bearer the token of the greeter"
    assert len(greeter.metadata[-1]["idempotency-key"]) == 36
    assert "the token" not in ran.written


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        ("NOT_FOUND", "communication", 404),
        ("INVALID_ARGUMENT", "communication", 400),
        ("UNAUTHENTICATED", "authentication", 401),
        ("PERMISSION_DENIED", "authorization", 403),
        ("INTERNAL", "communication", 500),
    ],
)
async def test_codes(calls: Calls, ports: tuple[int, int], greeter: Greeter, code: str, kind: str, status: int) -> None:
    greeter.code = getattr(grpc.StatusCode, code)
    error = (await calls.run(workflow(ask(ports, "Refuse")))).error
    assert (error["type"], error["status"], error["instance"]) == (PREFIX + kind, status, "/do/0/t0")
    assert "not today" in error["detail"]


@pytest.mark.parametrize(
    ("more", "kind", "told"),
    [
        ({"method": "Wave"}, "configuration", "it has Greet, Many, Refuse, Stall"),
        ({"method": "Many"}, "configuration", "is a stream"),
        ({"service": "Greeter"}, "configuration", "name it with its package"),
        ({"proto": "broken"}, "configuration", "cannot be compiled: service.proto:1:9"),
        ({"proto": "endless"}, "configuration", "cannot be compiled"),
        ({"proto": "large"}, "configuration", "max_proto_bytes"),
        ({"arguments": {"whom": 1}}, "validation", 'no field named "whom"'),
    ],
)
async def test_errors_of_the_author(
    calls: Calls, ports: tuple[int, int], more: dict[str, Any], kind: str, told: str
) -> None:
    error = (await calls.run(workflow(ask(ports, **more)))).error
    assert error["type"] == PREFIX + kind
    assert told in error["detail"]


async def test_a_server_that_is_away(calls: Calls, ports: tuple[int, int]) -> None:
    task = ask(ports)
    task["with"]["service"]["port"] = ports[1]
    error = (await calls.run(workflow(task))).error
    assert (error["type"], error["status"] >= 500) == (PREFIX + "communication", True)
    task["with"]["service"]["port"] = 1
    assert "TIDEWIRE_EGRESS_ALLOW" in (await calls.run(workflow(task))).error["detail"]


async def test_an_answer_that_does_not_come_is_in_doubt(ports: tuple[int, int]) -> None:
    async with calling(*ports, limits=replace(Limits(), max_http_seconds=1.0)) as calls:
        error = (await calls.run(workflow(ask(ports, "Stall")))).error
        assert (error["type"], error["status"]) == (PREFIX + "communication", 504)


@pytest.mark.parametrize(("trusted", "succeeds"), [("greeter.example", True), ("other.example", False)])
async def test_tls_is_for_the_name_though_the_address_is_connected_to(
    ports: tuple[int, int], trusted: str, succeeds: bool
) -> None:
    key, chain = certificate(trusted)

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    greeter = Greeter()
    with greeter.running(grpc.ssl_server_credentials([(key, chain)])) as port:
        async with calling(*ports) as calls:
            guard = EgressGuard(EgressPolicy([f"greeter.example:{port}"]), 5.0, resolve)
            calls.host._made["grpc"] = GrpcCall(guard, calls.limits, chain)
            task = ask((port, ports[1]))
            task["with"]["service"]["host"] = "greeter.example"
            task["metadata"] = {"tls": True}
            ran = await calls.run(workflow(task))
            if succeeds:
                assert ran.output["text"] == "Hello "
            else:
                assert ran.error["type"] == PREFIX + "communication"
