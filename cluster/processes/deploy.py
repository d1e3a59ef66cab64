"""The process `deploy`: puts the actors and the API on a Ray that runs, and ends. The process `ray` starts it.

It is a process of its own so that the one that stays does not carry what only this one needs.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

from actors.remote import opened, start_session_hosts, start_shards
from cluster import front_door, wiring
from cluster.crash.watch import watch_of
from cluster.processes.running import RAY_HEAD, ready_file
from cluster.push_actor import start_push_gateway
from cluster.ray_node import connect
from cluster.runtime import Runtime
from serve import deployment

_LOOK_SECONDS = 0.05


async def run(runtime: Runtime) -> None:
    """Returns when everything is there and has opened what it needs."""
    # Nothing else runs here yet, and Ray wants the main thread for its signals.
    _connect(runtime)
    await asyncio.gather(_start_actors(runtime), asyncio.to_thread(_deploy, runtime))


def _connect(runtime: Runtime) -> None:
    while not ready_file(runtime, RAY_HEAD).exists():
        time.sleep(_LOOK_SECONDS)
    connect(f"127.0.0.1:{runtime.ports.ray}")


async def _start_actors(runtime: Runtime) -> None:
    settings = runtime.settings
    started = [
        *start_shards(settings.shard_actors, partial(wiring.open_shard, runtime)),
        *start_session_hosts(settings.session_hosts, partial(wiring.open_session_host, runtime)),
        start_push_gateway(partial(wiring.open_push_gateway, runtime)),
    ]
    await asyncio.gather(*(opened(actor) for actor in started))
    watch_of(runtime).reached("deploy.actors.started")


def _deploy(runtime: Runtime) -> None:
    # Serve sets its own level when it is imported.
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    settings = runtime.settings
    config = deployment.ServeConfig(
        front_door.replica_socket(runtime), settings.host, settings.port, settings.api_replicas
    )
    deployment.deploy(
        partial(wiring.make_api, runtime), partial(wiring.open_model_host, runtime), config
    )
