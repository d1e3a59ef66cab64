"""The process `demo`: real flights, replayed."""

from __future__ import annotations

from functools import partial

from cluster.demo.run import run_demo
from cluster.processes.running import announced, stop_on_signals
from cluster.runtime import Runtime
from models.domain.clock import SystemClock
from storage.postgres import Database


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop."""
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
    finally:
        await database.close()
