"""The process `ray`: Ray's head; has the actors and the API put on it, then watches over them.

When something of Ray is gone for good this process ends at once, and the supervisor starts all of Ray anew: nothing in
it is the only place of anything.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from actors.handles import host_name, shard_name
from cluster.crash.watch import watch_of
from cluster.front_door import Answer, ask, drain
from cluster.instance import end_old_ray, tidy_ray
from cluster.processes.running import RAY_HEAD, announced, ready_file, stop_on_signals
from cluster.ray_node import PUSH_ACTOR, RayHead, stop_actors
from cluster.runtime import Runtime

_log = logging.getLogger("tidewire.ray")
_OBJECT_STORE_BYTES = 100_000_000
_CPUS = 4
_LOOK_SECONDS = 0.2
_HEALTH_SECONDS = 1.0
_UNHEALTHY_SECONDS = 60.0


class RayLost(Exception):
    """A part of Ray has ended that does not come back by itself."""


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop, or until a part of Ray that does not come back by itself is gone."""
    end_old_ray(runtime.instance)
    tidy_ray(runtime)
    watch = watch_of(runtime)
    watch.reached("ray.folder.tidied")
    runtime.ray_folder.parent.mkdir(mode=0o700, exist_ok=True)
    ready_file(runtime, RAY_HEAD).unlink(missing_ok=True)
    # It loads its libraries while the head starts.
    deploying = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cluster", "process", "deploy", "--data", str(runtime.data)
    )
    watch.reached("ray.deploy.begun")
    head = RayHead(runtime.ray_folder, runtime.ports.ray, _CPUS, _OBJECT_STORE_BYTES)
    watch.reached("ray.head.started")
    stop = stop_on_signals()
    work = asyncio.create_task(_work(runtime, deploying, stop))
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


async def _work(runtime: Runtime, deploying: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    async with announced(runtime, RAY_HEAD):
        deployed = asyncio.create_task(deploying.wait())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([deployed, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not deployed.done():
            deploying.kill()
            return
        if deployed.result():
            raise RayLost("the actors and the API could not be put on Ray; the lines above say why")
        watch_of(runtime).reached("ray.deployed")
        async with announced(runtime, "ray"):
            await _watch_api(runtime, stop)
        # Requests end first, then the shards are given back: the next start finds them free.
        await drain(runtime)
        await stop_actors(_actors(runtime))


def _actors(runtime: Runtime) -> list[str]:
    settings = runtime.settings
    shards = [shard_name(number) for number in range(settings.shard_actors)]
    return [*shards, *(host_name(number) for number in range(settings.session_hosts)), PUSH_ACTOR]


async def _watch_api(runtime: Runtime, stop: asyncio.Event) -> None:
    """Serve replaces what dies; it gives up on what could not start too often."""
    nobody = 0.0
    while not stop.is_set():
        answer = await ask(runtime.settings.local_host, runtime.settings.port, "/healthz", tls=runtime.settings.tls)
        nobody = nobody + _HEALTH_SECONDS if answer is Answer.NOBODY else 0.0
        if nobody > _UNHEALTHY_SECONDS:
            raise RayLost(f"the API has not been there for {_UNHEALTHY_SECONDS:g} s")
        try:
            await asyncio.wait_for(stop.wait(), _HEALTH_SECONDS)
        except TimeoutError:
            continue
