"""Leases when answers are lost: what changed is followed all the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from actors.leases import SHARDS, Leases
from actors.ports import Standing
from models.domain.clock import ManualClock
from models.domain.errors import Unavailable


class LosesAnswers:
    """A lease store that does what it is asked and does not say so."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing

    async def beat(self, owner: str, ttl: timedelta) -> Standing:
        return self.standing

    async def acquire(self, owner: str, at_most: int) -> Mapping[int, int]:
        raise Unavailable

    async def succeed(self, owner: str, ttl: timedelta) -> Mapping[int, int]:
        return {}

    async def release(self, owner: str, shards: Collection[int] | None = None) -> None:
        raise Unavailable


def holding(standing: Standing, held: Mapping[int, int]) -> Leases:
    leases = Leases(LosesAnswers(standing), "shard-0#1", 2.5, ManualClock())
    leases.epochs = dict(held)
    return leases


async def test_shards_that_may_have_been_given_back_are_let_go() -> None:
    every = dict.fromkeys(range(SHARDS), 1)
    leases = holding(Standing(every, 2), every)
    change = await leases.beat()
    assert len(change.lost) == SHARDS // 2
    assert change.lost.isdisjoint(leases.epochs)


async def test_lost_shards_are_told_when_taking_others_fails() -> None:
    leases = holding(Standing({3: 1}, 1, free=5), {3: 1, 4: 1})
    change = await leases.beat()
    assert change.lost == {4}
    assert leases.epochs == {3: 1}
