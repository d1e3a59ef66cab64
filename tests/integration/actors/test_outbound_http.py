"""Outbound HTTP against a real target on the loopback address: what is allowed works, what is not sends no byte."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest

from actors.outbound_http import OutboundHttpClient
from models.domain.egress import EgressPolicy
from models.domain.errors import AnswerLost, EgressRefused, InvalidInput, LimitExceeded, Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest
from tests.servers.target import Target, running_target


@pytest.fixture(scope="module")
def shared() -> Iterator[Target]:
    with running_target() as found:
        yield found


@pytest.fixture
def target(shared: Target) -> Target:
    shared.requests.clear()
    shared.answer = lambda _request: (200, {"ok": True})
    return shared


@pytest.fixture
async def client(target: Target) -> AsyncIterator[OutboundHttpClient]:
    made = OutboundHttpClient(EgressPolicy([target.host]), Limits())
    yield made
    await made.close()


def request(url: str, method: str = "GET", **more: Any) -> HttpRequest:
    values: dict[str, Any] = {
        "headers": {}, "body": None, "timeout": 5.0, "follow_redirects": False, "idempotency_key": "key-1",
    }  # fmt: skip
    return HttpRequest(method, url, **{**values, **more})


async def raw_server(answer: bytes, *, hold: bool = False) -> asyncio.Server:
    """Answers any request with these bytes; with `hold` it then keeps the line open."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if hold:
            await reader.read()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def address(server: asyncio.Server) -> str:
    return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_allowed_target_is_reached(client: OutboundHttpClient, target: Target) -> None:
    url = f"http://{target.host}/a b?q=ü&r=%20"
    with pytest.raises(InvalidInput):
        await client.send(request(url))
    response = await client.send(
        request(f"http://{target.host}/ä?q=ü&r=%20", "POST", body=b"{}", headers={"X-One": "1", "Host": "evil"})
    )
    assert (response.status, response.body) == (200, b'{"ok": true}')
    assert response.headers["content-type"] == "application/json"
    (seen,) = target.requests
    assert seen["path"] == "/%C3%A4?q=%C3%BC&r=%20"
    assert seen["headers"]["host"] == target.host
    assert seen["headers"]["x-one"] == "1"
    assert seen["headers"]["idempotency-key"] == "key-1"
    assert seen["body"] == b"{}"


async def test_safe_methods_carry_no_idempotency_key_and_sockets_are_kept(
    client: OutboundHttpClient, target: Target
) -> None:
    for _ in range(3):
        await client.send(request(f"http://{target.host}/"))
    assert all("idempotency-key" not in seen["headers"] for seen in target.requests)
    assert len(client._pool.connections) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
async def test_a_private_target_gets_no_byte(target: Target, host: str) -> None:
    client = OutboundHttpClient(EgressPolicy(["127.0.0.1:1"]), Limits())
    with pytest.raises(EgressRefused, match="TIDEWIRE_EGRESS_ALLOW"):
        await client.send(request(f"http://{host}:{target.port}/"))
    assert target.requests == []
    await client.close()


async def test_a_name_is_resolved_once_and_any_private_address_refuses_it(target: Target) -> None:
    asked: list[str] = []
    answers: list[Sequence[str]] = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    client = OutboundHttpClient(EgressPolicy([]), Limits(), resolve=rebinding)
    with pytest.raises(EgressRefused):
        await client.send(request(f"http://rebind.example:{target.port}/"))
    assert asked == ["rebind.example"]
    assert target.requests == []
    await client.close()


async def test_an_allowed_name_connects_to_what_it_resolved_to(target: Target) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    client = OutboundHttpClient(EgressPolicy([f"crm.internal:{target.port}"]), Limits(), resolve=resolve)
    await client.send(request(f"http://crm.internal:{target.port}/x"))
    assert target.requests[0]["headers"]["host"] == f"crm.internal:{target.port}"
    await client.close()


