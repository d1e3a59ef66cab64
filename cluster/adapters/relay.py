"""Gives the process `relay` its main loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from redis.asyncio import Redis

from cluster.crash.watch import Unwatched, Watch
from models.domain.limits import Limits
from storage.kafka import KafkaConfig, LogProducer, quiet_client
from storage.postgres import Database
from storage.push_writer import PushWriter
from storage.relay import Relay
from storage.relay_sinks import KafkaSink, PushSink, SearchSink


@dataclass(frozen=True, slots=True)
class RelayDeps:
    """What the relay works with; opened and closed by the caller."""

    database: Database
    redis: Redis
    kafka: KafkaConfig
    limits: Limits = field(default_factory=Limits)
    watch: Watch = field(default_factory=Unwatched)


def build_relay(deps: RelayDeps) -> Relay:
    """The relay with its three sinks."""
    watch = deps.watch
    sinks = (
        KafkaSink(watch.port("relay.producer", LogProducer(deps.kafka)), limits=deps.limits),
        PushSink(watch.port("relay.writer", PushWriter(deps.redis))),
        watch.port("relay.search", SearchSink(deps.database, deps.limits)),
    )
    return watch.relay(deps.database, sinks)


async def run_relay(deps: RelayDeps, stop: asyncio.Event) -> None:
    """The process `relay`: until `stop`."""
    quiet_client()
    await build_relay(deps).run(stop)
