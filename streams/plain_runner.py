"""The same aggregation behind a plain Kafka consumer, without Faust; chosen by a setting."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams.agents import Take
from streams.config import WorkerConfig

_POLL_SECONDS = 0.5


class PlainRunner:
    """One consumer of the group; begins at the end of each partition and commits nothing, as the Faust runner."""

    def __init__(self, config: WorkerConfig, take: Take) -> None:
        self._config, self._take = config, take
        self._consumer: AIOKafkaConsumer | None = None

    def assigned(self) -> frozenset[int]:
        """The partitions of the topic that Kafka gave to this worker."""
        if self._consumer is None:
            return frozenset()
        return frozenset(place.partition for place in self._consumer.assignment())

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; raises ConnectionError when Kafka cannot be used."""
        consumer = AIOKafkaConsumer(
            self._config.topic,
            bootstrap_servers=self._config.servers,
            # Its own group: members of one group must share a protocol, and Faust has its own.
            group_id=f"{self._config.group}-plain",
            group_instance_id=f"{self._config.group}-plain-{self._config.slot}",
            auto_offset_reset="latest",
            enable_auto_commit=False,
            fetch_max_wait_ms=int(self._config.fetch_wait * 1000),
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            rebalance_timeout_ms=10_000,
            request_timeout_ms=30_000,
            metadata_max_age_ms=3_000,
        )
        try:
            await consumer.start()
            self._consumer = consumer
            while not stop.is_set():
                batches = await consumer.getmany(timeout_ms=int(_POLL_SECONDS * 1000), max_records=200)
                for record in [record for batch in batches.values() for record in batch]:
                    await self._take(record.value)
        except (KafkaError, OSError) as error:
            raise ConnectionError(f"Kafka cannot be used: {error!r}") from error
        finally:
            self._consumer = None
            await _stop(consumer, self._config.stop_timeout)


async def _stop(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """In a task of its own: aiokafka lets the cancelling of its inner tasks reach whoever stops it."""
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping}, timeout=seconds)
    if not stopping.done() or stopping.cancelled() or stopping.exception() is not None:
        stopping.cancel()
        with suppress(KafkaError, OSError):
            await consumer._client.close()
