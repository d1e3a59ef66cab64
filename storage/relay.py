"""Carries the log to those who live on it: Kafka, live channels, search. One loop for each, each with its own cursor.

Nothing is lost when this process dies: cursors are moved after delivery, and each sink takes a row twice without
harm. The log is polled; that is the truth and needs no one's help.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.domain.clock import Clock, SystemClock
from models.domain.errors import TidewireError
from models.domain.log import LogSlice, Position
from storage import outbox
from storage.outbox import Rows
from storage.postgres import Database

_log = logging.getLogger("tidewire.relay")


@dataclass(frozen=True, slots=True)
class RelayConfig:
    """Times in seconds. `pause` between two looks at the log while rows come, `idle_pause` while none do."""

    batch_rows: int = 2_000
    pause: float = 0.02
    idle_pause: float = 0.04
    cursor_interval: float = 1.0
    most_backoff: float = 2.0
    trim_interval: float = 10.0
    trim_rows: int = 20_000
    kept_transactions: int = 50_000


class Sink(Protocol):
    """Where rows go. Whatever is raised means: not delivered, try again from `resume`."""

    name: str
    rows: Rows
    # Seconds to wait after a delivery, so that rows that come one by one leave together.
    gather: float

    async def resume(self, cursor: Position, horizon: Position) -> Position:
        """Where to go on, given the stored cursor: at the start and after a failure."""

    async def deliver(self, piece: LogSlice) -> Position:
        """Delivers all rows of the slice; the position to go on from. The slice may be empty."""

    async def close(self) -> None: ...


@dataclass(slots=True)
class SinkState:
    """What is known of one sink, for metrics and health."""

    position: Position | None = None
    delivered: int = 0
    failures: int = 0
    error: str | None = None
    stored: Position | None = None
    stored_at: float = 0.0


class SinkLoop:
    """Moves one sink along the log."""

    def __init__(self, database: Database, sink: Sink, config: RelayConfig, clock: Clock) -> None:
        self._database, self._sink, self._config, self._clock = database, sink, config, clock
        self.state = SinkState()

    async def run_once(self, ends: outbox.Ends) -> int:
        """One batch; how many rows were delivered. Raises what the sink or PostgreSQL raised."""
        state = self.state
        try:
            if state.position is None:
                # The horizon that a new process was given may be of before its first look at the log.
                async with self._database.read() as conn:
                    cursor, now = (await outbox.cursors(conn))[self._sink.name], await outbox.ends(conn)
                state.position = await self._sink.resume(cursor, now.horizon)
            piece = await self._read(state.position, ends)
            state.position = await self._sink.deliver(piece)
            await self._store(state.position)
        except BaseException as error:
            state.position, state.error, state.failures = None, type(error).__name__, state.failures + 1
            raise
        state.error = None
        state.delivered += len(piece.rows)
        return len(piece.rows)

    async def run(self, news: News, stop: asyncio.Event) -> None:
        """Until `stop`; survives every failure of the sink and of PostgreSQL."""
        backoff = 0.0
        while not stop.is_set():
            try:
                count = await self.run_once(news.ends)
            except Exception as error:
                self._tell_failure(error, first=not backoff)
                backoff = min(max(backoff * 2, 0.05), self._config.most_backoff)
                await _pause(stop, backoff)
                continue
            if backoff:
                _log.info("%s: delivering again", self._sink.name)
            backoff = 0.0
            if count and self._sink.gather:
                await _pause(stop, self._sink.gather)
            if count < self._config.batch_rows:
                await news.after(self.state.position, stop)
        await self._store_last()

    def _tell_failure(self, error: Exception, first: bool) -> None:
        if not isinstance(error, (TidewireError, OSError, TimeoutError)):
            _log.exception("%s: unexpected failure, trying again", self._sink.name)
        elif first:
            _log.warning("%s: not delivered (%s), trying again", self._sink.name, error)

    async def _read(self, position: Position, ends: outbox.Ends) -> LogSlice:
        until = max(ends.horizon, position)
        if ends.newest is None or ends.newest <= position:
            return LogSlice((), position, until)
        async with self._database.read() as conn:
            return await outbox.read(conn, self._sink.rows, position, until, self._config.batch_rows)

    async def _store(self, position: Position) -> None:
        state, now = self.state, self._clock.monotonic()
        if position == state.stored or now - state.stored_at < self._config.cursor_interval:
            return
        async with self._database.unit_of_work() as conn:
            await outbox.move_cursor(conn, self._sink.name, position)
        state.stored, state.stored_at = position, now

    async def _store_last(self) -> None:
        if self.state.position is None:
            return
        self.state.stored_at = float("-inf")
        try:
            await self._store(self.state.position)
        except (TidewireError, OSError) as error:
            _log.warning("%s: cursor not stored at the end (%s)", self._sink.name, error)


class News:
    """Looks at the end of the log for all sinks at once, and lets them sleep until there is something."""

    def __init__(self, database: Database, config: RelayConfig) -> None:
        self._database, self._config = database, config
        self._changed = asyncio.Condition()
        self.ends = outbox.Ends(Position(0, 0), None)

    async def look(self) -> bool:
        """Asks PostgreSQL; True when the log grew."""
        async with self._database.read() as conn:
            found = await outbox.ends(conn)
        grew = found.newest is not None and (self.ends.newest is None or found.newest > self.ends.newest)
        self.ends = found
        return grew

    async def after(self, position: Position | None, stop: asyncio.Event) -> None:
        """Until the log has a row after `position`, or for a heartbeat of a second."""
        async with self._changed:
            newest = self.ends.newest
            if stop.is_set() or (newest is not None and (position is None or newest > position)):
                return
            try:
                async with asyncio.timeout(1.0):
                    await self._changed.wait()
            except TimeoutError:
                return

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        away = False
        while not stop.is_set():
            pause = self._config.idle_pause
            try:
                if await self.look():
                    pause = self._config.pause
                    await self._tell()
                away = False
            except (TidewireError, OSError, TimeoutError) as error:
                if not away:
                    _log.warning("the log cannot be read (%s), trying again", error)
                away, pause = True, 0.5
            await _pause(stop, pause)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class Relay:
    """All sinks, and the trimming of what every reader has passed."""

    def __init__(
        self,
        database: Database,
        sinks: Sequence[Sink],
        config: RelayConfig = RelayConfig(),
        clock: Clock = SystemClock(),  # noqa: B008
    ) -> None:
        self._database, self._sinks, self._config = database, sinks, config
        self._loops = {sink.name: SinkLoop(database, sink, config, clock) for sink in sinks}
        self._news = News(database, config)

    @property
    def states(self) -> Mapping[str, SinkState]:
        """By sink."""
        return {name: loop.state for name, loop in self._loops.items()}

    async def run_once(self) -> Mapping[str, int]:
        """One batch for each sink, as the loops do it; rows delivered by sink. For tests and catching up by hand."""
        await self._news.look()
        return {name: await loop.run_once(self._news.ends) for name, loop in self._loops.items()}

    async def trim(self) -> int:
        """Deletes rows that every reader has passed; how many."""
        async with self._database.unit_of_work() as conn:
            return await outbox.trim(conn, self._config.kept_transactions, self._config.trim_rows)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then cursors are stored and sinks closed."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._news.run(stop))
                tasks.create_task(self._trim_loop(stop))
                for loop in self._loops.values():
                    tasks.create_task(loop.run(self._news, stop))
        finally:
            for sink in self._sinks:
                await sink.close()

    async def _trim_loop(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await _pause(stop, self._config.trim_interval)
            try:
                while not stop.is_set() and await self.trim() == self._config.trim_rows:
                    await _pause(stop, self._config.pause)
            except (TidewireError, OSError, TimeoutError) as error:
                _log.warning("the log was not trimmed (%s), trying again", error)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleeps, but not past `stop`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
