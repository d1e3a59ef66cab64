"""The process `demo`: real flights, replayed."""

from __future__ import annotations

import logging
from functools import partial

from cluster.demo.client import DemoRefused
from cluster.demo.run import run_demo
from cluster.processes.running import announced, stop_on_signals
from cluster.runtime import Runtime
from models.domain.clock import SystemClock
from models.domain.errors import Conflict
from storage.postgres import Database

_log = logging.getLogger("tidewire.demo")


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop. What it is refused for good ends the demo and nothing else."""
    stop = stop_on_signals()
    database = Database(runtime.dsn("tidewire_app"), application="tidewire demo", max_size=3)
    await database.open()
    try:
        await run_demo(
            url=runtime.settings.url,
            database=database,
            # The oldest key: it stays when keys change.
            secret=runtime.sealing_keys[-1],
            folder=runtime.data / "demo",
            desk_port=runtime.ports.demo_desk,
            speed=runtime.settings.demo_speed,
            clock=SystemClock(),
            stop=stop,
            ready=partial(announced, runtime, "demo"),
        )
    except (DemoRefused, Conflict) as error:
        _log.error("the demo cannot go on: %s", error.detail)
        async with announced(runtime, "demo"):
            await stop.wait()
    finally:
        await database.close()
