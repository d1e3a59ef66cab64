"""Gives the process `relay` its main loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from redis.asyncio import Redis

from models.domain.limits import Limits
from storage.kafka import KafkaConfig, LogProducer, quiet_client
from storage.postgres import Database
from storage.push_writer import PushWriter
from storage.relay import Relay, RelayConfig
from storage.relay_sinks import KafkaSink, PushSink, SearchSink


@dataclass(frozen=True, slots=True)
class RelayDeps:
    """What the relay works with; opened and closed by the caller."""

    database: Database
    redis: Redis
    kafka: KafkaConfig
    limits: Limits = field(default_factory=Limits)
    config: RelayConfig = field(default_factory=RelayConfig)


def build_relay(deps: RelayDeps) -> Relay:
    """The relay with its three sinks."""
    sinks = (
        KafkaSink(LogProducer(deps.kafka), limits=deps.limits),
        PushSink(PushWriter(deps.redis)),
        SearchSink(deps.database, deps.limits),
    )
    return Relay(deps.database, sinks, deps.config)


async def run_relay(deps: RelayDeps, stop: asyncio.Event) -> None:
    """The process `relay`: until `stop`."""
    quiet_client()
    await build_relay(deps).run(stop)
