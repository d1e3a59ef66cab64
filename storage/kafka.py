"""Writes the log to Kafka: one topic, a partition for each eighth of the shards. Kafka is a cache of the log table.

A topic that has fewer partitions (a broker may have made it by itself, with its own default) carries several of ours in
one of its own: a record says which partition of the log it belongs to.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from models.domain.errors import Unavailable
from models.domain.log import PARTITIONS

_TOPIC_EXISTS = 36
# What a broker in memory needs for a record beside its value.
_RECORD_OVERHEAD = 1_000


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """How to reach Kafka; `security` goes to the client as it is (security_protocol, sasl_mechanism, ...).

    `forget_after` bytes the topic is deleted and made anew: for a broker that keeps everything in memory for ever.
    """

    servers: str
    topic: str = "tidewire.log"
    replication: int = 1
    retention_ms: int = 3_600_000
    timeout: float = 5.0
    forget_after: int | None = None
    security: dict[str, Any] = field(default_factory=dict, repr=False)
    tls: bool = False

    def client(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes."""
        context = {"ssl_context": ssl.create_default_context()} if self.tls else {}
        return {
            "bootstrap_servers": self.servers,
            "request_timeout_ms": int(self.timeout * 1000),
            **context,
            **self.security,
        }


@asynccontextmanager
async def _admin(config: KafkaConfig) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**config.client())
    try:
        async with asyncio.timeout(config.timeout * 2):
            await admin.start()
            yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable("Kafka cannot be reached right now.") from error
    finally:
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(config.timeout):
                await admin.close()


async def create_topic(config: KafkaConfig) -> bool:
    """Makes the topic when it is not there; True when it was made. Unavailable when Kafka does not answer."""
    settings = {"retention.ms": str(config.retention_ms), "cleanup.policy": "delete"}
    wanted = NewTopic(config.topic, PARTITIONS, config.replication, topic_configs=settings)
    async with _admin(config) as admin:
        answer = await admin.create_topics([wanted])
    (result,) = answer.topic_errors
    if result[1] not in (0, _TOPIC_EXISTS):
        raise Unavailable(f"Kafka refused the topic {config.topic} (error {result[1]}).")
    return bool(result[1] == 0)


async def recreate_topic(config: KafkaConfig) -> None:
    """Deletes the topic with all its records and makes it anew; Unavailable when Kafka does not answer."""
    async with _admin(config) as admin:
        await admin.delete_topics([config.topic])
    await create_topic(config)


def quiet_client() -> None:
    """Kafka's client tells ten times a second that a broker is away; our own loggers tell it once."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class LogProducer:
    """Sends records; acknowledged means that all in-sync replicas have them."""

    def __init__(self, config: KafkaConfig) -> None:
        self._config = config
        self._producer: AIOKafkaProducer | None = None
        self._held = 0

    async def send(self, records: Sequence[tuple[int, bytes]]) -> None:
        """Sends (partition, value) pairs, in order within a partition; Unavailable when one was not acknowledged, and
        then any of them may have arrived all the same."""
        try:
            async with asyncio.timeout(self._config.timeout * 4):
                await self._forget()
                producer = await self._connected()
                width = len(await producer.partitions_for(self._config.topic))
                sent = [
                    await producer.send(self._config.topic, value, partition=partition % width)
                    for partition, value in records
                ]
                await asyncio.gather(*sent)
                self._held += sum(len(value) + _RECORD_OVERHEAD for _, value in records)
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise Unavailable("Kafka cannot be reached right now.") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Lets go of the connection; the next `send` makes a new one."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(self._config.timeout):
                    await producer.stop()

    async def _forget(self) -> None:
        if self._config.forget_after is not None and self._held > self._config.forget_after:
            await self.close()
            await recreate_topic(self._config)
            self._held = 0

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            await create_topic(self._config)
            producer = AIOKafkaProducer(**self._config.client(), acks="all", linger_ms=0, max_request_size=1_000_000)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer
