"""Virtual time: what happens next in the world, and event loops for the processes that live in it.

Everything runs in one thread and in an order that only the seed decides. A process that is killed simply never runs
again: no `finally`, no cancellation, as SIGKILL does it.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

# No world needs so many callbacks; one that does never comes to rest.
_MOST_STEPS = 400_000
_SLICE = 5_000


class Timeline:
    """One heap for the whole world. `now` is in seconds from the beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._number = 0
        self.busy: deque[ProcessLoop] = deque()

    @property
    def is_exhausted(self) -> bool:
        """Whether too much has happened: the world does not come to rest."""
        return self.steps > _MOST_STEPS

    def at(self, when: float, call: Callable[..., object], *args: Any) -> None:
        """Calls at that time, after everything that was planned for it before."""
        self._number += 1
        heapq.heappush(self._heap, (max(when, self.now), self._number, call, args))

    def later(self, seconds: float, call: Callable[..., object], *args: Any) -> None:
        """Calls after so many seconds."""
        self.at(self.now + seconds, call, *args)

    def run(self, until: float) -> None:
        """Lets happen what happens until then."""
        heap, busy = self._heap, self.busy
        while True:
            while busy and self.steps <= _MOST_STEPS:
                busy.popleft().run_ready()
            if self.steps > _MOST_STEPS:
                return
            if not heap or heap[0][0] > until:
                self.now = max(self.now, until)
                return
            self.now, _, call, args = heapq.heappop(heap)
            call(*args)


class ProcessLoop(asyncio.AbstractEventLoop):
    """The event loop of one process: it has no sockets, its time is the timeline's, and it can stand still or die."""

    def __init__(self, timeline: Timeline, on_error: Callable[[str], None]) -> None:
        self.is_dead = False
        self.is_paused = False
        self.doom: int | None = None
        self.on_doom: Callable[[], None] = lambda: None
        self.tasks: list[asyncio.Task[Any]] = []
        self._timeline = timeline
        self._on_error = on_error
        self._ready: deque[asyncio.Handle] = deque()
        self._is_listed = False

    # ---------------------------------------------------------------- driving

    def run_ready(self) -> None:
        """Runs what is ready and what becomes ready by it. With `doom` n, the process dies after n more callbacks."""
        self._is_listed = False
        if self.is_dead or self.is_paused:
            return
        ready, before, timeline = self._ready, events._get_running_loop(), self._timeline
        most = timeline.steps + _SLICE
        events._set_running_loop(self)
        try:
            while ready:
                if timeline.steps > most:
                    return self._list()
                if self.doom is not None:
                    self.doom -= 1
                    if self.doom < 0:
                        self.on_doom()
                        return
                handle = ready.popleft()
                if not handle._cancelled:
                    timeline.steps += 1
                    handle._run()
                if self.is_dead or self.is_paused:
                    return
        finally:
            events._set_running_loop(before)

    def pause(self) -> None:
        """As SIGSTOP."""
        self.is_paused = True

    def resume(self) -> None:
        """As SIGCONT: what was due meanwhile happens now."""
        self.is_paused = False
        self._list()

    def die(self) -> None:
        """As SIGKILL."""
        self.is_dead = True

    def clean_up(self) -> None:
        """At the end of the world: ends the coroutines of a dead process, which can reach nothing any more."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            while pending := [task for task in self.tasks if not task.done()]:
                for task in pending:
                    task.cancel()
                while self._ready:
                    handle = self._ready.popleft()
                    if not handle._cancelled:
                        handle._run()
        finally:
            events._set_running_loop(before)

    def _list(self) -> None:
        if not self._is_listed:
            self._is_listed = True
            self._timeline.busy.append(self)

    # ---------------------------------------------------------------- what asyncio asks of a loop

    def time(self) -> float:
        return self._timeline.now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        if not self._is_listed and not self.is_dead:
            self._is_listed = True
            self._timeline.busy.append(self)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._timeline.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._timeline.at(when, self._due, handle)
        return handle

    def _due(self, handle: asyncio.Handle) -> None:
        if not self.is_dead and not handle._cancelled:
            self._ready.append(handle)
            self._list()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is skipped when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name or "task")
        self.tasks.append(task)
        return task

    def run_in_executor(  # type: ignore[override]
        self, executor: object, function: Callable[..., object], *args: object
    ) -> asyncio.Future[Any]:
        """A thread takes a moment; then all of it happens at once."""
        future = self.create_future()
        self.call_later(0.005, self._in_thread, future, function, args)
        return future

    def _in_thread(
        self, future: asyncio.Future[Any], function: Callable[..., object], args: tuple[object, ...]
    ) -> None:
        if future.done():
            return
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self._on_error(f"{context.get('message')}: {context.get('exception')!r}")
