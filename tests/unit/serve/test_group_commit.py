"""Group commit: tenants share batches, and a full queue keeps only those out who fill it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from models.domain.errors import Unavailable
from serve.group_commit import GroupCommit


class Commits:
    """Keeps batches; holds each until the test lets it go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()

    async def __call__(self, items: Sequence[str]) -> Sequence[str | Exception]:
        self.batches.append(list(items))
        await self.gate.wait()
        return list(items)


async def settled() -> None:
    """Lets everything happen that can happen now."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_quiet_lane_is_in_the_next_batch() -> None:
    commits = Commits()
    group: GroupCommit[str, str] = GroupCommit(commits, 10, 1_000, lane=lambda item: item[0])
    loud = [asyncio.create_task(group.submit(f"a{n}")) for n in range(100)]
    await settled()
    quiet = asyncio.create_task(group.submit("b0"))
    await settled()
    commits.gate.set()
    assert await quiet == "b0"
    assert "b0" in commits.batches[1]
    assert await asyncio.gather(*loud) == [f"a{n}" for n in range(100)]
    assert [item for batch in commits.batches for item in batch if item != "b0"] == [f"a{n}" for n in range(100)]


async def test_a_full_queue_refuses_who_fills_it_and_nobody_else() -> None:
    commits = Commits()
    group: GroupCommit[str, str] = GroupCommit(commits, 2, 6, lane=lambda item: item[0])
    loud = []
    for n in range(8):
        loud.append(asyncio.create_task(group.submit(f"a{n}")))
        await settled()
    # One is being committed, six wait, and the next was refused.
    with pytest.raises(Unavailable, match="max_waiting_requests"):
        await loud.pop()
    with pytest.raises(Unavailable, match="max_waiting_requests"):
        await group.submit("a8")
    quiet = [asyncio.create_task(group.submit(f"b{n}")) for n in range(3)]
    await settled()
    with pytest.raises(Unavailable, match="max_waiting_requests"):
        await group.submit("b3")
    commits.gate.set()
    assert await asyncio.gather(*quiet) == ["b0", "b1", "b2"]
    assert await asyncio.gather(*loud) == [f"a{n}" for n in range(7)]
