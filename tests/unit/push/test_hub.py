"""Every member gets every publication once and in order, whatever the feed loses; or is told that it lost its place."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from models.domain.push import Announced, Position, Publication, Slice
from serve.push.topic import Topic, continues
from tests.unit.push.fakes import RUNS, Bench, FakeWire, ask, make_bench


def offsets(wire: FakeWire) -> list[int]:
    return [m["push"]["pub"]["offset"] for m in wire.take() if "pub" in m.get("push", {})]


def unsubscribed(wire: FakeWire) -> list[int]:
    return [m["push"]["unsubscribe"]["code"] for m in wire.take() if "unsubscribe" in m.get("push", {})]


async def test_one_frame_for_all_members(bench: Bench) -> None:
    wires = [(await bench.subscribed())[1] for _ in range(3)]
    bench.log.publish(RUNS, "a", "b")
    await bench.settle()
    assert [offsets(wire) for wire in wires] == [[1, 2]] * 3


async def test_a_gap_in_the_feed_is_read_from_the_log(bench: Bench) -> None:
    _, wire, _ = await bench.subscribed()
    bench.log.publish(RUNS, "lost", "lost", tell=False)
    bench.log.publish(RUNS, "told")
    await bench.settle()
    assert offsets(wire) == [1, 2, 3]


async def test_what_is_told_twice_comes_once(bench: Bench) -> None:
    _, wire, _ = await bench.subscribed()
    told = bench.log.publish(RUNS, "a", "b")
    bench.log.announcements.put_nowait(told)
    bench.log.announcements.put_nowait(told[:1])
    await bench.settle()
    assert offsets(wire) == [1, 2]


async def test_a_new_connection_of_the_feed_looks_for_what_it_missed(bench: Bench) -> None:
    _, wire, _ = await bench.subscribed()
    bench.log.publish(RUNS, "lost", tell=False)
    bench.log.announcements.put_nowait([])
    await bench.settle()
    assert offsets(wire) == [1]


async def test_what_neither_feed_nor_publication_tells_is_found_by_looking(bench: Bench) -> None:
    _, wire, _ = await bench.subscribed()
    bench.log.publish(RUNS, "lost", tell=False)
    await bench.hub.check_positions()
    await bench.settle()
    assert offsets(wire) == [1]


@pytest.mark.parametrize("how", ["looked", "published", "reconnected"])
async def test_a_log_that_was_wiped_makes_clients_subscribe_again(bench: Bench, how: str) -> None:
    session, wire, _ = await bench.subscribed()
    bench.log.publish(RUNS, "a")
    await bench.settle()
    wire.take()
    bench.log.forget()
    if how == "looked":
        await bench.hub.check_positions()
    elif how == "published":
        bench.log.publish(RUNS, "new")
    else:
        bench.log.announcements.put_nowait([])
    await bench.settle()
    assert unsubscribed(wire) == [2500]
    reply = await ask(session, wire, subscribe={"channel": RUNS, "recover": True, "epoch": "e1", "offset": 1})
    assert reply["subscribe"]["recovered"] is False
    assert reply["subscribe"]["epoch"] == "e2"


async def test_a_log_that_lost_its_end_makes_clients_subscribe_again(bench: Bench) -> None:
    _, wire, _ = await bench.subscribed()
    bench.log.publish(RUNS, "a", "b")
    await bench.settle()
    wire.take()
    # A replica that had not got offset 2 took over, and 2 to 4 were given out again and lost by the feed but for 4.
    bench.log.tops[RUNS] = 1
    bench.log.streams[RUNS] = bench.log.streams[RUNS][:1]
    told = Announced(RUNS, "e1", Publication(5, b"1"))
    bench.log.announcements.put_nowait([told])
    await bench.settle()
    assert unsubscribed(wire) == [2500]


async def test_a_gap_that_was_trimmed_makes_clients_subscribe_again(bench: Bench) -> None:
    _, wire, _ = await bench.subscribed()
    bench.log.publish(RUNS, *range(10), tell=False)
    bench.log.trim(RUNS, 3)
    bench.log.publish(RUNS, "told")
    await bench.settle()
    assert unsubscribed(wire) == [2500]


async def test_a_log_that_is_away_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _, wire, _ = await bench.subscribed()
    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: real(0))
    bench.log.away = True
    bench.log.publish(RUNS, "lost", tell=False)
    bench.log.publish(RUNS, "told")
    await bench.settle()
    assert offsets(wire) == []
    bench.log.away = False
    await bench.settle()
    assert offsets(wire) == [1, 2]


async def test_recovery_beyond_memory_reads_the_log() -> None:
    bench = make_bench(window_publications=3)
    bench.log.publish(RUNS, *range(20), tell=False)
    _, _, reply = await bench.subscribed(recover=True, epoch="e1", offset=4)
    assert reply["subscribe"]["recovered"] is True
    assert [p["offset"] for p in reply["subscribe"]["publications"]] == list(range(5, 21))
    await bench.close()


@pytest.mark.parametrize("settings", [{"max_recovery": 10}, {"limits": {"max_socket_queue_bytes": 40}}])
async def test_recovery_is_limited(settings: dict[str, Any]) -> None:
    bench = make_bench(window_publications=3, **settings)
    bench.log.publish(RUNS, *(f"{n:05}" for n in range(20)), tell=False)
    _, _, reply = await bench.subscribed(recover=True, epoch="e1", offset=4)
    assert reply["subscribe"]["recovered"] is False
    assert reply["subscribe"]["publications"] == []
    await bench.close()


async def test_many_join_at_once_by_one_look_at_the_log(bench: Bench) -> None:
    sessions = [await bench.session() for _ in range(50)]
    before = bench.log.reads
    await asyncio.gather(*(ask(s, w, subscribe={"channel": RUNS}) for s, w in sessions))
    assert bench.log.reads - before == 2


async def test_a_channel_without_members_is_forgotten(bench: Bench) -> None:
    session, _, _ = await bench.subscribed()
    session.leave_all()
    assert bench.hub.channels == 0


@pytest.mark.parametrize("seed", range(30))
async def test_random_losses_never_lose_double_or_reorder(seed: int) -> None:
    """Feed messages are lost, doubled and delayed; members join, leave and come back with their position."""
    chance = random.Random(seed)
    bench = make_bench(window_publications=4, max_recovery=200)
    held: list[list[Announced]] = []
    clients: list[_Client] = [_Client() for _ in range(4)]
    for number in range(60):
        told = bench.log.publish(RUNS, number, tell=False)
        fate = chance.random()
        if fate < 0.6:
            bench.log.announcements.put_nowait(told)
        elif fate < 0.8:
            held.append(told)
        if held and chance.random() < 0.3:
            bench.log.announcements.put_nowait(held.pop(chance.randrange(len(held))))
        client = chance.choice(clients)
        if chance.random() < 0.3:
            await client.toggle(bench)
        if chance.random() < 0.5:
            await bench.settle()
    for client in clients:
        await client.toggle(bench, on=True)
    await bench.hub.check_positions()
    await bench.settle()
    for client in clients:
        client.collect()
        assert client.seen == list(range(client.seen[0], 61)) if client.seen else client.offset == 60
    await bench.close()


class _Client:
    """Keeps its position as the official clients do."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.offset: int | None = None
        self.epoch = ""
        self.at: tuple[Any, FakeWire] | None = None

    def collect(self) -> None:
        if self.at is not None:
            got = offsets(self.at[1])
            self.seen += got
            self.offset = got[-1] if got else self.offset

    async def toggle(self, bench: Bench, on: bool = False) -> None:
        self.collect()
        if self.at is not None:
            if not on:
                self.at[0].leave_all()
                self.at = None
            return
        recover = {} if self.offset is None else {"recover": True, "epoch": self.epoch, "offset": self.offset}
        session, wire, reply = await bench.subscribed(**recover)
        result = reply["subscribe"]
        assert not recover or result["recovered"]
        self.seen += [p["offset"] for p in result.get("publications", [])]
        self.epoch, self.offset, self.at = result["epoch"], result["offset"], (session, wire)


# ---------------------------------------------------------------- topics


def test_a_topic_remembers_by_count_and_by_size() -> None:
    tail = Slice(Position("e", 3), [Publication(n, b"x" * 10) for n in (1, 2, 3)])
    topic = Topic("t", tail, 5, 25)
    assert [p.offset for p in topic.since(1) or []] == [2, 3]
    assert topic.since(0) is None
    assert topic.since(3) == []
    assert topic.since(4) is None
    topic.advance([Publication(4, b"y" * 30)])
    assert topic.position == Position("e", 4)
    assert topic.since(3) is None


@pytest.mark.parametrize(
    ("found", "after", "top", "whole"),
    [
        ([], 3, 3, True),
        ([], 3, 4, False),
        ([4, 5], 3, 5, True),
        ([5], 3, 5, False),
        ([4], 3, 5, False),
        ([4, 6], 3, 6, False),
    ],
)
def test_continues(found: list[int], after: int, top: int, whole: bool) -> None:
    assert continues([Publication(n, b"") for n in found], after, top) is whole
