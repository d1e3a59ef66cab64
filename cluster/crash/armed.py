"""Ports with crash points between them and who calls them; for tests that end processes at exact places.

A point is armed by a file of its name in the folder, which holds how often the point is passed before it counts: "1"
is the next time. The process that reaches it renames the file to `<name>.fired`, writes its pid and the time in it,
and ends itself as `kill -9` does.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

from cluster.crash.hooks import HOOKS, Hook
from models.domain.crash_points import committed, written
from storage.postgres import Database, WriteConn
from storage.relay import Relay, Sink

T = TypeVar("T")
FIRED = ".fired"
# Loops that wait for longer, as housekeeping does, come round within a test.
_LONGEST_SLEEP = 2.0


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Armed:
    """See Watch. One for each process; `end` does not return, but in tests of this class itself."""

    def __init__(self, folder: Path, end: Callable[[], None] = _end) -> None:
        self._folder = folder
        self._end = end
        self._commit: ContextVar[str | None] = ContextVar("commit", default=None)

    def reached(self, point: str) -> None:
        """Ends this process when the point is armed and was passed often enough."""
        file = self._folder / point
        try:
            left = int(file.read_text())
        except (OSError, ValueError):
            return
        if left > 1:
            file.write_text(str(left - 1))
            return
        fired = file.with_name(point + FIRED)
        try:
            # Of two processes that get here together one goes on.
            file.rename(fired)
        except OSError:
            return
        fired.write_text(f"{os.getpid()} {time.time()}")
        self._end()

    def port(self, place: str, port: T) -> T:
        """The port behind its hooks."""
        return cast(T, _Watched(port, HOOKS[place], self))

    def ports(self, process: str, ports: T) -> T:
        """Those fields that have hooks."""
        assert dataclasses.is_dataclass(ports)
        assert not isinstance(ports, type)
        watched = {
            item.name: self.port(place, getattr(ports, item.name))
            for item in dataclasses.fields(ports)
            if (place := f"{process}.{item.name}") in HOOKS
        }
        if any(item.name == "sleep" for item in dataclasses.fields(ports)):
            watched["sleep"] = _short_sleep
        return dataclasses.replace(ports, **watched)

    def database(self, dsn: str, application: str, max_size: int, commits: str | None = None) -> Database:
        """A pool whose transactions reach the points of the commit that is under way."""
        return _WatchedDatabase(self, commits, dsn, application=application, max_size=max_size)

    def relay(self, database: Database, sinks: Sequence[Sink]) -> Relay:
        """See Watch."""
        return _WatchedRelay(self, database, sinks)

    @contextmanager
    def committing(self, name: str | None) -> Iterator[None]:
        """Transactions within the block have this name."""
        before = self._commit.set(name or self._commit.get())
        try:
            yield
        finally:
            self._commit.reset(before)

    @property
    def commit(self) -> str | None:
        """The name of the transaction under way."""
        return self._commit.get()


async def _short_sleep(seconds: float) -> None:
    await asyncio.sleep(min(seconds, _LONGEST_SLEEP))


class _Watched:
    """Stands for a port: methods with a hook reach its points, everything else is the port's own."""

    def __init__(self, port: object, hooks: Mapping[str, Hook], points: Armed) -> None:
        self._port, self._points = port, points
        self._methods = {name: self._hooked(getattr(port, name), hook) for name, hook in hooks.items()}

    def __getattr__(self, name: str) -> Any:
        return self._methods.get(name) or getattr(self._port, name)

    def _hooked(self, method: Callable[..., Any], hook: Hook) -> Callable[..., Any]:
        if hook.each is not None:
            return self._iterated(method, hook.each)
        return self._awaited(method, hook) if inspect.iscoroutinefunction(method) else self._called(method, hook)

    def _reached(self, point: str | None) -> None:
        if point is not None:
            self._points.reached(point)

    def _awaited(self, method: Callable[..., Any], hook: Hook) -> Callable[..., Any]:
        async def call(*arguments: Any, **named: Any) -> Any:
            self._reached(hook.before)
            with self._points.committing(hook.commit):
                answer = await method(*arguments, **named)
            self._reached(hook.after)
            return answer

        return call

    def _called(self, method: Callable[..., Any], hook: Hook) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self._reached(hook.before)
            answer = method(*arguments, **named)
            self._reached(hook.after)
            return answer

        return call

    def _iterated(self, method: Callable[..., AsyncIterator[Any]], point: str) -> Callable[..., Any]:
        async def iterate(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            async for item in method(*arguments, **named):
                self._points.reached(point)
                yield item

        return iterate


class _WatchedDatabase(Database):
    def __init__(self, points: Armed, commits: str | None, dsn: str, *, application: str, max_size: int) -> None:
        super().__init__(dsn, application=application, max_size=max_size)
        self._points, self._commits = points, commits

    @asynccontextmanager
    async def unit_of_work(self, tenants: Iterable[UUID] = (), *, user: UUID | None = None) -> AsyncIterator[WriteConn]:
        """See Database."""
        name = self._points.commit or self._commits
        async with super().unit_of_work(tenants, user=user) as connection:
            yield connection
            if name is not None:
                self._points.reached(written(name))
        if name is not None:
            self._points.reached(committed(name))

    async def at_once(self, statement: str, *arguments: Any) -> Any:
        """See Database; a named one takes several round trips, so that there is a place before its end."""
        if (self._points.commit or self._commits) is None:
            return await super().at_once(statement, *arguments)
        async with self.unit_of_work() as connection:
            return await connection.fetchrow(statement, *arguments)


class _WatchedRelay(Relay):
    """Its own loop calls `trim`, so that no port stands between."""

    def __init__(self, points: Armed, database: Database, sinks: Sequence[Sink]) -> None:
        super().__init__(database, sinks)
        self._points = points

    async def trim(self) -> int:
        """See Relay."""
        with self._points.committing(HOOKS["relay.relay"]["trim"].commit):
            return await super().trim()
