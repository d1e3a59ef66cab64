"""Group commit: while one transaction commits, the turns of other runs gather for the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from actors.active_run import ActiveRun, Turn
from actors.ports import JournalStore, RunAppend
from actors.signals import Signals
from models.domain.errors import RunMoved, StaleEpoch, TasksAnswered, Unavailable
from models.domain.ports import Wake

T = TypeVar("T")
_log = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class CommitHost(Protocol):
    """What the committer tells the shard."""

    def on_committed(self, turns: Sequence[Turn], started: Sequence[Wake]) -> None:
        """The entries are durable: now their effects may happen."""

    async def check_leases(self) -> None:
        """Asks PostgreSQL what is still ours and drops the runs of what is not; Unavailable."""

    def reload(self, run: ActiveRun) -> None:
        """The journal of the run is ahead of its memory: drop it and read it anew."""

    def make_faulted(self, run: ActiveRun) -> Turn:
        """A last turn for a run whose entries the database refuses."""

    def set_aside(self, run: ActiveRun) -> None:
        """Nothing can be stored for this run now; it is tried again much later."""


async def _at_once() -> None:
    pass


class Committer:
    """Commits turns in the order they were added, one transaction at a time; nothing is performed before.

    `wait` is waited for before each commit. `idle` is set while nothing is to be committed.
    """

    def __init__(
        self,
        store: JournalStore,
        host: CommitHost,
        max_runs: Callable[[], int],
        signals: Signals,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wait: Callable[[], Awaitable[object]] = _at_once,
    ) -> None:
        self._store = store
        self._host = host
        self._max_runs = max_runs
        self._signals = signals
        self._sleep = sleep
        self._wait = wait
        self.idle = asyncio.Event()
        self.idle.set()
        self._gathered: list[Turn] = []
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.commits = 0
        self.entries = 0
        self.in_flight = 0

    @property
    def waiting(self) -> int:
        """Turns that are not durable yet."""
        return len(self._gathered) + self.in_flight

    @property
    def has_room(self) -> bool:
        return self._room.is_set()

    def add(self, turn: Turn) -> None:
        """Gathers a turn that has something to append."""
        turn.run.is_committing = True
        self._gathered.append(turn)
        self._some.set()
        self.idle.clear()
        if len(self._gathered) >= self._max_runs():
            self._room.clear()

    async def room(self) -> None:
        """Waits until more may be gathered."""
        await self._room.wait()

    async def run_once(self) -> None:
        """Waits for turns, then commits what has gathered."""
        await self._some.wait()
        await self._wait()
        await self.commit_gathered()

    async def settled(self) -> None:
        """Waits until nothing is left to commit."""
        while self.waiting:
            await self._sleep(0.01)

    async def commit_gathered(self) -> None:
        """Commits what has gathered until now."""
        batch, self._gathered = self._gathered, []
        self._some.clear()
        self._room.set()
        self.in_flight = len(batch)
        try:
            await self._commit([turn for turn in batch if not turn.run.is_dropped])
        except Exception:
            for turn in batch:
                if turn.run.is_committing and not turn.run.is_dropped:
                    self._host.reload(turn.run)
            raise
        finally:
            self.in_flight = 0
            if not self._gathered:
                self.idle.set()

    async def _commit(self, turns: Sequence[Turn]) -> None:
        """Until each of the turns is durable or given up."""
        pause = _FIRST_PAUSE
        while turns:
            try:
                started = await self._store.append([_append_of(turn) for turn in turns])
            except StaleEpoch:
                turns = await self._after_stale(turns)
            except TasksAnswered as answered:
                turns = self._after_answered(turns, answered.runs)
            except RunMoved:
                turns = await self._after_moved(turns)
            except Unavailable:
                turns = await self._after_unknown(turns)
            except Exception as error:
                await self._one_by_one(turns, error)
                return
            else:
                return self._done(turns, started)
            if turns:
                await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _done(self, turns: Sequence[Turn], started: Sequence[Wake]) -> None:
        self.commits += 1
        for turn in turns:
            append = _append_of(turn)
            turn.run.is_committing = False
            turn.run.stored_seq = append.last
            self.entries += len(append.entries)
        self._host.on_committed(turns, started)
        self._signals.tell("committed", len(turns))

    async def _after_stale(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """Nothing was written. The runs of lost shards are somebody else's now."""
        self._signals.tell("stale")
        await self._until_available(self._host.check_leases)
        return [turn for turn in turns if not turn.run.is_dropped]

    async def _after_moved(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """Nothing was written. Those that stand where they should are tried again."""
        return self._sort(turns, await self._seqs(turns), None)

    def _after_answered(self, turns: Sequence[Turn], runs: Collection[UUID]) -> Sequence[Turn]:
        """Nothing was written. People answered what these runs gave up: the answers come first."""
        for turn in turns:
            if turn.run.new.id in runs:
                self._host.reload(turn.run)
        return [turn for turn in turns if turn.run.new.id not in runs]

    async def _after_unknown(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """All or nothing was written; while the epoch is ours, only we can have written it.

        The leases are looked at after the journal: what is ours then was ours while it was read.
        """
        self._signals.tell("away")
        seqs = await self._seqs(turns)
        await self._until_available(self._host.check_leases)
        alive = [turn for turn in turns if not turn.run.is_dropped]
        written: list[Turn] = []
        rest = self._sort(alive, seqs, written)
        if written:
            self._done(written, ())
        return rest

    async def _seqs(self, turns: Sequence[Turn]) -> Mapping[UUID, int]:
        return await self._until_available(lambda: self._store.last_seqs([turn.run.key for turn in turns]))

    def _sort(self, turns: Sequence[Turn], seqs: Mapping[UUID, int], written: list[Turn] | None) -> list[Turn]:
        """Turns to try again; those that are `written` go there, all others are read anew."""
        rest = []
        for turn in turns:
            seq = seqs.get(turn.run.new.id, -1)
            if seq == _append_of(turn).expected:
                rest.append(turn)
            elif written is not None and seq == _append_of(turn).last:
                written.append(turn)
            else:
                self._signals.tell("moved", turn.run.new.id)
                self._host.reload(turn.run)
        return rest

    async def _until_available(self, ask: Callable[[], Awaitable[T]]) -> T:
        pause = _FIRST_PAUSE
        while True:
            try:
                return await ask()
            except Unavailable:
                await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _one_by_one(self, turns: Sequence[Turn], error: Exception) -> None:
        """The database refuses something in the group: find whose it is, and end that run visibly."""
        if len(turns) > 1:
            for turn in turns:
                await self._commit([turn])
            return
        [turn] = turns
        what = f"{type(error).__name__}: {error}"
        if turn.is_last:
            _log.error("run %s cannot even be ended: %s", turn.run.new.id, what)
            return self._host.set_aside(turn.run)
        _log.error("the entries of run %s cannot be stored: %s", turn.run.new.id, what)
        await self._commit([self._host.make_faulted(turn.run)])


def _append_of(turn: Turn) -> RunAppend:
    assert turn.append is not None
    return turn.append
