"""`call: asyncapi` against a real Kafka broker and a real HTTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from models.domain.dsl.problems import PREFIX
from tests.integration.calls.chat import Chat
from tests.integration.calls.kit import Calls, calling, workflow
from tests.servers.asgi import running_asgi
from tests.servers.kafka import KafkaServer


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    folder: Path = tmp_path_factory.mktemp("kafka")
    server = KafkaServer(folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def chat(broker: KafkaServer) -> Chat:
    return Chat(broker.servers)


@pytest.fixture
def port(chat: Chat) -> Iterator[int]:
    with running_asgi(chat.app()) as port:
        yield port


@pytest.fixture
async def calls(port: int, broker: KafkaServer) -> AsyncIterator[Calls]:
    async with calling(port, broker.port) as made:
        yield made


def asyncapi(port: int, operation: str = "say", document: str = "v3.json", **more: Any) -> dict[str, Any]:
    wanted = {"document": {"endpoint": f"http://127.0.0.1:{port}/{document}"}, "operation": operation}
    return {"call": "asyncapi", "with": {**wanted, **more}}


def consuming(port: int, operation: str = "web-say", **subscription: Any) -> dict[str, Any]:
    return asyncapi(port, operation, subscription=subscription)


async def test_publish_over_http(calls: Calls, port: int, chat: Chat) -> None:
    message = {"payload": {"text": "${ .text }"}, "headers": {"X-Room": "r"}}
    ran = await calls.run(workflow(asyncapi(port, "web-say", message=message)), {"text": "hi"})
    assert ran.output == {"payload": {"text": "hi"}, "headers": {"X-Room": "r"}}
    ((headers, body),) = chat.published
    assert (body, headers["x-room"], len(headers["idempotency-key"])) == ({"text": "hi"}, "r", 36)


async def test_servers_by_name_variables_and_protocol(calls: Calls, port: int, chat: Chat) -> None:
    message = {"payload": {"n": 1}}
    await calls.run(workflow(asyncapi(port, protocol="http", message=message)))
    server = {"name": "web", "variables": {"root": "chat"}}
    await calls.run(workflow(asyncapi(port, server=server, message=message)))
    assert len(chat.published) == 2
    server["variables"] = {"root": "walk"}
    error = (await calls.run(workflow(asyncapi(port, server=server, message=message)))).error
    assert "is one of chat, talk" in error["detail"]


async def test_documents_of_the_former_generation(calls: Calls, port: int, chat: Chat) -> None:
    task = asyncapi(port, document="v2.json", message={"payload": {"n": 1}})
    del task["with"]["operation"]
    task["with"]["channel"] = "room"
    await calls.run(workflow(task))
    await calls.run(workflow(asyncapi(port, "say", "v2.json", message={"payload": {"n": 2}})))
    assert [body for _, body in chat.published] == [{"n": 1}, {"n": 2}]


async def test_consume_over_http(calls: Calls, port: int, chat: Chat) -> None:
    chat.answers.extend([
        ("application/json", '[{"text": "a"}, {"text": "b"}]'),
        ("application/x-ndjson", '{"text": "c"}\n{"text": "d"}'),
        ("text/event-stream", 'data: {"text": "e"}\n\n: comment\n\ndata: {"text": "f"}\n\n'),
    ])  # fmt: skip
    ran = await calls.run(
        workflow(consuming(port, filter="${ .payload.text != $input.not }", consume={"amount": 4})), {"not": "b"}
    )
    assert [message["payload"]["text"] for message in ran.output] == ["a", "c", "d", "e"]


@pytest.mark.parametrize(
    ("consume", "expected"),
    [
        ({"while": '${ .payload.text != "c" }'}, ["a", "b"]),
        ({"until": '${ .payload.text == "b" }'}, ["a", "b"]),
        ({"amount": 10, "for": {"milliseconds": 300}}, ["a", "b", "c"]),
    ],
)
async def test_until_when(calls: Calls, port: int, chat: Chat, consume: Any, expected: list[str]) -> None:
    chat.answers.append(("application/json", '[{"text": "a"}, {"text": "b"}, {"text": "c"}]'))
    ran = await calls.run(workflow(consuming(port, consume=consume)))
    assert [message["payload"]["text"] for message in ran.output] == expected


async def test_publish_and_consume_over_kafka(calls: Calls, port: int, broker: KafkaServer) -> None:
    message = {"payload": {"text": "hi"}, "headers": {"key": "k", "correlationId": "7"}}
    assert (await calls.run(workflow(asyncapi(port, message=message)))).output == message
    consumer = AIOKafkaConsumer("room", bootstrap_servers=broker.servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), 10)
    finally:
        await consumer.stop()
    assert (record.value, record.key) == (b'{"text":"hi"}', b"k")
    assert dict(record.headers)["correlationId"] == b"7"
    producer = AIOKafkaProducer(bootstrap_servers=broker.servers)
    await producer.start()
    hearing = asyncio.create_task(calls.run(workflow(consuming(port, "hear", consume={"amount": 2}))))
    try:
        sent = 0
        while not hearing.done():
            sent += 1
            await producer.send_and_wait(
                "room", f'{{"n": {sent}}}'.encode(), key=b"k", headers=[("correlationId", b"9")]
            )
            await asyncio.sleep(0.1)
            assert sent < 100
    finally:
        await producer.stop()
    first, second = (await hearing).output
    assert second["payload"]["n"] == first["payload"]["n"] + 1
    assert (first["correlationId"], first["headers"]) == ("9", {"correlationId": "9", "key": "k"})


async def test_no_message_is_lost_between_steps(calls: Calls, port: int) -> None:
    # Each message is worked off by publishing the next one, while nobody consumes.
    say = asyncapi(
        port, message={"payload": {"n": "${ $message.payload.n + 1 }"}, "headers": {"key": "${ $message.headers.key }"}}
    )
    foreach = {"item": "message", "do": [{"say": say}], "output": {"as": "${ $message.payload.n }"}}
    hear = consuming(port, "hear", filter='${ .headers.key == "chain" }', consume={"amount": 4}, foreach=foreach)
    first = asyncapi(port, message={"payload": {"n": 1}, "headers": {"key": "chain"}})
    flow = workflow({"fork": {"branches": [{"hear": hear}, {"begin": first}]}})
    assert (await calls.run(flow)).output[0] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("operation", "more", "kind", "told"),
    [
        ("sing", {}, "configuration", "it has hear, say, web-say"),
        ("say", {"server": {"name": "mail"}}, "configuration", "not sent over smtp here; choose a server"),
        ("say", {"server": {"name": "gone"}}, "configuration", "it has broker, mail, web"),
        ("say", {"protocol": "mqtt"}, "configuration", "no server that speaks mqtt"),
        ("say", {"authentication": {"bearer": {"token": "t"}}}, "configuration", "cannot be used with Kafka"),
    ],
)
async def test_errors_of_the_author(
    calls: Calls, port: int, operation: str, more: dict[str, Any], kind: str, told: str
) -> None:
    error = (await calls.run(workflow(asyncapi(port, operation, message={"payload": {}}, **more)))).error
    assert (error["type"], error["instance"]) == (PREFIX + kind, "/do/0/t0")
    assert told in error["detail"]


async def test_a_server_that_refuses(calls: Calls, port: int, chat: Chat) -> None:
    chat.status = 503
    error = (await calls.run(workflow(asyncapi(port, "web-say", message={"payload": {}})))).error
    assert (error["type"], error["status"]) == (PREFIX + "communication", 503)


async def test_brokers_where_calls_may_not_go(calls: Calls, port: int, chat: Chat) -> None:
    chat.kafka = "127.0.0.1:9"
    error = (await calls.run(workflow(asyncapi(port, message={"payload": {}})))).error
    assert "TIDEWIRE_EGRESS_ALLOW" in error["detail"]


async def test_a_broker_that_names_another_address(port: int, broker: KafkaServer, chat: Chat) -> None:
    # The broker is reached by a name that is allowed, and tells an address that is not.
    from actors.egress_guard import EgressGuard
    from actors.kafka_messages import KafkaMessages
    from models.domain.egress import EgressPolicy

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with calling(port, broker.port) as calls:
        performer = await calls.host._performer("asyncapi")
        guard = EgressGuard(EgressPolicy([f"kafka.example:{broker.port}"]), 5.0, resolve)
        performer._protocols["kafka"] = KafkaMessages(guard, calls.limits)  # type: ignore[attr-defined]
        chat.kafka = f"kafka.example:{broker.port}"
        error = (await calls.run(workflow(asyncapi(port, message={"payload": {}})))).error
        assert "TIDEWIRE_EGRESS_ALLOW" in error["detail"]
