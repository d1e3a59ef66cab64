"""The process `streams`: live metrics by Faust, or by its plain twin."""

from __future__ import annotations

from typing import Literal

from cluster.adapters.streams import StreamsDeps, run_streams
from cluster.processes.running import announced, stop_on_signals
from cluster.runtime import Runtime
from storage.kafka import KafkaConfig
from storage.postgres import Database
from streams.config import WorkerConfig


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop."""
    stop = stop_on_signals()
    database = Database(runtime.dsn("tidewire_engine"), application="tidewire streams", max_size=6)
    await database.open()
    runner: Literal["faust", "plain"] = "plain" if runtime.settings.stream_runner == "plain" else "faust"
    try:
        async with announced(runtime, "streams"):
            await run_streams(StreamsDeps(database, KafkaConfig(runtime.kafka), WorkerConfig(runner=runner)), stop)
    finally:
        await database.close()