async def test_redirects_are_followed_only_when_asked_and_every_hop_is_checked(target: Target) -> None:
    client = OutboundHttpClient(EgressPolicy([target.host]), Limits())
    server = await raw_server(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
    both = OutboundHttpClient(EgressPolicy([address(server), target.host]), Limits())
    try:
        plain = await both.send(request(f"http://{address(server)}/"))
        assert plain.status == 302
        with pytest.raises(EgressRefused):
            await both.send(request(f"http://{address(server)}/", follow_redirects=True))
    finally:
        server.close()
        await server.wait_closed()
        await both.close()
        await client.close()


async def test_a_redirect_elsewhere_loses_what_is_private(target: Target) -> None:
    head = f"HTTP/1.1 303 See Other\r\nLocation: http://{target.host}/there\r\nContent-Length: 0\r\n\r\n"
    server = await raw_server(head.encode())
    client = OutboundHttpClient(EgressPolicy([address(server), target.host]), Limits())
    try:
        headers = {"authorization": "Bearer s", "x-api-key": "s", "x-other": "1", "content-type": "a/b"}
        asked = request(f"http://{address(server)}/", "POST", body=b"x", headers=headers, follow_redirects=True)
        assert (await client.send(asked)).status == 200
    finally:
        server.close()
        await server.wait_closed()
        await client.close()
    (seen,) = target.requests
    assert (seen["method"], seen["path"], seen["body"]) == ("GET", "/there", b"")
    assert not {"authorization", "x-api-key", "content-type", "idempotency-key"} & set(seen["headers"])
    assert seen["headers"]["x-other"] == "1"


async def test_endless_redirects_end() -> None:
    server = await raw_server(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    client = OutboundHttpClient(EgressPolicy([address(server)]), Limits())
    with pytest.raises(LimitExceeded, match="max_http_redirects"):
        await client.send(request(f"http://{address(server)}/", follow_redirects=True))
    server.close()
    await server.wait_closed()
    await client.close()


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_a_response_has_a_limit_also_when_it_is_packed(coding: str) -> None:
    body = b"0" * 3_000_000
    sent = gzip.compress(body) if coding else body
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(sent)}\r\n"
    head += f"Content-Encoding: {coding}\r\n\r\n" if coding else "\r\n"
    server = await raw_server(head.encode() + sent)
    client = OutboundHttpClient(EgressPolicy([address(server)]), Limits())
    with pytest.raises(LimitExceeded, match="max_http_response_bytes"):
        await client.send(request(f"http://{address(server)}/"))
    server.close()
    await server.wait_closed()
    await client.close()


async def test_a_packed_response_is_unpacked() -> None:
    sent = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(sent)}\r\nContent-Encoding: gzip\r\n\r\n"
    server = await raw_server(head.encode() + sent)
    client = OutboundHttpClient(EgressPolicy([address(server)]), Limits())
    assert (await client.send(request(f"http://{address(server)}/"))).body == b'{"a": 1}'
    server.close()
    await server.wait_closed()
    await client.close()


async def test_whether_something_was_sent_is_told(target: Target) -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    silent, broken = await raw_server(b"", hold=True), await raw_server(b"")
    client = OutboundHttpClient(EgressPolicy([address(silent), address(broken), "127.0.0.1:1"]), Limits())
    lost = OutboundHttpClient(EgressPolicy([]), Limits(), resolve=unknown)
    try:
        with pytest.raises(AnswerLost):
            await client.send(request(f"http://{address(silent)}/", "POST", timeout=0.2))
        with pytest.raises(AnswerLost):
            await client.send(request(f"http://{address(broken)}/", "POST"))
        for sender, url in ((client, "http://127.0.0.1:1/"), (lost, "http://nowhere.example/")):
            with pytest.raises(Unavailable) as caught:
                await sender.send(request(url, "POST"))
            assert not isinstance(caught.value, AnswerLost)
        with pytest.raises(InvalidInput):
            await client.send(request(f"http://{address(broken)}/", headers={"x": "a\r\nb: c"}))
    finally:
        for server in (silent, broken):
            server.close()
        await client.close()
        await lost.close()
        await silent.wait_closed()
        await broken.wait_closed()
