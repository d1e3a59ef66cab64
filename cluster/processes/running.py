"""What all processes of ours share: stop on a signal, say when they are ready, log one line an event."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cluster.late_libraries import load_late
from cluster.runtime import Runtime, load
from models.domain.errors import TidewireError

# Words of libraries that would drown ours.
_QUIET = (
    "aiokafka", "faust", "mode", "streams.app", "httpx", "httpcore", "asyncio", "websockets", "ray", "ray.serve",
)  # fmt: skip


_log = logging.getLogger("tidewire")
RAY_HEAD = "ray-head"
_MODULES = {"ray": "ray_host"}


def start(name: str, data: str) -> None:
    """Runs the process of this name for the instance whose data is in the folder, until it is asked to stop."""
    load_late()
    runtime = load(Path(data))
    configure_logging(runtime.settings.log_level)
    module = importlib.import_module(f"cluster.processes.{_MODULES.get(name, name)}")
    try:
        asyncio.run(module.run(runtime))
    except TidewireError as error:
        _log.error("%s stops: %s", name, error.detail)
        raise SystemExit(1) from None


def configure_logging(level: str) -> None:
    """To standard output, where the supervisor reads it."""
    logging.basicConfig(
        stream=sys.stdout, level=level.upper(), format="%(levelname)s %(name)s %(message)s", force=True
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def stop_on_signals() -> asyncio.Event:
    """Set when this process is asked to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for how in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(how, stop.set)
    return stop


def ready_file(runtime: Runtime, name: str) -> Path:
    """A process of ours makes this file when it is ready."""
    return runtime.sockets / f"{name}.ready"


@asynccontextmanager
async def announced(runtime: Runtime, name: str) -> AsyncIterator[None]:
    """Ready for the length of the block."""
    file = ready_file(runtime, name)
    file.touch()
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
