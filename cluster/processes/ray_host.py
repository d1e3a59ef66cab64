"""The process `ray`: Ray's head, the actors, the API on Serve; then it watches over them.

When something of Ray is gone for good this process ends at once, and the supervisor starts all of Ray anew: nothing in
it is the only place of anything.
"""

from __future__ import annotations

import asyncio
import logging
import os
from functools import partial
from typing import Any

from actors.remote import start_session_hosts, start_shards, stop_actors
from cluster import wiring
from cluster.instance import tidy_ray
from cluster.processes.running import announced, stop_on_signals
from cluster.push_actor import start_push_gateway
from cluster.ray_node import RayHead
from cluster.runtime import Runtime
from serve import deployment

_log = logging.getLogger("tidewire.ray")
_OBJECT_STORE_BYTES = 100_000_000
_LOOK_SECONDS = 0.2
_HEALTH_SECONDS = 1.0
_UNHEALTHY_SECONDS = 45.0


class RayLost(Exception):
    """A part of Ray has ended that does not come back by itself."""


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop, or until a part of Ray that does not come back by itself is gone."""
    tidy_ray(runtime)
    head = RayHead(runtime.ray_folder, runtime.ports.ray, 4, _OBJECT_STORE_BYTES)
    stop = stop_on_signals()
    work = asyncio.create_task(_work(runtime, stop))
    try:
        while not work.done():
            if dead := head.dead():
                raise RayLost(f"processes of Ray have ended: {', '.join(dead)}")
            await asyncio.wait([work], timeout=_LOOK_SECONDS)
        work.result()
    except Exception as error:
        _log.error("%s", error, exc_info=None if isinstance(error, RayLost) else error)
        # Without a farewell: calls into a Ray that is gone wait for a minute. The kernel ends its processes with ours.
        os._exit(1)
    await asyncio.to_thread(head.stop)


async def _work(runtime: Runtime, stop: asyncio.Event) -> None:
    starting = asyncio.create_task(_start(runtime))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        return
    actors = starting.result()
    async with announced(runtime, "ray"):
        await _watch_serve(stop)
    # Requests end first, then the shards are given back: the next start finds them free.
    await asyncio.to_thread(deployment.shutdown)
    await stop_actors(actors)


async def _start(runtime: Runtime) -> list[Any]:
    actors: list[Any]
    actors, _ = await asyncio.gather(_start_actors(runtime), asyncio.to_thread(_deploy, runtime))
    return actors


async def _start_actors(runtime: Runtime) -> list[Any]:
    settings = runtime.settings
    started = [
        *start_shards(settings.shard_actors, partial(wiring.open_shard, runtime)),
        *start_session_hosts(settings.session_hosts, partial(wiring.open_session_host, runtime)),
        start_push_gateway(partial(wiring.open_push_gateway, runtime)),
    ]
    # A figure comes only from an actor that has opened what it needs.
    await asyncio.gather(*(actor.stats.remote() for actor in started))
    return started


def _deploy(runtime: Runtime) -> None:
    # Serve sets its own level when it is imported.
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    settings = runtime.settings
    config = deployment.ServeConfig(settings.host, settings.port, settings.api_replicas)
    deployment.deploy(
        partial(wiring.make_api, runtime), partial(wiring.open_model_host, runtime), config
    )


async def _watch_serve(stop: asyncio.Event) -> None:
    unhealthy = 0.0
    while not stop.is_set():
        states = await asyncio.to_thread(deployment.statuses)
        healthy = bool(states) and all(state == "HEALTHY" for state in states.values())
        unhealthy = 0.0 if healthy else unhealthy + _HEALTH_SECONDS
        if unhealthy > _UNHEALTHY_SECONDS:
            raise RayLost(f"Serve does not recover: {states}")
        try:
            await asyncio.wait_for(stop.wait(), _HEALTH_SECONDS)
        except TimeoutError:
            continue
