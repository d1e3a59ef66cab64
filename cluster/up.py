"""`tidewire up`: checks, starts everything in order, tells one address, keeps it running, stops it cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cluster import instance
from cluster.crash.watch import watch_of
from cluster.parts import parts, prepare_database
from cluster.phases import PhaseFile
from cluster.runtime import Runtime, prepare
from cluster.settings import LEVELS, Settings
from cluster.supervisor import Supervisor
from models.domain.clock import SystemClock

_STYLES = {"ready": "green", "starting": "yellow", "restarting": "red", "waiting": "dim", "stopped": "dim"}


class Screen:
    """A table of parts while it starts on a terminal, plain lines anywhere else."""

    def __init__(self, console: Console, level: str) -> None:
        self._console = console
        self._level = LEVELS.index(level)
        self._began = time.monotonic()
        self._phases: dict[str, tuple[str, float]] = {}
        self._live = Live(console=console, refresh_per_second=8, transient=True) if console.is_terminal else None

    def __enter__(self) -> Screen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()

    def settle(self) -> None:
        """Starting is over: from now on there are only lines."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def told(self, name: str, phase: str) -> None:
        """A part has a new phase."""
        seconds = time.monotonic() - self._began
        self._phases[name] = (phase, seconds)
        if self._live is not None:
            self._live.update(self._table())
        else:
            self._console.print(f"{seconds:6.1f} s  {name} is {phase}", highlight=False)

    def line(self, name: str, text: str) -> None:
        """A line that a part has printed; shown when it is at least as grave as the level that was asked for."""
        if level_of(name, text) >= self._level:
            self._console.print(f"[{name}] {text}", markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, (phase, seconds) in self._phases.items():
            table.add_row(f"  {name}", f"[{_STYLES.get(phase, '')}]{phase}[/]", f"[dim]{seconds:.1f} s[/]")
        return table


def level_of(name: str, text: str) -> int:
    """How grave a line of a part is, by the words at its beginning; what servers say without need is for debugging."""
    head = text[:160].upper()
    if any(words in head for words in _NEEDLESS):
        return 0
    for place in (3, 2, 0):
        if any(word in head for word in _WORDS[place]):
            return place
    return 0 if name in _SERVERS else 1


# What is expected: clients that ask too early, advice for a server that would save to disk, Serve's way to stop.
_NEEDLESS = (
    "THE DATABASE SYSTEM IS STARTING UP", "THE DATABASE SYSTEM IS NOT YET ACCEPTING", "MEMORY OVERCOMMIT",
    "TASK SERVECONTROLLER.GRACEFUL_SHUTDOWN FAILED",
)  # fmt: skip
_SERVERS = ("postgres", "valkey", "kafka")
_WORDS = {3: ("ERROR", "CRITICAL", "FATAL", "PANIC", "TRACEBACK"), 2: ("WARN",), 0: ("DEBUG",)}


def up(settings: Settings, console: Console, link: Callable[[Runtime], Awaitable[str | None]]) -> int:
    """Runs one instance until it is interrupted; the exit code. `link` gives an address that signs in, if any."""
    with instance.locked(settings.data):
        instance.check_space(settings.data)
        runtime = prepare(settings)
        ended = instance.end_leftovers(runtime.instance)
        if ended:
            console.print(f"Ended {ended} processes that an earlier start had left behind.")
        instance.tidy_sockets(runtime)
        instance.check_port(settings)
        runtime.sockets.mkdir(mode=0o711, exist_ok=True)
        instance.raise_file_limit()
        return asyncio.run(_run(runtime, console, link))


async def _run(runtime: Runtime, console: Console, link: Callable[[Runtime], Awaitable[str | None]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for how in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(how, stop.set)
    began = time.monotonic()
    with Screen(console, runtime.settings.log_level) as screen:
        board = watch_of(runtime).port("supervisor.board", PhaseFile(runtime.data, screen.told))
        supervisor = Supervisor(parts(runtime, screen.line), SystemClock(), board.told)
        disk = asyncio.create_task(instance.watch_disk(runtime.data, partial(screen.line, "disk")))
        try:
            if runtime.settings.database_url is not None:
                await prepare_database(runtime)
            if not await _until(supervisor.start(), stop):
                return 130
            screen.settle()
            address = await link(runtime) or runtime.settings.url
            console.print(f"\nTidewire is ready after {time.monotonic() - began:.1f} s:  [bold]{address}[/]\n"
                          f"Data: {runtime.data}   Stop with Ctrl-C.", soft_wrap=True)  # fmt: skip
            await _until(supervisor.run(), stop)
            return 0
        finally:
            screen.settle()
            disk.cancel()
            console.print("Stopping ...")
            await supervisor.stop()
            board.remove()
            await asyncio.to_thread(instance.end_leftovers, runtime.instance)
            await asyncio.to_thread(instance.tidy_sockets, runtime)
            sys.stdout.flush()


async def _until(work: object, stop: asyncio.Event) -> bool:
    """Waits for the work or for the stop, whichever comes first; False when it was the stop."""
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return False
