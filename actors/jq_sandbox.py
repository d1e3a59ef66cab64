"""jq in processes of its own, so that a program of a stranger can take neither the shard's time nor its memory."""

from __future__ import annotations

import contextlib
import json
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, cast

from models.domain.limits import Limits

_LENGTH = struct.Struct("!I")
_PROGRAM = Path(__file__).with_name("jq_child.py")
# All expressions of one turn together may take so many times what one may take.
_TURN_FACTOR = 2.0


class NeedsThread(Exception):
    """This program must not be waited for on the loop; take the turn in a thread."""


class JqSandbox:
    """Implements JqRunner for threads in `turn()`; anywhere else it raises NeedsThread. Processes start when needed."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.sandbox_seconds
        self._bytes = limits.sandbox_bytes
        self._most_bytes = limits.max_data_bytes * 8
        self._idle: SimpleQueue[_Child] = SimpleQueue()
        self._local = threading.local()
        self._is_closed = False

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """A thread's work on one run, which is limited as a whole."""
        self._local.until = time.monotonic() + self._seconds * _TURN_FACTOR
        try:
            yield
        finally:
            del self._local.until

    def run(self, program: str, text: str, most: int) -> list[Any]:
        """All results; ValueError with jq's message or the limit that was met."""
        until = getattr(self._local, "until", None)
        if until is None:
            raise NeedsThread
        seconds = min(self._seconds, until - time.monotonic())
        if seconds <= 0:
            raise ValueError(f"the expressions of this task took longer than {self._seconds:g} s (sandbox_seconds)")
        child = self._child()
        try:
            answer = child.ask([program, text, most], seconds, self._most_bytes)
        except _Broken as broken:
            child.kill()
            raise ValueError(self._reason(broken.what)) from None
        except BaseException:
            child.kill()
            raise
        self._idle.put(child)
        if "error" in answer:
            raise ValueError(answer["error"])
        return cast(list[Any], answer["results"])

    def close(self) -> None:
        """Ends all processes."""
        self._is_closed = True
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().kill()

    def _child(self) -> _Child:
        with contextlib.suppress(Empty):
            while True:
                child = self._idle.get_nowait()
                if child.is_alive:
                    return child
                child.kill()
        if self._is_closed:
            raise ValueError("this process is stopping")
        return _Child(self._bytes)

    def _reason(self, what: str) -> str:
        if what == "time":
            return f"the expression took longer than {self._seconds:g} s (sandbox_seconds)"
        if what == "size":
            return f"the result is larger than {self._most_bytes:,} bytes"
        return f"the expression needed more than {self._bytes:,} bytes of memory (sandbox_bytes)"


class _Broken(Exception):
    """The process did not answer: `what` is time, size or end."""

    def __init__(self, what: str) -> None:
        self.what = what


class _Child:
    """One jq process; used by one thread at a time."""

    def __init__(self, memory: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program, nothing of it comes from outside
            [sys.executable, "-I", str(_PROGRAM), str(memory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/",
        )  # fmt: skip
        self._is_fresh = True

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: list[Any], seconds: float, most_bytes: int) -> dict[str, Any]:
        """The answer; _Broken when there is none. The time of the process's own start does not count."""
        until = time.monotonic() + seconds + (5.0 if self._is_fresh else 0.0)
        if self._is_fresh:
            self._exchange([".", "null", 1], until, most_bytes)
            self._is_fresh = False
            until = time.monotonic() + seconds
        return self._exchange(question, until, most_bytes)

    def kill(self) -> None:
        """Ends it and takes its remains away."""
        self._process.kill()
        self._process.wait()
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()

    def _exchange(self, question: list[Any], until: float, most_bytes: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        sent = json.dumps(question).encode()
        try:
            self._process.stdin.write(_LENGTH.pack(len(sent)) + sent)
            self._process.stdin.flush()
        except OSError:
            raise _Broken("end") from None
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, until))
        if length > most_bytes:
            raise _Broken("size")
        return cast(dict[str, Any], json.loads(self._read(length, until)))

    def _read(self, count: int, until: float) -> bytes:
        assert self._process.stdout is not None
        pipe, parts = self._process.stdout.fileno(), bytearray()
        while len(parts) < count:
            ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise _Broken("time")
            # Unbuffered on purpose: select knows nothing of what a buffer holds.
            part = self._process.stdout.raw.read(count - len(parts))  # type: ignore[attr-defined]
            if not part:
                raise _Broken("end")
            parts += part
        return bytes(parts)
