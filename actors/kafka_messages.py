"""Messages over Kafka: the egress rules are asked about every address, also those that brokers name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    TopicAuthorizationFailedError,
)

from actors.call_host import Call
from actors.egress_guard import EgressGuard
from actors.http_messages import with_correlation
from actors.step_runner import StepError
from models.domain.asyncapi import Place
from models.domain.dsl.problems import problem
from models.domain.errors import AnswerLost, EgressRefused, Unavailable
from models.domain.limits import Limits

_PORT = 9092
_POLL_MILLISECONDS = 500


class KafkaMessages:
    """Plain text or SASL (with a basic policy); the topic is the channel."""

    def __init__(self, guard: EgressGuard, limits: Limits) -> None:
        self._guard, self._limits = guard, limits

    async def publish(self, call: Call, place: Place, payload: Any, headers: dict[str, Any]) -> None:
        """Returns when all replicas have it. A key may be given as the header `key`; consumers know a message that came
        twice by its header `idempotency-key`."""
        options = await self._options(call, place)
        producer = AIOKafkaProducer(**options, acks="all")
        key = headers.get("key")
        sent = [(name, str(value).encode()) for name, value in headers.items() if name != "key"]
        is_sent = False
        try:
            await self._look_at_brokers(options)
            await self._start(producer)
            is_sent = True
            await producer.send_and_wait(
                place.channel, orjson.dumps(payload), key=None if key is None else str(key).encode(),
                headers=[*sent, ("idempotency-key", call.idempotency_key.encode())],
            )  # fmt: skip
        except KafkaError as error:
            raise _told(error, place, is_sent) from None
        finally:
            await producer.stop()

    async def consume(
        self, call: Call, place: Place, position: Any
    ) -> AsyncGenerator[tuple[list[dict[str, Any]], Any]]:
        """The position is {partition: offset of the next record}; a partition that is not in it is new."""
        options = await self._options(call, place)
        consumer = AIOKafkaConsumer(place.channel, **options, auto_offset_reset="earliest", enable_auto_commit=False)
        try:
            await self._look_at_brokers(options)
            await self._start(consumer)
            if position is None:
                ends = await consumer.end_offsets(consumer.assignment())
                position = {str(partition.partition): offset for partition, offset in ends.items()}
                yield [], dict(position)
            for partition in consumer.assignment():
                consumer.seek(partition, position.get(str(partition.partition), 0))
            most = self._limits.max_messages_per_step
            while True:
                found = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS, max_records=most)
                batch, size = [], 0
                for record in (record for some in found.values() for record in some):
                    batch.append(_message(record))
                    position[str(record.partition)] = record.offset + 1
                    size += len(record.value or b"")
                    if size > self._limits.max_message_bytes_per_step:
                        yield batch, dict(position)
                        batch, size = [], 0
                if batch:
                    yield batch, dict(position)
        except KafkaError as error:
            raise _told(error, place, False) from None
        finally:
            await consumer.stop()

    async def _options(self, call: Call, place: Place) -> dict[str, Any]:
        if place.secure:
            told = "Kafka is reached without TLS here; choose a server with the protocol kafka."
            raise StepError(problem("configuration", told))
        milliseconds = int(min(call.seconds_left, self._limits.max_http_connect_seconds) * 1000)
        options: dict[str, Any] = {
            "bootstrap_servers": await self._checked(place.host),
            "request_timeout_ms": max(milliseconds, 100),
            "client_id": "tidewire",
        }
        policy = await call.policy(call.request.get("authentication"))
        if policy.kind == "basic":
            options |= {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}
            options |= {"sasl_plain_username": policy.text("username"), "sasl_plain_password": policy.text("password")}
        elif policy.kind:
            raise StepError(problem("configuration", f"{policy.kind} authentication cannot be used with Kafka."))
        return options

    async def _look_at_brokers(self, options: dict[str, Any]) -> None:
        """EgressRefused when the servers name a broker where calls may not go: a producer would try for long."""
        client = AIOKafkaClient(**options)
        try:
            await client.bootstrap()
            for broker in client.cluster.brokers():
                await self._guard.addresses(broker.host, broker.port)
        finally:
            await client.close()

    async def _checked(self, hosts: str) -> list[str]:
        found = []
        for one in hosts.split(","):
            host, _, port = one.strip().rpartition(":") if one.strip().rpartition(":")[2].isdigit() else (one, "", "")
            number = int(port or _PORT)
            for address in await self._guard.addresses(host.strip("[]"), number):
                found.append(f"[{address}]:{number}" if ":" in address else f"{address}:{number}")
        return found

    async def _start(self, end: Any) -> None:
        """Starts a producer or consumer that connects to no broker whose address was not checked."""
        client = getattr(end, "client", None) or end._client
        connect, describe, guard = client._get_conn, client.cluster.broker_metadata, self._guard
        checked: dict[Any, str] = {}

        def described(node: Any) -> Any:
            broker = describe(node)
            return broker._replace(host=checked[node]) if broker is not None and node in checked else broker

        async def connected(node: Any, **more: Any) -> Any:
            broker = describe(node)
            if broker is not None:
                try:
                    checked[node] = (await guard.addresses(broker.host, broker.port))[0]
                except (EgressRefused, Unavailable):
                    return None
            return await connect(node, **more)

        client._get_conn, client.cluster.broker_metadata = connected, described
        await end.start()


def _message(record: Any) -> dict[str, Any]:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    if record.key is not None:
        headers["key"] = record.key.decode(errors="replace")
    return with_correlation({"payload": _payload(record.value), "headers": headers})


def _payload(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value.decode(errors="replace")


def _told(error: KafkaError, place: Place, is_sent: bool) -> Exception:
    told = f"Kafka at {place.host}, topic {place.channel}: {type(error).__name__}."
    if isinstance(error, TopicAuthorizationFailedError):
        return StepError(problem("authorization", told))
    if "Authentication" in type(error).__name__:
        return StepError(problem("authentication", told))
    if isinstance(error, KafkaConnectionError | KafkaTimeoutError | NodeNotReadyError):
        return AnswerLost(told) if is_sent else Unavailable(told)
    return StepError(problem("communication", told))
