"""Shards over a real PostgreSQL: leases, the fence, recovery, and everything that is written with an append."""

from __future__ import annotations

import asyncio
import random

from actors.workflow_shard import _WORKING
from models.domain.ports import Wake
from models.domain.runs import RunStatus
from tests.integration.actors.kit import THREE, call, document, until, world
from tests.servers.postgres import PostgresServer, running_postgres
from tests.storage_kit import new_account


async def test_runs_end_and_their_ends_are_told(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(THREE)
        shard = w.shard()
        await w.owned(shard)
        wakes = await w.accept(account, 300)
        awaited = {wake.run_id for wake in wakes}
        assert shard.wake("test", wakes, awaited) == []
        while awaited:
            for end in await shard.ends("test", 5):
                assert (end.status, end.output) == (RunStatus.COMPLETED, {"value": 4})
                awaited.remove(end.run_id)
        assert await w.violations() == []
        run = await w.api.runs.get(account.tenant_id, wakes[0].run_id)
        assert (run.status, run.output, run.last_seq) == (RunStatus.COMPLETED, {"value": 4}, 8)


async def test_runs_that_nobody_woke_are_found(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(THREE)
        await w.accept(account, 700)
        w.shard()
        await w.ended()
        assert await w.violations() == []


async def test_a_waiting_run_sleeps_and_wakes(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document({"pause": {"wait": {"seconds": 3}}}))
        shard = w.shard()
        await w.owned(shard)
        (one,) = await w.accept(account)
        shard.wake("test", [one], ())
        await w.until_row("SELECT status = 'waiting' FROM runs WHERE id = $1", one.run_id)
        await until(lambda: not len(shard.keeper.runs))
        await w.ended()
        taken = await w.value("SELECT extract(epoch FROM ended_at - started_at) FROM runs WHERE id = $1", one.run_id)
        assert 3.0 <= taken < 3.8
        assert await w.violations() == []


async def test_a_cancelled_run_ends(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document({"pause": {"wait": {"hours": 1}}}))
        shard = w.shard()
        await w.owned(shard)
        woken, forgotten = await w.accept(account, 2)
        shard.wake("test", [woken, forgotten], ())
        await w.until_row("SELECT count(*) = 2 FROM runs WHERE status = 'waiting'")
        for one in (woken, forgotten):
            await w.api.runs.request_cancel(account.tenant_id, one.run_id, w.clock.now())
        shard.wake("test", [Wake(woken.tenant_id, woken.run_id, woken.shard)], ())
        await w.ended()
        assert await w.value("SELECT count(*) FROM runs WHERE status = 'cancelled'") == 2


async def test_two_shards_share_the_work(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        accounts = [await w.tenant(THREE) for _ in range(12)]
        first, second = w.shard("shard-0"), w.shard("shard-1")
        await w.owned(first, 32)
        await w.owned(second, 32)
        for account in accounts:
            wakes = await w.accept(account, 20)
            strange = first.wake("test", wakes, ())
            assert len(strange) in (0, 20)
            if strange:
                assert second.wake("test", wakes, ()) == []
        await w.ended()
        assert await w.violations() == []


async def test_an_owner_that_stood_still_writes_nothing_after_the_take_over(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(call("first"), call("second")))
        journal = w.journal()
        old = w.shard("shard-0", journal)
        await w.owned(old)
        wakes = await w.accept(account, 20)
        journal.gate, journal.stopped = asyncio.Event(), asyncio.Event()
        old.wake("test", wakes, ())
        await journal.stopped.wait()
        for task in old._tasks[_WORKING:]:
            task.cancel()
        new = w.shard("shard-1")
        await w.owned(new)
        await w.ended()
        before = await w.rows("SELECT run_id, seq, epoch FROM journal ORDER BY run_id, seq")
        journal.gate.set()
        await until(lambda: not len(old.keeper.runs))
        assert await w.rows("SELECT run_id, seq, epoch FROM journal ORDER BY run_id, seq") == before
        assert {row["epoch"] for row in before} == {max(row["epoch"] for row in before)}
        assert await w.violations() == []


async def test_shards_are_killed_again_and_again(postgres: PostgresServer) -> None:
    dice = random.Random(4)
    async with world(postgres) as w:
        w.target.seconds = 0.02
        names = ("a", "b", "c", "d")
        accounts = [await w.tenant(document(*(call(name) for name in names))) for _ in range(4)]
        shards = {name: w.shard(name) for name in ("shard-0", "shard-1")}
        for _ in range(12):
            for account in accounts:
                wakes = await w.accept(account, 10)
                for shard in shards.values():
                    shard.wake("test", wakes, ())
            await asyncio.sleep(dice.uniform(0.02, 0.15))
            victim = dice.choice(sorted(shards))
            await w.kill(shards[victim])
            shards[victim] = w.shard(victim)
        await w.ended(seconds=40)
        # An idempotent target: each key counts once, and none is missing.
        assert len(w.target.arrivals) == len(w.accepted) * len(names)
        assert await w.violations() == []


async def test_steps_with_the_policy_stop_are_done_at_most_once(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        w.target.seconds = 0.03
        account = await w.tenant(document(call("once", "stop"), call("then", "stop")))
        shard = w.shard()
        for _ in range(6):
            await w.owned(shard)
            shard.wake("test", await w.accept(account, 15), ())
            await asyncio.sleep(0.05)
            await w.kill(shard)
            shard = w.shard()
        await w.ended(seconds=40)
        assert await w.violations(w.target.arrivals) == []
        unknown = await w.value("SELECT count(*) FROM runs WHERE error->>'type' LIKE '%outcome-unknown'")
        done = await w.value("SELECT count(*) FROM runs WHERE status = 'completed'")
        assert unknown > 0
        assert unknown + done == len(w.accepted)


def test_postgres_is_killed_and_nothing_is_lost() -> None:
    async def go(server: PostgresServer) -> None:
        async with world(server) as w:
            w.target.seconds = 0.01
            account = await w.tenant(document(call("a"), call("b"), call("c", "stop")))
            shard = w.shard()
            await w.owned(shard)
            shard.wake("test", await w.accept(account, 200), ())
            await asyncio.sleep(0.15)
            server.kill()
            await asyncio.sleep(0.5)
            await asyncio.to_thread(server.start)
            await w.ended(seconds=30)
            assert await w.violations(w.target.arrivals) == []
            assert await w.value("SELECT count(*) FROM runs WHERE status = 'completed'") == 200

    with running_postgres() as server:
        asyncio.run(go(server))


async def test_emitted_events_are_stored_told_and_start_runs(postgres: PostgresServer) -> None:
    emit = {"tell": {"emit": {"event": {"with": {"source": "/ops", "type": "com.example.late", "data": {"n": 1}}}}}}
    async with world(postgres) as w:
        account = await w.tenant(document(emit))
        listener = document(
            {"see": {"set": {"seen": "${ .[0].type }"}}},
            name="listener",
            schedule={"on": {"one": {"with": {"type": "com.example.late"}}}},
        )
        await w.put(account, listener)
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", await w.accept(account, 5), ())
        await w.ended()
        await w.until_row("SELECT count(*) = 5 FROM runs WHERE name = 'listener' AND status = 'completed'")
        assert await w.value("SELECT count(*) FROM runs") == 10
        assert await w.value("SELECT count(*) FROM events") == 5
        rows = await w.rows("SELECT DISTINCT output::text FROM runs WHERE name = 'listener'")
        assert rows == [{"output": '{"seen":"com.example.late"}'}]
        told = "SELECT count(*) FROM outbox WHERE topic = 'events' AND payload->>'type' = 'com.example.late'"
        assert await w.value(told) == 5
        assert await w.violations() == []


async def test_notifications_come_once(postgres: PostgresServer) -> None:
    notify = {
        "call": "notify",
        "with": {"to": "all", "title": "Late", "body": "LH 400", "severity": "warning", "link": "/runs"},
    }
    again = {
        "try": [{"tell": notify}, {"fail": {"raise": {"error": {"type": "https://e.example/x", "status": 500}}}}],
        "catch": {"retry": {"limit": {"attempt": {"count": 3}}}, "do": [{"done": {"set": {"ok": True}}}]},
    }
    async with world(postgres) as w:
        account = await w.tenant(document({"block": again}))
        stranger, session = new_account()
        await w.api.identity.register(stranger, session)
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", await w.accept(account, 3), ())
        await w.ended()
        rows = await w.rows("SELECT user_id, title, severity, link, run_id, id FROM notifications")
        assert {row["user_id"] for row in rows} == {account.user_id}
        assert sorted(str(row["run_id"]) for row in rows) == sorted(str(wake.run_id) for wake in w.accepted)
        told = [row["payload"] for row in await w.rows("SELECT payload FROM outbox WHERE topic = 'push'")]
        pushes = [push for push in told if not push["channel"].startswith("changes:")]
        assert {push["channel"] for push in pushes} == {f"inbox:{account.tenant_id}.{account.user_id}"}
        shown = {push["data"]["notification"]["id"]: push["data"]["notification"] for push in pushes}
        assert set(shown) == {str(row["id"]) for row in rows}
        assert set(next(iter(shown.values()))) == {
            "id", "severity", "title", "body", "link", "run_id", "created_at", "read_at",
        }  # fmt: skip
        page, unread = await w.api.notifications.list(account.tenant_id, account.user_id, False, None, 10)
        assert (len(page.items), unread) == (3, 3)
