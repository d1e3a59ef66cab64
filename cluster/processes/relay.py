"""The process `relay`: from the log to Kafka, to live channels and to search."""

from __future__ import annotations

from cluster.adapters.relay import RelayDeps, run_relay
from cluster.crash.watch import watch_of
from cluster.processes.running import announced, stop_on_signals
from cluster.runtime import Runtime
from storage.kafka import KafkaConfig
from storage.redis_client import open_redis

# The embedded broker keeps everything in memory for ever.
_EMBEDDED_BYTES = 64_000_000


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop."""
    stop = stop_on_signals()
    watch = watch_of(runtime)
    database = watch.database(runtime.dsn("tidewire_engine"), "tidewire relay", 4, "relay.cursor.move")
    redis = open_redis(runtime.redis_url, max_connections=4)
    await database.open()
    try:
        async with announced(runtime, "relay"):
            kafka = KafkaConfig(runtime.kafka, forget_after=_EMBEDDED_BYTES if runtime.settings.kafka is None else None)
            await run_relay(RelayDeps(database, redis, kafka, watch=watch), stop)
    finally:
        await redis.aclose()
        await database.close()
