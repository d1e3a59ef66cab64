"""Which shards this actor owns: heartbeats, fair shares, and what to do when a lease is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from actors.ports import LeaseStore, Standing
from models.domain.clock import Clock
from models.domain.errors import Unavailable

SHARDS = 64


@dataclass(frozen=True, slots=True)
class Change:
    """Shards that came and went; a shard that went and came again with another epoch is in both."""

    gained: Mapping[int, int]
    lost: frozenset[int]


class Leases:
    """The leases of one incarnation. They hold until `ttl` after the last heartbeat was begun, by our own clock."""

    def __init__(
        self,
        store: LeaseStore,
        owner: str,
        ttl: float,
        clock: Clock,
        is_quiet: Callable[[int], bool] = lambda shard: True,
        patience: int = 25,
    ) -> None:
        self.owner = owner
        self.epochs: dict[int, int] = {}
        self._store = store
        self._ttl = ttl
        self._clock = clock
        self._is_quiet = is_quiet
        self._patience = patience
        self._waited = 0
        self._valid_until = float("-inf")

    @property
    def are_valid(self) -> bool:
        """False when a heartbeat is overdue: somebody else may own the shards by now."""
        return self._clock.monotonic() < self._valid_until

    def holds(self, shard: int, epoch: int) -> bool:
        """Whether the shard is ours under this epoch, as far as we know."""
        return self.epochs.get(shard) == epoch

    async def take_over(self) -> Change:
        """At the start: at once what former incarnations of this actor held."""
        began = self._clock.monotonic()
        gained = dict(await self._store.succeed(self.owner, timedelta(seconds=self._ttl)))
        self._valid_until = began + self._ttl
        self.epochs.update(gained)
        return Change(gained, frozenset())

    async def beat(self) -> Change:
        """One heartbeat; then takes what is free up to a fair share, and gives back what is above it."""
        began = self._clock.monotonic()
        standing = await self._store.beat(self.owner, timedelta(seconds=self._ttl))
        self._valid_until = began + self._ttl
        change = self._compare(standing.epochs)
        share = -(-SHARDS // max(1, standing.live_owners))
        return await self._balance(change, share, standing)

    async def refresh(self) -> Change:
        """Only looks: what do we still hold?"""
        began = self._clock.monotonic()
        standing = await self._store.beat(self.owner, timedelta(seconds=self._ttl))
        self._valid_until = began + self._ttl
        return self._compare(standing.epochs)

    async def release(self) -> None:
        """Gives everything back."""
        self.epochs.clear()
        self._valid_until = float("-inf")
        await self._store.release(self.owner)

    def _compare(self, found: Mapping[int, int]) -> Change:
        lost = frozenset(shard for shard, epoch in self.epochs.items() if found.get(shard) != epoch)
        gained = {shard: epoch for shard, epoch in found.items() if self.epochs.get(shard) != epoch}
        self.epochs = dict(found)
        return Change(gained, lost)

    async def _balance(self, change: Change, share: int, standing: Standing) -> Change:
        # What has changed so far must be followed, whatever becomes of these calls; the next heartbeat tells.
        if len(self.epochs) < share and standing.free:
            more: Mapping[int, int] = {}
            with suppress(Unavailable):
                more = await self._store.acquire(self.owner, share - len(self.epochs))
            self.epochs.update(more)
            return Change({**change.gained, **more}, change.lost)
        surplus = self._surplus(len(self.epochs) - share)
        if not surplus:
            return change
        for shard in surplus:
            del self.epochs[shard]
        with suppress(Unavailable):
            await self._store.release(self.owner, surplus)
        kept = {shard: epoch for shard, epoch in change.gained.items() if shard not in surplus}
        return Change(kept, change.lost | set(surplus))

    def _surplus(self, count: int) -> list[int]:
        """Shards to give back: quiet ones, so that no step is cut off; busy ones only when none gets quiet."""
        if count <= 0:
            self._waited = 0
            return []
        quiet = [shard for shard in sorted(self.epochs, reverse=True) if self._is_quiet(shard)][:count]
        self._waited = 0 if quiet else self._waited + 1
        if self._waited > self._patience:
            self._waited = 0
            return sorted(self.epochs, reverse=True)[:count]
        return quiet
