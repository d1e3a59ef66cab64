"""A channel somebody listens to: its members, where they are, and the newest publications in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from models.domain.push import Position, Publication, Slice


class Member(Protocol):
    """A connected client, as a topic sees it."""

    def evicted(self, channel: str) -> None:
        """The topic lost its place; the client must subscribe again and reload what it cannot recover."""


class Topic:
    """All members are at the same position: that is what makes one frame for all of them right."""

    __slots__ = ("_bytes", "_limit", "_limit_bytes", "_recent", "announced", "members", "name", "position", "syncing")

    def __init__(self, name: str, tail: Slice, limit: int, limit_bytes: int) -> None:
        self.name = name
        self.position = tail.top
        self.members: dict[Member, None] = {}
        self.syncing: asyncio.Task[None] | None = None
        self.announced = tail.top.offset
        self._limit, self._limit_bytes = limit, limit_bytes
        self._recent: deque[Publication] = deque()
        self._bytes = 0
        self._remember(tail.publications)

    def advance(self, publications: Sequence[Publication]) -> None:
        """Moves on by publications that follow the position without a gap."""
        self.position = Position(self.position.epoch, publications[-1].offset)
        self._remember(publications)

    def since(self, offset: int) -> list[Publication] | None:
        """What came after `offset`, or None when that is older than what is in memory."""
        missing = self.position.offset - offset
        if missing == 0:
            return []
        if missing < 0 or missing > len(self._recent):
            return None
        return list(self._recent)[-missing:]

    def _remember(self, publications: Sequence[Publication]) -> None:
        for publication in publications:
            self._recent.append(publication)
            self._bytes += len(publication.data)
        while len(self._recent) > self._limit or self._bytes > self._limit_bytes:
            self._bytes -= len(self._recent.popleft().data)


def continues(publications: Sequence[Publication], after: int, top: int) -> bool:
    """Whether these are exactly the publications after `after` up to `top`."""
    if not publications:
        return after == top
    first, last = publications[0].offset, publications[-1].offset
    return first == after + 1 and last == top and last - first + 1 == len(publications)
