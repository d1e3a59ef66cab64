"""Turns that may take long, because they run jq programs that only another process can limit: in threads, by tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from actors.active_run import ActiveRun, Turn
from actors.jq_sandbox import JqSandbox
from actors.mailboxes import Mailboxes

WORKERS = 2


class SlowLane:
    """So many threads for all tenants; who waits for a turn here delays nobody outside."""

    def __init__(
        self,
        sandbox: JqSandbox,
        take: Callable[[ActiveRun], Turn],
        done: Callable[[ActiveRun, Turn], None],
        weight: Callable[[UUID], int],
    ) -> None:
        self._sandbox = sandbox
        self._take = take
        self._done = done
        self._mailboxes = Mailboxes(weight)
        self._some = asyncio.Event()
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="slow")

    def put(self, run: ActiveRun) -> None:
        """The run's next turn is taken here; until then it takes no other."""
        run.is_committing = True
        self._mailboxes.put(run)
        self._some.set()

    async def work(self) -> None:
        """One turn; WORKERS tasks do this again and again."""
        await self._some.wait()
        run = self._mailboxes.next()
        if run is None:
            self._some.clear()
            return
        turn = await asyncio.get_running_loop().run_in_executor(self._threads, self._in_thread, run)
        run.is_committing = False
        self._done(run, turn)

    def close(self) -> None:
        """Ends the processes, which ends what the threads wait for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._sandbox.close()

    def _in_thread(self, run: ActiveRun) -> Turn:
        with self._sandbox.turn():
            return self._take(run)
