"""A streams worker: runs Faust (or the plain consumer), watches it, and reads the log itself while Kafka is silent.

Metrics therefore go on, once in a care interval, while Kafka or the relay is away, and as before when it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from models.domain.clock import Clock, SystemClock
from models.domain.errors import TidewireError
from streams.agents import FaustRunner, RunnerStuck, Take
from streams.aggregate import Aggregator, Partition
from streams.config import WorkerConfig
from streams.inbox import Inbox
from streams.plain_runner import PlainRunner

_log = logging.getLogger("tidewire.streams")
__all__ = ["PartitionHealth", "RunnerStuck", "Worker", "WorkerConfig"]


class Runner(Protocol):
    """Hands Kafka's records to the aggregator."""

    def assigned(self) -> frozenset[int]:
        """The partitions of the topic that it reads; one of them may carry several of the log."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or raises."""


@dataclass(frozen=True, slots=True)
class PartitionHealth:
    """For metrics and alarms. `lag` in transactions, ages in seconds (None: never)."""

    lag: int
    heard_age: float | None
    commit_age: float | None
    events: int
    gaps: int
    repeated: int
    conflicts: int


class Worker:
    """One worker of the group; one for each process."""

    def __init__(
        self,
        aggregator: Aggregator,
        config: WorkerConfig,
        prepare: Callable[[], Awaitable[object]],
        clock: Clock = SystemClock(),  # noqa: B008
        runner: Callable[[WorkerConfig, Take], Runner] | None = None,
    ) -> None:
        """`prepare` sees to it that the topic is there; it is awaited before each start of the runner."""
        self._prepare = prepare
        self._aggregator, self._config, self._clock = aggregator, config, clock
        build = runner or (FaustRunner if config.runner == "faust" else PlainRunner)
        self.inbox = Inbox(aggregator, config)
        self._runner: Runner = build(config, self.inbox.take)
        self._patience = config.stuck
        self.restarts = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. RunnerStuck when only a new process helps."""
        try:
            async with asyncio.TaskGroup() as tasks:
                folding = tasks.create_task(self.inbox.run())
                care = tasks.create_task(self._care(stop))
                await self._keep_running(stop)
                # Whatever has not been folded yet will be read from the log.
                folding.cancel()
                await care
        except BaseExceptionGroup as group:
            stuck, _ = group.split(RunnerStuck)
            if stuck is not None:
                raise RunnerStuck("The stream consumer did not stop in time.") from group
            raise

    def health(self) -> Mapping[int, PartitionHealth]:
        """By partition."""
        now = self._clock.monotonic()
        return {part.number: _health(part, now) for part in self._aggregator.partitions}

    async def _keep_running(self, stop: asyncio.Event) -> None:
        least = backoff = min(0.5, self._config.most_backoff)
        while not stop.is_set():
            started = self._clock.monotonic()
            try:
                await self._run_watched(stop)
            except RunnerStuck:
                raise
            except Exception as error:
                _log.warning("the stream consumer ended (%s); metrics are read from the log until it is back", error)
            self.restarts += 1
            backoff = least if self._clock.monotonic() - started > 30 else min(backoff * 2, self._config.most_backoff)
            await _wait(stop, backoff)

    async def _run_watched(self, stop: asyncio.Event) -> None:
        """One life of the runner, ended by `stop`, by itself, or because it is stuck."""
        await self._prepare()
        for part in self._aggregator.partitions:
            part.heard_at = None
        ended = asyncio.Event()
        running = asyncio.create_task(self._runner.run(ended))
        try:
            began, joined = self._clock.monotonic(), False
            while not stop.is_set() and not running.done():
                await _wait(stop, self._config.care_interval)
                now = self._clock.monotonic()
                if bool(self._runner.assigned()) != joined:
                    began, joined = now, not joined
                if now - began > self._patience and self._is_stuck():
                    _log.warning("nothing was heard for %d s; starting the consumer anew", self._patience)
                    self._patience = min(self._patience * 2, self._config.most_stuck)
                    return
                if not self._silent(self._config.silence):
                    self._patience = self._config.stuck
        finally:
            ended.set()
            await running

    def _is_stuck(self) -> bool:
        """Whether a partition that was heard has become silent, or none was heard at all."""
        heard = {part.number for part in self._aggregator.partitions if part.heard_at is not None}
        return not heard or bool(heard & self._silent(self._patience))

    def _silent(self, seconds: float) -> frozenset[int]:
        now = self._clock.monotonic()
        return frozenset(
            part.number
            for part in self._aggregator.partitions
            if part.heard_at is None or now - part.heard_at > seconds
        )

    async def _care(self, stop: asyncio.Event) -> None:
        settled_at, away = self._clock.monotonic(), False
        while not stop.is_set():
            try:
                await self.care_once()
                if self._clock.monotonic() - settled_at >= self._config.settle_interval:
                    await self._aggregator.settle()
                    settled_at = self._clock.monotonic()
                away = False
            except (TidewireError, OSError, TimeoutError) as error:
                if not away:
                    _log.warning("the log cannot be read (%s), trying again", error)
                away = True
            except Exception:
                _log.exception("the log was not folded, trying again")
            await _wait(stop, self._config.care_interval)
        await self._settle_last()

    async def care_once(self) -> int:
        """Reads silent partitions from the log; how many events were new."""
        silent = self._silent(self._config.silence)
        if not silent:
            return 0
        ages = await self._aggregator.ages()
        events = 0
        for number in sorted(silent):
            if self._aggregator.partitions[number].mine or ages[number] > self._config.abandoned:
                events += await self._aggregator.catch_up(number)
        return events

    async def _settle_last(self) -> None:
        try:
            await self._aggregator.settle()
        except (TidewireError, OSError, TimeoutError) as error:
            _log.warning("positions were not stored at the end (%s)", error)


def _health(part: Partition, now: float) -> PartitionHealth:
    lag = 0
    if part.newest is not None:
        lag = max(0, part.newest.xid - part.covered.xid) if part.covered is not None else part.newest.xid
    return PartitionHealth(
        lag,
        None if part.heard_at is None else now - part.heard_at,
        None if part.committed_at is None else now - part.committed_at,
        part.events,
        part.gaps,
        part.repeated,
        part.conflicts,
    )


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
