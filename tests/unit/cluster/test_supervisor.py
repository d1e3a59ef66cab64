"""The supervisor: order, readiness, restarts with backoff, stop; over processes that a test ends by hand."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from cluster.supervisor import Backoff, Part, PartFailed, Supervisor
from models.domain.clock import ManualClock


class FakeProcess:
    """Runs until it is ended."""

    def __init__(self, name: str, journal: list[str]) -> None:
        self.name = name
        self.last_lines: Sequence[str] = ["its last words"]
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._journal = journal

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)

    def end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)

    async def stop(self, how: signal.Signals, seconds: float) -> None:
        if not self.ended.done():
            self._journal.append(f"{self.name} stopped by {how.name}")
            self.end(-how)


class Stage:
    """Parts, what happened, and sleeps that return at once while the clock goes on."""

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.clock = ManualClock()
        self.running: dict[str, FakeProcess] = {}
        self.not_ready: set[str] = set()
        self.pauses: list[float] = []
        self.changed = asyncio.Event()
        self.is_ready: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def part(self, name: str, *after: str) -> Part:
        async def start() -> FakeProcess:
            self.journal.append(f"{name} started")
            process = self.running[name] = FakeProcess(name, self.journal)
            self.changed.set()
            return process

        async def ready() -> bool:
            return name not in self.not_ready

        return Part(name, start, ready, after, ready_seconds=5)

    def supervisor(self, *parts: Part) -> Supervisor:
        return Supervisor(parts, self.clock, self._told, Backoff(first=1, longest=4), self._sleep)

    def _told(self, name: str, phase: str) -> None:
        if phase == "ready":
            self.is_ready[name].set()

    async def _sleep(self, seconds: float) -> None:
        if seconds >= 1:
            self.pauses.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    async def restarted(self, name: str, code: int = -9) -> None:
        """Ends a part and waits until it has been started again."""
        self.changed.clear()
        self.running[name].end(code)
        async with asyncio.timeout(5):
            await self.changed.wait()
        await asyncio.sleep(0)


async def test_parts_start_after_what_they_need_and_stop_before_it() -> None:
    stage = Stage()
    supervisor = stage.supervisor(stage.part("api", "database"), stage.part("database"))
    await supervisor.start()
    await supervisor.stop()
    assert stage.journal == [
        "database started", "api started", "api stopped by SIGTERM", "database stopped by SIGTERM",
    ]  # fmt: skip


async def test_an_interrupted_run_leaves_the_parts_to_stop() -> None:
    stage = Stage()
    supervisor = stage.supervisor(stage.part("database"))
    await supervisor.start()
    running = asyncio.create_task(supervisor.run())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await supervisor.stop()
    assert stage.journal == ["database started", "database stopped by SIGTERM"]


async def test_a_part_that_ends_is_started_again_with_growing_pauses() -> None:
    stage = Stage()
    supervisor = stage.supervisor(stage.part("relay"))
    await supervisor.start()
    for _ in range(4):
        await stage.restarted("relay")
    assert stage.pauses == [1, 2, 4, 4]
    assert supervisor.phases["relay"] in ("starting", "ready")
    await supervisor.stop()


async def test_the_pause_is_short_again_after_a_calm_time() -> None:
    stage = Stage()
    supervisor = stage.supervisor(stage.part("relay"))
    await supervisor.start()
    await stage.restarted("relay")
    await stage.restarted("relay")
    stage.clock.advance(60)
    await stage.restarted("relay")
    assert stage.pauses == [1, 2, 1]
    await supervisor.stop()


async def test_a_part_that_is_never_ready_fails_the_start_with_its_last_words() -> None:
    stage = Stage()
    stage.not_ready.add("kafka")
    supervisor = stage.supervisor(stage.part("kafka"))
    with pytest.raises(PartFailed, match=r"not ready within 5 s\.\n  its last words"):
        await supervisor.start()
    await supervisor.stop()
    assert stage.running["kafka"].ended.done()


async def test_a_part_that_is_not_essential_fails_alone_and_is_tried_again() -> None:
    stage = Stage()
    stage.not_ready.add("demo")
    supervisor = stage.supervisor(replace(stage.part("demo"), essential=False), stage.part("database"))
    await supervisor.start()
    stage.not_ready.clear()
    async with asyncio.timeout(5):
        await stage.is_ready["demo"].wait()
    assert supervisor.phases["database"] == "ready"
    await supervisor.stop()


async def test_a_part_that_ends_while_it_starts_fails_the_start() -> None:
    stage = Stage()
    part = stage.part("ray")
    stage.not_ready.add("ray")
    supervisor = stage.supervisor(part)
    starting = asyncio.create_task(supervisor.start())
    await stage.changed.wait()
    stage.running["ray"].end(3)
    with pytest.raises(PartFailed, match="ended with code 3"):
        await starting
    await supervisor.stop()


async def test_parts_that_wait_for_each_other_are_refused_at_the_end() -> None:
    stage = Stage()
    supervisor = stage.supervisor(stage.part("a", "b"), stage.part("b", "a"))
    with pytest.raises(PartFailed, match="wait for each other"):
        await supervisor.stop()
