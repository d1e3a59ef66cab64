"""One child process: started in a group of its own, its output made into log lines, ended with its whole group."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_MAX_LOG_BYTES = 20_000_000
Line = Callable[[str, str], None]


class Child:
    """A running program; `line` is called with its name and each line it prints."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path, line: Line) -> None:
        self.name = name
        self.last_lines: deque[str] = deque(maxlen=20)
        self._process = process
        self._reader = asyncio.create_task(self._read(log, line))

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, line: Line,
        death_signal: signal.Signals = signal.SIGTERM,
    ) -> Child:  # fmt: skip
        """Runs the command; `death_signal` reaches it when this process dies without stopping it."""
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env=dict(environment), start_new_session=True,
            preexec_fn=_die_with_parent(death_signal), limit=1 << 20,
        )  # fmt: skip
        return cls(name, process, log, line)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        """Its exit code, negative for a signal; what is left of its group is ended."""
        await self._ended()
        # Before asyncio is asked: it tells the end only when nobody holds the output any more, as children of it may.
        self._signal_group(signal.SIGKILL)
        code = await self._process.wait()
        await asyncio.wait([self._reader], timeout=2)
        self._reader.cancel()
        return code

    async def stop(self, how: signal.Signals, seconds: float) -> None:
        """Asks it to stop, then ends the whole group."""
        if self.alive:
            self._process.send_signal(how)
            try:
                async with asyncio.timeout(seconds):
                    await self._process.wait()
            except TimeoutError:
                pass
        self._signal_group(signal.SIGKILL)

    async def _ended(self) -> None:
        """Until the program itself has ended, whatever its children do."""
        if not self.alive:
            return
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(handle, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)

    def _signal_group(self, how: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, how)
        except (ProcessLookupError, PermissionError):
            return

    async def _read(self, log: Path, line: Line) -> None:
        assert self._process.stdout is not None
        _rotate(log)
        with log.open("a", buffering=1) as out:
            while True:
                try:
                    raw = await self._process.stdout.readline()
                except ValueError:
                    continue
                if not raw:
                    return
                text = raw.decode(errors="replace").rstrip()
                if text:
                    self.last_lines.append(text)
                    _keep(out.write, text + "\n")
                    line(self.name, text)


def _keep(write: Callable[[str], int], text: str) -> None:
    try:
        write(text)
    except OSError:
        # A full disk must not take the process down whose words cannot be kept.
        return


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _die_with_parent(how: signal.Signals) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)

    return prepare
