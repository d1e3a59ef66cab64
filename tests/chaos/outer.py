"""A system whose PostgreSQL, Redis and Kafka are elsewhere, behind links that can be broken."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.scenario import Scenario, running_scenario
from tests.chaos.toxiproxy import Link, running_toxiproxy
from tests.servers.kafka import running_kafka
from tests.servers.postgres import running_postgres
from tests.servers.system import free_port
from tests.servers.valkey import running_valkey

SICK_SECONDS = 6.0


@dataclass(frozen=True)
class Sickness:
    """What a link has. `kind` is one of Toxiproxy's; `cut` takes it away altogether."""

    name: str
    kind: str
    attributes: Mapping[str, Any]
    stream: str = "downstream"


SICKNESSES = (
    Sickness("cut", "cut", {}),
    Sickness("silent", "timeout", {"timeout": 0}),
    Sickness("silent upstream", "timeout", {"timeout": 0}, "upstream"),
    Sickness("late by 0.3 s", "latency", {"latency": 300, "jitter": 150}),
    Sickness("20 kB a second", "bandwidth", {"rate": 20}),
    Sickness("torn into pieces", "slicer", {"average_size": 64, "size_variation": 32, "delay": 200}),
    Sickness("reset after 0.2 s", "reset_peer", {"timeout": 200}),
    Sickness("closed after 5 kB", "limit_data", {"bytes": 5_000}),
)


@contextmanager
def running_outer(folder: Path) -> Iterator[tuple[Scenario, list[Link]]]:
    """A system under load and its three links, for the length of the block; NoToxiproxy."""
    with ExitStack() as stack:
        proxy = stack.enter_context(running_toxiproxy())
        ports = {name: free_port() for name in ("postgres", "redis", "kafka")}
        upstream = {"postgres": free_port(), "redis": free_port()}
        stack.enter_context(running_postgres(upstream["postgres"]))
        stack.enter_context(running_valkey(upstream["redis"]))
        broker = stack.enter_context(running_kafka(advertised=f"127.0.0.1:{ports['kafka']}"))
        upstream["kafka"] = broker.port
        links = [proxy.link(name, upstream[name], ports[name]) for name in ports]
        environment = {
            "TIDEWIRE_DATABASE_URL": f"postgresql://postgres:owner-password@127.0.0.1:{ports['postgres']}/postgres",
            "TIDEWIRE_REDIS_URL": f"redis://127.0.0.1:{ports['redis']}/0",
            "TIDEWIRE_KAFKA": f"127.0.0.1:{ports['kafka']}",
        }
        yield stack.enter_context(running_scenario(folder, environment)), links


def suffer(scenario: Scenario, link: Link, sickness: Sickness) -> float:
    """The link is sick for a while; the seconds from its healing until a run completes."""
    if sickness.kind == "cut":
        link.cut()
    else:
        link.poison(sickness.kind, sickness.attributes, sickness.stream)
    time.sleep(SICK_SECONDS)
    link.heal()
    return scenario.wait_working()
