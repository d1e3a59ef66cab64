"""Schedules and housekeeping over a real PostgreSQL: each time fires once, whoever looks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from actors.cleaner import Cleaner
from actors.scheduler import Scheduler
from cluster.adapters.actors import ShardHousekeeping, ShardTriggers
from models.domain.clock import ManualClock
from models.domain.limits import Limits
from models.domain.ports import Wake
from tests.integration.actors.kit import THREE, World, document, world
from tests.servers.postgres import PostgresServer

DAY = {"s": {"set": {"a": 1}}}


class Schedulers:
    """Two instances that both believe they own every shard."""

    def __init__(self, w: World, clock: ManualClock, limit: int = 7) -> None:
        self.woken: list[Wake] = []
        self._both = [
            Scheduler(ShardTriggers(w.database), lambda: range(64), self.wake, clock, limit) for _ in range(2)
        ]

    def wake(self, wakes: Sequence[Wake]) -> None:
        self.woken.extend(wakes)

    async def look(self) -> int:
        counts = await asyncio.gather(*(one.run_once() for one in self._both))
        return sum(count["fired"] for count in counts)


async def due_times(w: World, name: str) -> list[str]:
    rows = await w.rows("SELECT cause FROM runs WHERE name = $1 ORDER BY id", name)
    return [row["cause"]["due"] for row in rows]


async def next_at(w: World) -> datetime | None:
    found: datetime | None = await w.value("SELECT next_at FROM workflow_triggers")
    return found


async def scheduled(w: World, **schedule: Any) -> ManualClock:
    """A tenant with a scheduled workflow, and a clock that stands at the time it was put."""
    account = await w.tenant()
    clock = ManualClock(w.clock.now())
    await w.put(account, document(DAY, schedule=schedule))
    return clock


async def test_two_instances_fire_each_time_once(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        for _ in range(20):
            await w.put(await w.tenant(), document(DAY, schedule={"every": {"minutes": 10}}))
        clock = ManualClock(w.clock.now())
        schedulers = Schedulers(w, clock)
        assert await schedulers.look() == 0
        for _ in range(4):
            clock.advance(601)
            assert await schedulers.look() == 20
            assert await schedulers.look() == 0
        assert len(schedulers.woken) == 80
        counts = await w.rows("SELECT count(*) AS n, count(DISTINCT cause->>'due') AS d FROM runs GROUP BY tenant_id")
        assert {(row["n"], row["d"]) for row in counts} == {(4, 4)}
        assert all(wake.new is not None and wake.new.input == {} for wake in schedulers.woken)


async def test_after_a_long_downtime_one_run_makes_up_for_all(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        clock = await scheduled(w, cron="*/5 * * * *")
        schedulers = Schedulers(w, clock)
        clock.advance(timedelta(hours=7).total_seconds())
        assert await schedulers.look() == 1
        assert await schedulers.look() == 0
        (due,) = await due_times(w, "flow")
        assert clock.now() - datetime.fromisoformat(due) < timedelta(minutes=5)
        following = await next_at(w)
        assert following is not None
        assert timedelta(0) < following - clock.now() <= timedelta(minutes=5)


async def test_a_disabled_workflow_does_not_fire(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(DAY, schedule={"every": {"minutes": 1}}))
        clock = ManualClock(w.clock.now())
        await w.api.workflows.set_enabled(account.tenant_id, "ops", "flow", False, clock.now())
        clock.advance(600)
        assert await Schedulers(w, clock).look() == 0


async def test_after_counts_from_the_end_of_the_run(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        await w.put(await w.tenant(), document(DAY, schedule={"after": {"seconds": 90}}))
        clock = ManualClock(w.clock.now() + timedelta(seconds=1))
        schedulers = Schedulers(w, clock)
        assert await schedulers.look() == 1
        assert await next_at(w) is None
        clock.advance(1000)
        assert await schedulers.look() == 0
        w.shard()
        await w.until_row("SELECT ended_at IS NOT NULL FROM runs")
        ended = await w.value("SELECT ended_at FROM runs")
        assert await next_at(w) == ended + timedelta(seconds=90)


async def test_a_shard_fires_its_own_schedules(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        await w.put(await w.tenant(), document(DAY, schedule={"every": {"seconds": 1}}))
        w.shard()
        await w.until_row("SELECT count(*) >= 2 FROM runs WHERE status = 'completed'")
        due = await due_times(w, "flow")
        assert len(set(due)) == len(due)


async def test_the_cleaner_forgets_old_keys_and_makes_partitions(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(THREE)
        clock = ManualClock(w.clock.now())
        for hours, key in ((25, "old"), (23, "young")):
            await add_key(w, account.tenant_id, key, clock.now() - timedelta(hours=hours))
        cleaner = Cleaner(ShardHousekeeping(w.database), lambda: True, clock, Limits())
        assert (await cleaner.run_once())["keys"] == 1
        assert await w.value("SELECT key FROM idempotency_keys") == "young"
        clock.advance(timedelta(days=200).total_seconds())
        assert (await cleaner.run_once())["partitions"] >= 3
        assert (await cleaner.run_once())["partitions"] == 0
        assert await Cleaner(ShardHousekeeping(w.database), lambda: False, clock, Limits()).run_once() == {}


async def add_key(w: World, tenant: Any, key: str, at: datetime) -> None:
    async with w.api.app.unit_of_work([tenant]) as conn:
        await conn.execute(
            "INSERT INTO idempotency_keys (tenant_id, key, route, body_hash, created_at) VALUES ($1, $2, '/', '', $3)",
            tenant, key, at,
        )  # fmt: skip
