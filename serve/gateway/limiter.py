"""Rate limits without a round trip a request: a replica spends slices that it took from buckets in Redis.

A slice is small (all replicas together hold at most 1 % of a bucket), grows with the demand, and goes back when it is
not used. Requests that find too little wait for one call that asks for all of them. While the shared buckets are away
each replica allows its share of every limit by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any

from models.domain.clock import Clock
from models.domain.errors import TooManyRequests, Unavailable
from models.domain.limits import Limits
from models.domain.rate_limits import Ask, Slice, share_of, take
from serve.context import log_failure
from serve.gateway.buckets import Bucket
from serve.gateway.counters import GatewayCounters
from serve.gateway.ports import RateStore

_log = logging.getLogger("tidewire.gateway")
_SWEEP_SECONDS = 0.5
# Others may give units back before the time that Redis told.
_LONGEST_REFUSAL = 0.25
_ROUNDS = 6
_KEYS_PER_CALL = 200


class RateLimiter:
    """Not for several threads. `start` it in the loop that uses it; `close` gives back what is held."""

    def __init__(
        self, store: RateStore, clock: Clock, limits: Limits, replicas: int, counters: GatewayCounters
    ) -> None:
        self._store, self._clock, self._counters = store, clock, counters
        self._patience = limits.rate_limit_patience_seconds
        self.replicas = max(1, replicas)
        self.is_alone = False
        self._wanted: dict[Bucket, None] = {}
        self._holding: set[Bucket] = set()
        self._round: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begins to give back what is not used."""
        self._spawn(self._sweep_forever())

    async def close(self) -> None:
        """Gives back what is held."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._give_back(list(self._holding))

    def spend(self, buckets: Sequence[Bucket], cost: int) -> bool:
        """Takes `cost` units from each bucket, or from none; False: `obtain` must ask first."""
        for bucket in buckets:
            if bucket.tokens < cost:
                return False
        for bucket in buckets:
            bucket.tokens -= cost
            bucket.spent += cost
            if bucket.tokens < bucket.low:
                self._prefetch(bucket)
        return True

    async def obtain(self, buckets: Sequence[Bucket], cost: int) -> None:
        """Takes `cost` units from each bucket as soon as they are there; TooManyRequests when that is not now."""
        largest = min(bucket.rate.capacity for bucket in buckets)
        if cost > largest:
            raise TooManyRequests(f"This request costs {cost} units; the limit is {largest} at once.", 3600.0)
        for _ in range(_ROUNDS):
            if self.spend(buckets, cost):
                return
            self._refuse_if_known(buckets, cost)
            lacking = [bucket for bucket in buckets if bucket.tokens < cost]
            for bucket in lacking:
                bucket.waiting += cost
                bucket.least = cost if bucket.least == 0 else min(bucket.least, cost)
                self._wanted[bucket] = None
            await asyncio.shield(self._next_round())
        raise self._refusal(buckets[0], 1.0)

    def _refuse_if_known(self, buckets: Sequence[Bucket], cost: int) -> None:
        now = self._clock.monotonic()
        for bucket in buckets:
            if bucket.tokens < cost and cost >= bucket.refused_cost and now < bucket.refused_until:
                raise self._refusal(bucket, bucket.wait)

    def _refusal(self, bucket: Bucket, wait: float) -> TooManyRequests:
        self._counters.limited(bucket.scope)
        rate = bucket.rate
        return TooManyRequests(
            f"The limit of {rate.limit:,} units in {rate.window} seconds for this {bucket.said} is used up.", wait
        )

    def _prefetch(self, bucket: Bucket) -> None:
        if not bucket.asked and bucket not in self._wanted and self._clock.monotonic() >= bucket.refused_until:
            self._wanted[bucket] = None
            self._next_round()

    def _next_round(self) -> asyncio.Future[None]:
        if self._round is None:
            self._round = asyncio.get_running_loop().create_future()
            self._spawn(self._run_round(self._round))
        return self._round

    async def _run_round(self, done: asyncio.Future[None]) -> None:
        try:
            await self._ask(self._next_wanted())
        finally:
            self._round = None
            done.set_result(None)
            if self._wanted:
                self._next_round()

    def _next_wanted(self) -> list[Bucket]:
        chosen = list(self._wanted)[:_KEYS_PER_CALL]
        for bucket in chosen:
            del self._wanted[bucket]
        return chosen

    async def _ask(self, buckets: list[Bucket]) -> None:
        now = self._clock.monotonic()
        asks = [bucket.ask(now, self.replicas) for bucket in buckets]
        slices = self._own_share(buckets, asks) if self.is_alone else await self._shared(buckets, asks)
        now = self._clock.monotonic()
        for bucket, ask, found in zip(buckets, asks, slices, strict=True):
            bucket.take_in(ask, found, now, _LONGEST_REFUSAL)
            if bucket.tokens:
                self._holding.add(bucket)

    async def _shared(self, buckets: list[Bucket], asks: list[Ask]) -> Sequence[Slice]:
        try:
            async with asyncio.timeout(self._patience):
                slices = await self._store.take(asks)
        except (Unavailable, TimeoutError):
            self._set_alone(True)
            return self._own_share(buckets, asks)
        self._counters.leases.inc()
        return slices

    def _own_share(self, buckets: list[Bucket], asks: list[Ask]) -> list[Slice]:
        now = self._clock.monotonic() * 1e6
        slices = []
        for bucket, ask in zip(buckets, asks, strict=True):
            own = Ask(ask.key, share_of(ask.rate, self.replicas), ask.least, ask.most)
            bucket.own_paid_until, found = take(bucket.own_paid_until, now, own)
            slices.append(found)
        return slices

    def _set_alone(self, is_alone: bool) -> None:
        if is_alone is self.is_alone:
            return
        self.is_alone = is_alone
        self._counters.fallback.set(1 if is_alone else 0)
        if is_alone:
            _log.warning("shared rate limits are away: this replica allows 1/%d of each limit", self.replicas)
        else:
            _log.warning("shared rate limits are back")

    async def sweep(self) -> None:
        """Gives back what was not used since the last sweep; looks whether shared buckets that were away are back."""
        idle = [bucket for bucket in self._holding if bucket.is_idle()]
        try:
            if idle or self.is_alone:
                async with asyncio.timeout(self._patience):
                    await self._give_back(idle)
        except (Unavailable, TimeoutError):
            self._set_alone(True)
        else:
            if self.is_alone:
                self._set_alone(False)

    async def _give_back(self, buckets: list[Bucket]) -> None:
        now = self._clock.monotonic()
        for start in range(0, max(len(buckets), 1), _KEYS_PER_CALL):
            chosen = buckets[start : start + _KEYS_PER_CALL]
            asks = [bucket.give_back() for bucket in chosen]
            self._holding.difference_update(chosen)
            for bucket, ask, found in zip(chosen, asks, await self._store.take(asks), strict=True):
                bucket.take_in(ask, found, now, 0.0)

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self.sweep()
            except Exception as error:
                log_failure("the return of unused units", error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # Without the context of the request that happens to be the first to need it.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
