"""Runs that listen, and runs of runs, over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from models.domain.dsl.problems import PREFIX
from models.domain.events import parse_event
from models.domain.ports import Wake
from serve import records as r
from storage import run_inbox
from tests.integration.actors.kit import World, call, document, world
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.usefixtures("postgres")


def hear(wanted: dict[str, Any], name: str = "hear", **more: Any) -> dict[str, Any]:
    return {name: {"listen": {"to": {"one": wanted}}, **more}}


def go(name: str, **more: Any) -> dict[str, Any]:
    return {"go": {"run": {"workflow": {"namespace": "ops", "name": name, "version": "latest"}, **more}}}


async def send(w: World, account: r.NewAccount, *events: dict[str, Any]) -> list[Wake]:
    """Events as POST /v1/events stores them; the runs that are to be woken."""
    now = w.clock.now()
    told = [parse_event({"specversion": "1.0", "source": "https://e.example", **event}, now) for event in events]
    answers = await w.api.events.ingest([r.IngestEvents(account.tenant_id, told, now)])
    return [wake for answer in answers for wake in answer.wakes]


async def listening(w: World, count: int) -> None:
    await w.until_row("SELECT count(*) = $1 FROM run_subscriptions", count)


async def outputs(w: World, wakes: list[Wake]) -> list[Any]:
    rows = await w.rows("SELECT id, output FROM runs WHERE id = ANY($1)", [wake.run_id for wake in wakes])
    found = {row["id"]: row["output"] for row in rows}
    return [found[wake.run_id] for wake in wakes]


CORRELATED = hear({"with": {"type": "paid"}, "correlate": {"n": {"from": ".data.n", "expect": "${ .n }"}}})


async def test_each_event_reaches_the_run_it_is_for_once_and_wakes_no_other(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document({"n": {"set": {"n": "${ $workflow.id }"}}}, CORRELATED))
        shard = w.shard()
        await w.owned(shard)
        wakes = await w.accept(account, 30)
        shard.wake("test", wakes, ())
        await listening(w, 30)
        await w.until_row("SELECT count(*) = 30 FROM runs WHERE status = 'waiting'")
        events = [{"id": str(n), "type": "paid", "data": {"n": str(one.run_id)}} for n, one in enumerate(wakes)]
        woken = await send(w, account, *events, *events)
        assert sorted(one.run_id for one in woken) == sorted(one.run_id for one in wakes)
        assert await send(w, account, *events) == []
        shard.wake("test", woken, ())
        await w.ended()
        assert await outputs(w, wakes) == [[{"n": str(one.run_id)}] for one in wakes]
        assert await w.value("SELECT count(*) FROM journal WHERE type = 'task.received'") == 30
        assert await w.value("SELECT count(*) FROM run_subscriptions") == 0
        assert await w.value("SELECT count(*) FROM run_inbox") == 0
        assert await w.violations() == []


async def test_events_that_come_while_no_shard_is_there_are_not_lost(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        tasks = {"hear": {"listen": {"to": {"any": [{"with": {"type": "a"}}], "until": "length == 50"}}}}
        account = await w.tenant(document(tasks))
        first = w.shard()
        await w.owned(first)
        wakes = await w.accept(account, 3)
        first.wake("test", wakes, ())
        await listening(w, 3)
        for n in range(50):
            woken = await send(w, account, {"id": str(n), "type": "a", "data": n})
            for shard in w.shards:
                shard.wake("test", woken, ())
            if n == 15:
                await w.kill(first)
            if n == 30:
                w.shard()
        await w.ended()
        for output in await outputs(w, wakes):
            assert output == list(range(50))
        assert await w.violations() == []


async def test_an_event_of_another_tenant_or_type_reaches_nobody(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account, other = await w.tenant(document(hear({"with": {"type": "a"}}))), await w.tenant()
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", await w.accept(account), ())
        await listening(w, 1)
        assert await send(w, other, {"id": "1", "type": "a"}) == []
        assert await send(w, account, {"id": "1", "type": "b"}) == []
        assert await w.value("SELECT count(*) FROM run_inbox") == 0


async def test_a_cancelled_listen_is_no_longer_subscribed(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(hear({"with": {"type": "a"}})))
        shard = w.shard()
        await w.owned(shard)
        (one,) = await w.accept(account)
        shard.wake("test", [one], ())
        await listening(w, 1)
        await w.api.runs.request_cancel(account.tenant_id, one.run_id, w.clock.now())
        await w.ended()
        assert await w.value("SELECT count(*) FROM run_subscriptions") == 0


async def test_an_event_emitted_by_a_run_reaches_one_that_listens(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(hear({"with": {"type": "told"}})))
        emit = {"tell": {"emit": {"event": {"with": {"source": "https://e.example", "type": "told", "data": 7}}}}}
        await w.put(account, document(emit, name="teller"))
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", heard := await w.accept(account), ())
        await listening(w, 1)
        shard.wake("test", await w.accept(account, name="teller"), ())
        await w.ended()
        assert await outputs(w, heard) == [[7]]


async def test_what_came_too_late_for_a_run_hides_no_other(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(hear({"with": {"type": "a"}})))
        await w.put(account, document(hear({"with": {"type": "b"}}), name="other"))
        first = w.shard()
        await w.owned(first)
        first.wake("test", one := await w.accept(account), ())
        first.wake("test", other := await w.accept(account, name="other"), ())
        await listening(w, 2)
        woken = await send(w, account, *[{"id": str(n), "type": "a", "data": n} for n in range(50)])
        first.wake("test", woken, ())
        await w.ended(one)
        await w.kill(first)
        await send(w, account, {"id": "b", "type": "b", "data": "heard"})
        async with w.database.read() as conn:
            found = await run_inbox.waiting(conn, list(range(64)), 10)
        assert [addressed.run_id for addressed in found] == [other[0].run_id]
        w.shard()
        await w.ended()
        assert await outputs(w, one + other) == [[0], ["heard"]]
        async with w.database.unit_of_work() as conn:
            await run_inbox.forget_of_ended(conn, 1_000)
        assert await w.value("SELECT count(*) FROM run_inbox") == 0


# ---------------------------------------------------------------- runs of runs


async def _children(w: World) -> list[dict[str, Any]]:
    return await w.rows("SELECT id, name, status, cause, input FROM runs WHERE cause->>'kind' = 'run' ORDER BY id")


async def test_a_run_awaits_another_and_takes_its_output(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(go("child"), {"use": {"set": {"got": "${ .x }"}}}))
        await w.put(account, document({"make": {"set": {"x": 5}}}, name="child"))
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", wakes := await w.accept(account, 20), ())
        await w.ended()
        assert await outputs(w, wakes) == [{"got": 5}] * 20
        children = await _children(w)
        assert {UUID(one["cause"]["run"]) for one in children} == {one.run_id for one in wakes}
        assert len(children) == 20
        assert await w.value("SELECT count(*) FROM run_inbox") == 0


async def test_a_run_of_a_workflow_that_is_not_there_faults(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(go("nothing")))
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", await w.accept(account), ())
        await w.ended()
        error = await w.value("SELECT error FROM runs")
        assert (error["type"], error["instance"]) == (f"{PREFIX}configuration", "/do/0/go")
        assert "There is no workflow ops/nothing" in error["detail"]


async def test_cancelling_a_run_cancels_the_runs_that_it_awaits(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(go("middle")))
        await w.put(account, document(go("leaf"), name="middle"))
        await w.put(account, document({"rest": {"wait": {"hours": 1}}}, name="leaf"))
        shard = w.shard()
        await w.owned(shard)
        (one,) = await w.accept(account)
        shard.wake("test", [one], ())
        await w.until_row("SELECT count(*) = 3 FROM runs WHERE status = 'waiting'")
        await w.api.runs.request_cancel(account.tenant_id, one.run_id, w.clock.now())
        await w.until_row("SELECT count(*) = 3 FROM runs WHERE status = 'cancelled'")


async def test_a_child_that_ends_while_no_shard_is_there_is_told(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(go("child")))
        await w.put(account, document(call("act"), name="child"))
        w.target.seconds = 0.3
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", await w.accept(account, 5), ())
        await w.until_row("SELECT count(*) = 5 FROM runs WHERE name = 'child' AND status = 'running'")
        await w.kill(shard)
        w.shard()
        await w.ended()
        assert await w.value("SELECT count(*) FROM runs WHERE status = 'completed'") == 10


async def test_a_workflow_that_runs_itself_comes_to_an_end(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(go("flow")))
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", wakes := await w.accept(account), ())
        await w.ended()
        assert await w.value("SELECT count(*) FROM runs WHERE status = 'faulted'") == 17
        error = await w.value("SELECT error FROM runs WHERE id = $1", wakes[0].run_id)
        assert "max_run_depth" in error["detail"]


async def test_runs_that_flow_control_holds_start_one_after_the_other(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(go("child")))
        held = document(call("act"), name="child")
        held["document"]["metadata"] = {"flowControl": {"concurrency": {"limit": 1}}}
        await w.put(account, held)
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", await w.accept(account, 4), ())
        await w.ended()
        assert await w.value("SELECT count(*) FROM runs WHERE status = 'completed'") == 8
        assert await w.violations() == []


async def test_a_run_that_flow_control_refuses_faults_the_task(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(go("child")))
        alone = document({"rest": {"wait": {"hours": 1}}}, name="child")
        alone["document"]["metadata"] = {"flowControl": {"singleton": {"mode": "skip"}}}
        await w.put(account, alone)
        shard = w.shard()
        await w.owned(shard)
        for _ in range(2):
            shard.wake("test", await w.accept(account), ())
            await w.until_row("SELECT count(*) > 0 FROM runs WHERE name = 'child'")
        await w.until_row("SELECT count(*) = 1 FROM runs WHERE name = 'flow' AND status = 'faulted'")
        error = await w.value("SELECT error FROM runs WHERE status = 'faulted'")
        assert error["instance"] == "/do/0/go"


async def test_more_messages_than_one_load_takes_all_arrive(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        tasks = {"hear": {"listen": {"to": {"any": [{"with": {"type": "a"}}], "until": "length == 1200"}}}}
        account = await w.tenant(document(tasks))
        first = w.shard()
        await w.owned(first)
        first.wake("test", wakes := await w.accept(account), ())
        await listening(w, 1)
        await w.kill(first)
        for n in range(0, 1200, 400):
            await send(w, account, *[{"id": str(i), "type": "a", "data": i} for i in range(n, n + 400)])
        w.shard()
        await w.ended()
        assert await outputs(w, wakes) == [list(range(1200))]


# ---------------------------------------------------------------- events that start runs


async def test_a_workflow_whose_event_starts_itself_comes_to_an_end(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        emit = {"tell": {"emit": {"event": {"with": {"source": "https://e.example", "type": "again"}}}}}
        account = await w.tenant(document(emit, schedule={"on": {"one": {"with": {"type": "again"}}}}))
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", await send(w, account, {"id": "1", "type": "again"}), ())
        await w.until_row("SELECT count(*) = 1 FROM runs WHERE status = 'faulted'")
        assert await w.value("SELECT count(*) FROM runs WHERE status = 'completed'") == 32
        error = await w.value("SELECT error FROM runs WHERE status = 'faulted'")
        assert "max_event_hops" in error["detail"]


async def test_a_schedule_on_all_starts_one_run_for_each_whole_set(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        key = {"order": {"from": ".data.order"}}
        on = {"all": [{"with": {"type": kind}, "correlate": key} for kind in ("paid", "packed")]}
        account = await w.tenant(document({"one": {"set": "${ {n: length} }"}}, schedule={"on": on}))
        shard = w.shard()
        await w.owned(shard)
        events = [
            {"id": f"{kind}{n}", "type": kind, "data": {"order": n}} for kind in ("paid", "packed") for n in range(20)
        ]
        woken = []
        for n in range(0, len(events), 5):
            woken += await asyncio.gather(*(send(w, account, event) for event in events[n : n + 5]))
        assert await w.value("SELECT count(*) FROM event_gatherings") == 0
        shard.wake("test", [wake for one in woken for wake in one], ())
        await w.until_row("SELECT count(*) = 20 FROM runs WHERE status = 'completed'")
        inputs = [row["input"] for row in await w.rows("SELECT input FROM runs")]
        assert all({event["type"] for event in given} == {"paid", "packed"} for given in inputs)
        assert all(given[0]["data"] == given[1]["data"] for given in inputs)
        assert sorted(given[0]["data"]["order"] for given in inputs) == list(range(20))
