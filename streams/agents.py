"""Faust agents, registered on an application by a function, and the runner that starts and stops it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import faust

from streams.app import create_app
from streams.config import WorkerConfig

_log = logging.getLogger("tidewire.streams")
Take = Callable[[bytes], Awaitable[None]]


def register(app: faust.App, config: WorkerConfig, take: Take) -> None:
    """The one agent: hands each record to `take`, one after another (more at once would lose some on a crash)."""
    topic = app.topic(config.topic, key_serializer="raw", value_serializer="raw", value_type=bytes, internal=False)

    async def metrics(stream: AsyncIterator[bytes]) -> None:
        async for value in stream:
            await take(value)

    app.agent(topic, name="metrics", concurrency=1)(metrics)


class RunnerStuck(RuntimeError):
    """Faust did not stop in time; only a new process helps."""


class FaustRunner:
    """Runs the Faust application on the running event loop, without Faust's own worker program."""

    def __init__(self, config: WorkerConfig, take: Take) -> None:
        self._config, self._take = config, take
        self._app: Any = None

    def assigned(self) -> frozenset[int]:
        """The partitions of the topic that Kafka gave to this worker."""
        if self._app is None or not self._app.started:
            return frozenset()
        return frozenset(place.partition for place in self._app.consumer.assignment())

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or until Faust gives up, which raises."""
        self._app = create_app(self._config)
        register(self._app, self._config, self._take)
        try:
            await _until(stop, self._app.start(), self._config.start_timeout)
            while not stop.is_set():
                if self._app.crashed or self._app.should_stop:
                    raise ConnectionError(f"Faust gave up: {self._app.crash_reason!r}")
                await _wait(stop, 0.25)
        finally:
            await self._shut()

    async def _shut(self) -> None:
        app, self._app = self._app, None
        try:
            async with asyncio.timeout(self._config.stop_timeout):
                await app.stop()
        except TimeoutError:
            raise RunnerStuck("Faust did not stop in time.") from None


async def _until(stop: asyncio.Event, starting: Awaitable[Any], seconds: float) -> None:
    """Awaits the start, but no longer than `seconds` and not past `stop`."""
    start = asyncio.ensure_future(starting)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({start, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            start.result()
        elif not stop.is_set():
            raise TimeoutError("Faust did not start in time.")
    finally:
        for task in (start, stopping):
            task.cancel()
        await asyncio.gather(start, stopping, return_exceptions=True)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
