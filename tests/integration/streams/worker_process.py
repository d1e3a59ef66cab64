"""A streams worker as a process of its own, to be killed: DSN SERVERS NAME."""

from __future__ import annotations

import asyncio
import sys

from cluster.adapters.streams import StreamsDeps, run_streams
from storage.kafka import KafkaConfig
from storage.postgres import Database
from streams.config import WorkerConfig


async def main(dsn: str, servers: str, name: str) -> None:
    """Until it is killed."""
    database = Database(dsn, application="test worker", max_size=10)
    await database.open()
    print("ready", flush=True)
    # Every worker takes over at once what its predecessor was killed at.
    config = WorkerConfig(group=name, abandoned=0.0)
    await run_streams(StreamsDeps(database, KafkaConfig(servers, topic=name), config), asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
