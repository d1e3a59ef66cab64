"""The client of the shards: wakes in batches, ends heard, and nothing lost when actors die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from actors.shard_client import ShardClient
from actors.wire import pack, read_ends, read_ids, read_request, read_response, read_wakes
from models.domain.clock import ManualClock
from models.domain.errors import Unavailable
from models.domain.ports import Ended, HttpRequest, HttpResponse, Wake
from models.domain.runs import NewRun, RunStatus, WorkflowRef

TENANT = UUID(int=1)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def wake(shard: int = 0) -> Wake:
    return Wake(TENANT, uuid4(), shard)


def end(of: Wake) -> Ended:
    return Ended(of.run_id, RunStatus.COMPLETED, {"n": 1}, None)


@dataclass
class Shard:
    """A shard actor: what it was told, and what it tells."""

    calls: list[list[Wake]] = field(default_factory=list)
    awaited: list[UUID] = field(default_factory=list)
    strange: set[UUID] = field(default_factory=set)
    told: asyncio.Queue[list[Ended]] = field(default_factory=asyncio.Queue)
    gate: asyncio.Event | None = None
    dead: bool = False
    polls: int = 0

    async def wake(self, subscriber: str, wakes: Sequence[Wake], awaited: Sequence[UUID]) -> Sequence[UUID]:
        self.calls.append(list(wakes))
        if self.gate is not None:
            await self.gate.wait()
        if self.dead:
            raise ConnectionError("gone")
        self.awaited += awaited
        return [one.run_id for one in wakes if one.run_id in self.strange]

    async def ends(self, subscriber: str, seconds: float) -> Sequence[Ended]:
        self.polls += 1
        if self.dead:
            raise ConnectionError("gone")
        return await self.told.get()


@dataclass
class World:
    """Two actors that share the shards, and a table."""

    shards: dict[str, Shard]
    owned: dict[int, str]
    table: list[Ended] = field(default_factory=list)
    away: bool = False
    asked: int = 0

    async def owners(self) -> Mapping[int, str]:
        self.asked += 1
        if self.away:
            raise Unavailable
        return {shard: f"{actor}#{uuid4().hex}" for shard, actor in self.owned.items()}

    async def ended(self, keys: Collection[tuple[UUID, UUID]]) -> Sequence[Ended]:
        return [one for one in self.table if any(one.run_id == run for _, run in keys)]

    async def find(self, actor: str) -> Shard:
        return self.shards[actor]


@pytest.fixture
def w() -> World:
    return World({"a": Shard(), "b": Shard()}, {0: "a", 1: "b"})


@pytest.fixture
async def client(w: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ShardClient]:
    monkeypatch.setattr("actors.shard_client._PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("actors.shard_client._LOOK_SECONDS", 0.001)
    made = ShardClient(w, w.find, ManualClock())
    yield made
    await made.close()


async def until(is_so: Any) -> None:
    async with asyncio.timeout(5):
        while True:
            if is_so():
                return
            await asyncio.sleep(0)


async def test_wakes_go_to_their_owners_in_batches(w: World, client: ShardClient) -> None:
    wakes = [wake(n % 2) for n in range(10)]
    client.wake(wakes)
    await until(lambda: w.shards["a"].calls and w.shards["b"].calls)
    assert [len(call) for call in w.shards["a"].calls] == [5]
    assert [len(call) for call in w.shards["b"].calls] == [5]
    w.shards["a"].gate = asyncio.Event()
    for _ in range(50):
        client.wake([wake(0)])
        await asyncio.sleep(0)
    w.shards["a"].gate.set()
    await until(lambda: sum(map(len, w.shards["a"].calls)) == 55)
    assert len(w.shards["a"].calls) == 3
    assert w.asked == 1


async def test_an_end_is_heard_by_all_who_wait(w: World, client: ShardClient) -> None:
    one, other = wake(), wake()
    waiting = [asyncio.create_task(client.wait(run.run_id, 5)) for run in (one, one, other)]
    await asyncio.sleep(0)
    client.wake([one, other])
    await until(lambda: len(w.shards["a"].awaited) == 2)
    w.shards["a"].told.put_nowait([end(other), end(one)])
    assert await asyncio.gather(*waiting) == [end(one), end(one), end(other)]
    assert client._waiters == {}


async def test_nobody_listens_when_nobody_waits(w: World, client: ShardClient) -> None:
    client.wake([wake()])
    await until(lambda: w.shards["a"].calls)
    assert w.shards["a"].polls == 0
    assert w.shards["a"].awaited == []


async def test_who_waited_long_enough_hears_nothing(w: World, client: ShardClient) -> None:
    assert await client.wait(uuid4(), 0.01) is None
    assert client._waiters == {}


async def test_a_moved_shard_is_found_again(w: World, client: ShardClient) -> None:
    one = wake(0)
    w.shards["a"].strange.add(one.run_id)
    client.wake([one])
    await until(lambda: w.shards["a"].calls)
    w.owned[0] = "b"
    await until(lambda: w.shards["b"].calls)
    assert w.shards["b"].calls == [[one]]


async def test_wakes_for_a_dead_actor_go_to_its_successor(w: World, client: ShardClient) -> None:
    first, second = wake(0), wake(0)
    client.wake([first])
    await until(lambda: w.shards["a"].calls)
    w.shards["a"].dead = True
    client.wake([second])
    await until(lambda: len(w.shards["a"].calls) > 1)
    w.owned[0] = "b"
    await until(lambda: w.shards["b"].calls)
    assert w.shards["b"].calls == [[second]]


async def test_an_end_that_was_not_told_is_found_in_the_table(w: World, client: ShardClient) -> None:
    one = wake(0)
    waiting = asyncio.create_task(client.wait(one.run_id, 5))
    await asyncio.sleep(0)
    client.wake([one])
    await until(lambda: w.shards["a"].awaited)
    w.shards["a"].dead = True
    w.table.append(end(one))
    client._clock.advance(1)  # type: ignore[attr-defined]
    assert await waiting == end(one)


async def test_a_wake_that_finds_no_owner_is_given_up(w: World, client: ShardClient) -> None:
    w.owned.clear()
    client.wake([wake(0)])
    await until(lambda: w.asked >= 4 and not client._homeless)
    w.away = True
    client.wake([wake(0)])
    await until(lambda: not client._homeless)
    assert w.shards["a"].calls == []


def test_what_goes_over_the_wire_comes_back_as_it_was() -> None:
    new = NewRun(TENANT, uuid4(), WorkflowRef("a", "b", "1"), {"x": [1, 2.5, None, "ü"]}, AT, {"kind": "api"})
    wakes = [Wake(TENANT, new.id, 3, new), wake()]
    assert read_wakes(pack(wakes)) == wakes
    ends = [Ended(new.id, RunStatus.FAULTED, None, {"status": 500})]
    assert read_ends(pack(ends)) == ends
    ids = [uuid4()]
    assert read_ids(pack(ids)) == ids
    request = HttpRequest("POST", "https://a", {"a": "b"}, b"\x00", 1.5, False, None)
    assert read_request(pack(request)) == request
    response = HttpResponse(200, {"a": "b"}, b"\xff")
    assert read_response(pack(response)) == response
