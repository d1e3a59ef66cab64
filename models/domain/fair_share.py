"""Fair shares between tenants: whoever asks for little is served as if it were alone, whatever others have waiting."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterator
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
L = TypeVar("L", bound=Hashable)


def _one(lane: Hashable) -> float:
    return 1.0


class FairQueue(Generic[L, T]):
    """Weighted fair queueing over lanes (tenants), first come, first served within one; an item is in it once.

    Each lane has a virtual time, which grows by 1 / weight with each item taken; the lane that is furthest behind is
    next. A lane that was idle starts at the time of the others, so that it can neither save up turns nor owe any: with
    n lanes of equal weight waiting, the first item of a lane that comes new is taken after at most n others.
    """

    def __init__(self, weight: Callable[[L], float] = _one) -> None:
        self._weight = weight
        self._lanes: dict[L, dict[T, None]] = {}
        self._heap: list[tuple[float, int, L]] = []
        self._due: dict[L, float] = {}
        self._now = 0.0
        self._numbers = count()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, item: tuple[L, T]) -> bool:
        lane, value = item
        return value in self._lanes.get(lane, ())

    def waiting(self, lane: L) -> int:
        """How many items the lane has."""
        return len(self._lanes.get(lane, ()))

    @property
    def lanes(self) -> int:
        """How many lanes have something waiting."""
        return len(self._lanes)

    def push(self, lane: L, item: T) -> None:
        """Queues the item unless it is there already."""
        items = self._lanes.get(lane)
        if items is None:
            items = self._lanes[lane] = {}
            heapq.heappush(self._heap, (max(self._now, self._due.get(lane, 0.0)), next(self._numbers), lane))
        if item not in items:
            items[item] = None
            self._size += 1

    def pop(self) -> tuple[L, T]:
        """The item whose turn it is; IndexError when there is none."""
        at, _, lane = heapq.heappop(self._heap)
        items = self._lanes[lane]
        item = next(iter(items))
        del items[item]
        self._size -= 1
        self._now = at
        due = at + 1.0 / self._weight(lane)
        if items:
            heapq.heappush(self._heap, (due, next(self._numbers), lane))
        else:
            del self._lanes[lane]
            self._due[lane] = due
            self._forget()
        return lane, item

    def take(self, most: int) -> Iterator[tuple[L, T]]:
        """Up to so many, one after the other."""
        for _ in range(min(most, self._size)):
            yield self.pop()

    def _forget(self) -> None:
        """Lanes that are not ahead any more are as good as new."""
        if not self._lanes:
            self._due.clear()
        elif len(self._due) > 2 * len(self._lanes) + 64:
            self._due = {lane: due for lane, due in self._due.items() if due > self._now}
