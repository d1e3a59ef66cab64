"""The Faust application, made by a function: nothing at module level, no web server, no tables, no commits.

Kafka's committed offsets are not used (docs/decisions/0002): a worker begins at the end of each partition, and the
aggregator reads from the log what came before. So the consumer's commits, which Faust is known to move although they
failed, are cut off, and a broker that forgot everything cannot hold up a stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from mode.utils.times import want_seconds

from streams.config import WorkerConfig


class LogConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Asks the broker often, for some answer a waiting fetch only when half of its time is over; never commits."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = int(self.app.fetch_wait * 1000)
        return consumer

    async def on_thread_stop(self) -> None:
        """aiokafka lets the cancelling of a fetch that waits to try again reach whoever stops it; it ends here."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            await self._consumer._client.close()

    async def commit(self, offsets: Mapping[Any, int]) -> bool:
        """Says yes, so that Faust forgets what was acknowledged."""
        self.tp_last_committed_at.update(dict.fromkeys(offsets, self.app.loop.time()))
        return True


class _NoOffsets(dict[Any, None]):
    """Remembers nothing."""

    def __setitem__(self, place: Any, offset: Any) -> None:
        """Nothing."""

    def __missing__(self, place: Any) -> None:
        return None


class LogConsumer(driver.Consumer):  # type: ignore[misc]
    """Takes every record. Faust drops silently what has a lower offset than it saw before, and after a broker forgot
    everything, all offsets are lower."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NoOffsets()

    def _new_consumer_thread(self) -> LogConsumerThread:
        return LogConsumerThread(self, loop=self.loop, beacon=self.beacon)


class LogTransport(driver.Transport):  # type: ignore[misc]
    """See LogConsumerThread."""

    Consumer = LogConsumer


class LogApp(faust.App):  # type: ignore[misc]
    """See LogConsumerThread."""

    fetch_wait: float = 0.05

    def _new_transport(self) -> Any:
        return LogTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing: there are no tables on disk, and the folder would lie wherever the process was started."""


def create_app(config: WorkerConfig) -> faust.App:
    """A new application; it is used once, started and stopped by FaustRunner."""
    app = LogApp(
        config.group,
        broker=f"kafka://{config.servers.replace(',', ';')}",
        store="memory://",
        autodiscover=False,
        origin=None,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="latest",
        # A topic that is missing at a rebalance is left out until the metadata is read again.
        consumer_metadata_max_age_ms=3_000,
        consumer_group_instance_id=f"{config.group}-{config.slot}",
        stream_wait_empty=False,
        stream_buffer_maxsize=64,
        broker_commit_interval=0.5,
        broker_commit_livelock_soft_timeout=want_seconds(3600.0),
        broker_session_timeout=10,
        broker_heartbeat_interval=2,
        broker_rebalance_timeout=10,
        broker_request_timeout=30,
        broker_max_poll_interval=60,
        producer_request_timeout=30,
        broker_max_poll_records=200,
    )
    app.fetch_wait = config.fetch_wait
    return app
