"""Tasks of people over a real PostgreSQL: opened and closed with the journal, answered once, whatever dies."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.domain.human_tasks import Answer
from models.domain.identity import TenantScope
from models.domain.ports import Wake
from serve import records as r
from storage import human_tasks
from tests.integration.actors.kit import World, document, until, world
from tests.servers.postgres import PostgresServer

ASK = {"ask": {"call": "approval", "with": {"title": "Go?", "assignee": {"role": "owner"}}}}
THEN = {"then": {"set": {"said": "${ .decision }"}}}


def asking(**arguments: Any) -> dict[str, Any]:
    return {"ask": {"call": "approval", "with": {**ASK["ask"]["with"], **arguments}}}  # type: ignore[dict-item]


async def task_of(w: World, wake: Wake, status: str = "open") -> dict[str, Any]:
    await w.until_row("SELECT 1 FROM human_tasks WHERE run_id = $1 AND status = $2", wake.run_id, status)
    [row] = await w.rows("SELECT * FROM human_tasks WHERE run_id = $1 ORDER BY seq DESC LIMIT 1", wake.run_id)
    return row


async def give(w: World, tenant: UUID, task: UUID, decision: str = "approve") -> bool:
    now = w.clock.now()
    answer = Answer(decision, None, "", {"user": "a@b.c"}, now.isoformat())
    async with w.api.app.unit_of_work([tenant]) as conn:
        return await human_tasks.answer(conn, TenantScope(tenant), task, answer, now) is not None


async def begun(w: World, *tasks: dict[str, Any]) -> tuple[r.NewAccount, Wake]:
    account = await w.tenant(document(*tasks))
    [wake] = await w.accept(account)
    return account, wake


async def output(w: World, wake: Wake) -> Any:
    await w.ended([wake])
    return await w.value("SELECT output FROM runs WHERE id = $1", wake.run_id)


async def test_many_answer_at_once_and_one_wins(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        shard = w.shard()
        await w.owned(shard)
        account, wake = await begun(w, ASK, THEN)
        task = await task_of(w, wake)
        assert task["shard"] == wake.shard
        decisions = ["approve", "reject"] * 4
        won = await asyncio.gather(*(give(w, account.tenant_id, task["id"], one) for one in decisions))
        assert sum(won) == 1
        shard.wake("test", [Wake(account.tenant_id, wake.run_id, wake.shard)], ())
        assert await output(w, wake) == {"said": decisions[won.index(True)]}
        assert await w.violations() == []
        told = await w.rows("SELECT payload FROM outbox WHERE topic = 'push' AND payload::text LIKE '%\"task\"%'")
        assert [one["payload"]["data"]["task"]["status"] for one in told] == ["open", "answered", "answered"]
        inbox = await w.rows("SELECT link, key FROM notifications WHERE user_id = $1", account.user_id)
        assert [one["link"] for one in inbox] == [f"/tasks/{task['id']}"]


async def test_an_answer_is_found_after_a_crash_though_nobody_woke_the_run(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        first = w.shard()
        await w.owned(first)
        account, wake = await begun(w, ASK, THEN)
        task = await task_of(w, wake)
        await w.kill(first)
        assert await give(w, account.tenant_id, task["id"], "reject")
        w.shard()
        assert await output(w, wake) == {"said": "reject"}
        assert await w.violations() == []


async def test_an_answer_is_found_though_the_wake_was_lost(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        shard = w.shard()
        await w.owned(shard)
        account, wake = await begun(w, ASK, THEN)
        # The run is in memory or asleep: both find it.
        task = await task_of(w, wake)
        assert await give(w, account.tenant_id, task["id"])
        assert await output(w, wake) == {"said": "approve"}


async def test_an_answer_that_came_before_the_end_of_its_time_counts(postgres: PostgresServer) -> None:
    """The shard believes that time is up while the answer is stored: the answer wins, for it was told so."""
    async with world(postgres) as w:
        journal = w.journal()
        shard = w.shard(journal=journal)
        await w.owned(shard)
        account, wake = await begun(w, asking(due="PT1S"), THEN)
        task = await task_of(w, wake)
        journal.gate, journal.stopped = asyncio.Event(), asyncio.Event()
        await journal.stopped.wait()
        # Now the shard stands right before it writes that nobody answered.
        async with w.database.unit_of_work() as conn:
            await conn.execute(
                "UPDATE human_tasks SET due_at = due_at + interval '1 minute' WHERE id = $1", task["id"]
            )
        assert await give(w, account.tenant_id, task["id"])
        journal.gate.set()
        journal.gate = None
        assert await output(w, wake) == {"said": "approve"}
        assert await w.violations() == []


async def test_overdue_and_cancelled_ones_close(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        shard = w.shard()
        await w.owned(shard)
        account, late = await begun(w, asking(due="PT1S", onTimeout="reject"), THEN)
        assert await output(w, late) == {"said": "reject"}
        task = await task_of(w, late, "expired")
        assert not await give(w, account.tenant_id, task["id"])
        _, stopped = await begun(w, ASK)
        await task_of(w, stopped)
        async with w.database.unit_of_work() as conn:
            await conn.execute("UPDATE runs SET cancel_requested_at = now() WHERE id = $1", stopped.run_id)
        await w.ended([stopped])
        assert (await task_of(w, stopped, "cancelled"))["closed_at"] is not None


async def test_escalation_moves_the_task_and_tells_the_next(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        shard = w.shard()
        await w.owned(shard)
        account = await w.tenant()
        to = {"user": account.email}
        await w.put(account, document(asking(assignee={"role": "admin"}, escalation={"after": "PT1S", "to": to})))
        [wake] = await w.accept(account)
        await task_of(w, wake)
        await w.until_row("SELECT assignee = $2 FROM human_tasks WHERE run_id = $1", wake.run_id, account.email)
        [row] = await w.rows("SELECT escalations FROM human_tasks WHERE run_id = $1", wake.run_id)
        [moved] = row["escalations"]
        assert (moved["from"], moved["to"], moved["by"]) == ({"role": "admin"}, to, None)
        assert await w.value("SELECT count(*) FROM notifications WHERE user_id = $1", account.user_id) == 1


async def test_tasks_are_apart(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        shard = w.shard()
        await w.owned(shard)
        _, wake = await begun(w, ASK)
        task = await task_of(w, wake)
        other = await w.tenant()
        async with w.api.app.read([other.tenant_id]) as conn:
            assert await conn.fetchval("SELECT count(*) FROM human_tasks") == 0
        assert not await give(w, other.tenant_id, task["id"])
        assert task["due_at"] - task["created_at"] == timedelta(days=30)
        await until(lambda: len(shard.keeper.runs) == 0)
