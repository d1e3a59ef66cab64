"""Messages to runs in memory: each is an event once, and goes with what it led to."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from actors.inbox import Delivered, Seen
from actors.ports import InboxMessage, RunAppend, RunKey, StoredRun
from models.domain.dsl.protocol_messages import ChildEnded, EventReceived
from models.domain.ports import Wake
from models.domain.runs import RunStatus
from tests.unit.actors.fakes import FakePostgres, World, definition, settle, world

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEAR = {"hear": {"listen": {"to": {"any": [{"with": {"type": "a"}}], "until": "length == 3"}}}}


def test_a_message_is_given_once_and_kinds_of_later_versions_wait() -> None:
    seen = Seen()
    event = InboxMessage(5, "event", {"type": "a"})
    end = InboxMessage(6, "ended", {"step": 2, "status": "completed", "output": 1, "error": None})
    found = seen.take([event, end, InboxMessage(7, "of tomorrow", {})], NOW)
    assert found == [
        Delivered(5, EventReceived(5, {"type": "a"}, NOW)),
        Delivered(6, ChildEnded(6, 2, RunStatus.COMPLETED, 1, None, NOW)),
    ]
    assert seen.take([event, end], NOW) == []


class Inbox(FakePostgres):
    """Stores messages; rows go with the append that took them."""

    messages: dict[UUID, list[InboxMessage]]
    taken: list[int]

    def put(self, wake: Wake, *messages: InboxMessage) -> None:
        self.messages.setdefault(wake.run_id, []).extend(messages)

    async def read(self, keys: Collection[RunKey]) -> Sequence[StoredRun]:
        return [replace(one, messages=list(self.messages.get(one.run.id, ()))) for one in await super().read(keys)]

    async def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        before = len(self.appends)
        try:
            return await super().append(batch)
        finally:
            # One transaction, whether its answer arrives or not.
            for item in batch if len(self.appends) > before else ():
                self.taken += item.messages.taken
                kept = [one for one in self.messages.get(item.run_id, ()) if one.id not in item.messages.taken]
                self.messages[item.run_id] = kept


def event(number: int, kind: str = "a") -> InboxMessage:
    return InboxMessage(number, "event", {"source": "/s", "id": str(number), "type": kind, "data": number})


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> type[Inbox]:
    monkeypatch.setattr("tests.unit.actors.fakes.FakePostgres", Inbox)
    return Inbox


def stored(w: World) -> Inbox:
    assert isinstance(w.store, Inbox)
    w.store.messages, w.store.taken = {}, []
    return w.store


def again(one: Wake) -> Wake:
    return Wake(one.tenant_id, one.run_id, one.shard)


async def test_a_run_takes_its_messages_in_order_and_each_once(inbox: type[Inbox]) -> None:
    async with world(definition(HEAR)) as w:
        store = stored(w)
        shard = await w.owning()
        w.wake(shard, one := store.accept())
        await settle()
        store.put(one, event(1), event(2, "b"))
        for _ in range(3):
            w.wake(shard, again(one))
        await settle()
        assert store.taken == [1, 2]
        store.put(one, event(3), event(4), event(5))
        w.wake(shard, again(one))
        await w.ended(one)
        assert store.run(one).output == [1, 3, 4]
        assert store.types(one).count("task.received") == 3


async def test_a_message_that_leads_to_nothing_goes_too(inbox: type[Inbox]) -> None:
    async with world(definition(HEAR)) as w:
        store = stored(w)
        shard = await w.owning()
        w.wake(shard, one := store.accept())
        await settle()
        before = store.run(one).last_seq
        store.put(one, event(1, "b"))
        w.wake(shard, again(one))
        await settle()
        assert store.taken == [1]
        assert store.run(one).last_seq == before
        assert store.run(one).status is RunStatus.WAITING


async def test_a_message_whose_commit_got_no_answer_counts_once(inbox: type[Inbox]) -> None:
    async with world(definition(HEAR)) as w:
        store = stored(w)
        shard = await w.owning()
        w.wake(shard, one := store.accept())
        await settle()
        store.put(one, event(1), event(2))
        store.loses_answers = 1
        w.wake(shard, again(one))
        await settle()
        await w.clock.go_on(2.0)
        store.put(one, event(3))
        w.wake(shard, again(one))
        await w.clock.go_on(2.0)
        await w.ended(one)
        assert store.run(one).output == [1, 2, 3]
        assert store.violations() == []


async def test_messages_that_no_shard_took_are_taken_by_the_next(inbox: type[Inbox]) -> None:
    async with world(definition(HEAR)) as w:
        store = stored(w)
        first = await w.owning()
        w.wake(first, one := store.accept())
        await settle()
        await w.kill(first)
        store.put(one, event(1), event(2), event(3))
        await w.clock.go_on(5.0)
        second = await w.owning("shard-1")
        w.wake(second, again(one))
        await w.ended(one)
        assert store.run(one).output == [1, 2, 3]


def script(**more: Any) -> Mapping[str, Any]:
    return definition({"s": {"run": {"await": False, "script": {"language": "js", "code": "1"}}}}, *more.values())


async def test_a_script_that_nobody_waits_for_runs_though_its_run_has_ended() -> None:
    async with world(script()) as w:
        w.steps.holds = True
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await w.ended(one)
        await settle()
        assert list(w.steps.arrivals.values()) == [1]
        assert len(w.steps.open) == 1
        w.steps.end_one()
        await settle()
        assert w.steps.open == {}
        assert w.store.violations() == []


async def test_a_script_that_nobody_waits_for_is_performed_once() -> None:
    async with world(script(then={"rest": {"wait": {"seconds": 2}}})) as w:
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await settle()
        await w.clock.go_on(3.0)
        await w.ended(one)
        assert list(w.steps.arrivals.values()) == [1]


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_dies_each_event_counts_once_and_in_order(inbox: type[Inbox], seed: int) -> None:
    chance = random.Random(seed)
    hear = {"hear": {"listen": {"to": {"any": [{"with": {"type": "a"}}], "until": "length == 8"}}}}
    async with world(definition(hear)) as w:
        store = stored(w)
        shard = await w.owning()
        w.wake(shard, one := store.accept())
        await settle()
        number = 0
        while number < 8 or store.run(one).ended_at is None:
            match chance.choice(("event", "wake", "wake", "kill", "lose", "time", "away")):
                case "event" if number < 8:
                    number += 1
                    store.put(one, event(number))
                case "kill":
                    await w.kill(shard)
                    await w.clock.go_on(4.0)
                    shard = await w.owning(f"shard-{chance.randrange(3)}")
                case "lose":
                    store.loses_answers = 1
                case "away":
                    store.away = True
                    await settle()
                    store.away = False
                case "time":
                    await w.clock.go_on(chance.choice((0.1, 1.0, 4.0)))
            await w.clock.go_on(0.2)
            shard.wake("test", [again(one)], ())
            await settle()
        assert store.run(one).output == list(range(1, 9))
        assert store.taken == list(range(1, 9))
        assert store.violations() == []
