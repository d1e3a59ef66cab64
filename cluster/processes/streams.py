"""The process `streams`: live metrics by Faust, or by its plain twin."""

from __future__ import annotations

from typing import Literal

from cluster.adapters.streams import StreamsDeps, run_streams
from cluster.crash.watch import watch_of
from cluster.processes.running import announced, stop_on_signals
from cluster.runtime import Runtime
from storage.kafka import KafkaConfig
from streams.config import WorkerConfig


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop."""
    stop = stop_on_signals()
    watch = watch_of(runtime)
    database = watch.database(runtime.dsn("tidewire_engine"), "tidewire streams", 6, "streams.apply")
    await database.open()
    runner: Literal["faust", "plain"] = "plain" if runtime.settings.stream_runner == "plain" else "faust"
    try:
        async with announced(runtime, "streams"):
            deps = StreamsDeps(database, KafkaConfig(runtime.kafka), WorkerConfig(runner=runner), watch=watch)
            await run_streams(deps, stop)
    finally:
        await database.close()
