"""Keeps the parts of one instance running: in order, each until it is ready, started again when it ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from models.domain.clock import Clock
from models.domain.errors import TidewireError


class PartFailed(TidewireError):
    """A part could not be started."""


class Process(Protocol):
    """A started program."""

    name: str

    @property
    def last_lines(self) -> Sequence[str]: ...

    async def wait(self) -> int: ...

    async def stop(self, how: signal.Signals, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """What to run. `prepare` comes before each start; `ready` says whether it can be used; `settle` comes once after.

    `after` names parts that must be ready before this one starts the first time. One that is not `essential` may fail
    at the first start too: it is tried again as later, and the others do not wait for it.
    """

    name: str
    start: Callable[[], Awaitable[Process]]
    ready: Callable[[], Awaitable[bool]]
    after: tuple[str, ...] = ()
    prepare: Callable[[], Awaitable[None]] | None = None
    settle: Callable[[], Awaitable[None]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    ready_seconds: float = 90.0
    essential: bool = True


@dataclass(slots=True)
class State:
    """What the supervisor knows of a part."""

    part: Part
    process: Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    starts: int = 0
    phase: str = "waiting"


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait before a part is started again; a part that ran for `calm` seconds starts at `first` again."""

    first: float = 0.2
    factor: float = 2.0
    longest: float = 10.0
    calm: float = 30.0


Told = Callable[[str, str], None]


class Supervisor:
    """Runs parts until `stop`. `told` is called with a part's name and its new phase."""

    def __init__(
        self, parts: Sequence[Part], clock: Clock, told: Told, backoff: Backoff = Backoff(),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._states: dict[str, State] = {part.name: State(part) for part in parts}
        self._clock = clock
        self._told = told
        self._backoff = backoff
        self._sleep = sleep
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    @property
    def phases(self) -> Mapping[str, str]:
        """Part -> waiting, starting, ready, restarting or stopped."""
        return {name: state.phase for name, state in self._states.items()}

    async def start(self) -> None:
        """Returns when every part is ready; PartFailed when one of them ends or is late the first time."""
        for name, state in self._states.items():
            self._keepers[name] = asyncio.create_task(self._keep(state), name=name)
        waiting = {asyncio.create_task(state.settled.wait()): name for name, state in self._states.items()}
        keepers = set(self._keepers.values())
        try:
            while waiting:
                done, _ = await asyncio.wait([*waiting, *keepers], return_when=asyncio.FIRST_COMPLETED)
                for task in done & keepers:
                    task.result()
                    raise PartFailed
                for task in done:
                    waiting.pop(task, None)  # type: ignore[arg-type]
        finally:
            for wait in waiting:
                wait.cancel()

    async def run(self) -> None:
        """Until a keeper fails, which is a fault of ours."""
        # Not gather: when this is cancelled, the parts run on until `stop` ends them in order.
        done, _ = await asyncio.wait(self._keepers.values(), return_when=asyncio.FIRST_COMPLETED)
        for keeper in done:
            keeper.result()

    async def stop(self) -> None:
        """Stops all parts, those first that others do not depend on."""
        self._stopping = True
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        for layer in reversed(_layers([state.part for state in self._states.values()])):
            await asyncio.gather(*(self._stop(self._states[part.name]) for part in layer))

    async def _stop(self, state: State) -> None:
        if state.process is not None:
            await state.process.stop(state.part.stop_signal, state.part.stop_seconds)
        self._tell(state, "stopped")

    def _tell(self, state: State, phase: str) -> None:
        state.phase = phase
        self._told(state.part.name, phase)

    async def _keep(self, state: State) -> None:
        for name in state.part.after:
            await self._states[name].ready.wait()
        pause = self._backoff.first
        while True:
            began = self._clock.monotonic()
            try:
                await self._once(state)
            except PartFailed:
                if state.starts == 1 and state.part.essential:
                    raise
                state.settled.set()
            if self._clock.monotonic() - began > self._backoff.calm:
                pause = self._backoff.first
            self._tell(state, "restarting")
            await self._sleep(pause)
            pause = min(pause * self._backoff.factor, self._backoff.longest)

    async def _once(self, state: State) -> None:
        """One life of the part, from its start to its end."""
        part = state.part
        state.starts += 1
        self._tell(state, "starting")
        if part.prepare is not None:
            await part.prepare()
        process = state.process = await part.start()
        end = asyncio.create_task(process.wait())
        try:
            await self._until_ready(state, end)
            self._tell(state, "ready")
            state.ready.set()
            state.settled.set()
            await end
        finally:
            end.cancel()
            if not self._stopping:
                # A part that was late may still run: it must not meet its own successor.
                await process.stop(signal.SIGKILL, 1.0)

    async def _until_ready(self, state: State, end: asyncio.Task[int]) -> None:
        part = state.part
        deadline = self._clock.monotonic() + part.ready_seconds
        while not await part.ready():
            if end.done():
                raise PartFailed(f"{part.name} ended with code {end.result()}.{_words(state)}")
            if self._clock.monotonic() > deadline:
                raise PartFailed(f"{part.name} was not ready within {part.ready_seconds:g} s.{_words(state)}")
            await self._sleep(0.05)
        if part.settle is not None and not state.ready.is_set():
            await part.settle()


def _words(state: State) -> str:
    lines = list(state.process.last_lines)[-8:] if state.process is not None else []
    return "\n  " + "\n  ".join(lines) if lines else ""


def _layers(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts by depth: those in a layer depend only on layers before it."""
    layers: list[list[Part]] = []
    placed: set[str] = set()
    left = list(parts)
    while left:
        layer = [part for part in left if placed.issuperset(part.after)]
        if not layer:
            raise PartFailed(f"These parts wait for each other: {', '.join(part.name for part in left)}.")
        layers.append(layer)
        placed |= {part.name for part in layer}
        left = [part for part in left if part.name not in placed]
    return layers
