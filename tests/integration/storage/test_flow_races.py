"""Flow control under races: whatever happens at once, the counts are those of the rows and no limit is exceeded."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.domain.errors import TidewireError, Unavailable
from models.domain.flow_control import parse_flow_control
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve import records as r
from storage import acceptance, flow_control
from tests.storage_kit import NOW, Api, new_version

FLOWS: dict[str, Any] = {
    "concurrency": {"key": "${ .k }", "concurrency": {"limit": 3}, "priority": "${ .p }", "queue": {"limit": 20}},
    "singleton": {"key": "${ .k }", "singleton": {"mode": "replace"}},
    "skip": {"key": "${ .k }", "singleton": {"mode": "skip"}, "rateLimit": {"limit": 15, "period": "PT1H"}},
    "debounce": {"key": "${ .k }", "debounce": {"period": "PT1S", "timeout": "PT4S"}, "concurrency": {"limit": 2}},
    "throttle": {"key": "${ .k }", "throttle": {"limit": 2, "period": "PT1S", "burst": 3}, "concurrency": {"limit": 4}},
}


class Storm:
    """Callers, ends and times, all at once."""

    def __init__(self, api: Api, tenant: r.NewAccount, seed: int) -> None:
        self.api, self.tenant, self.dice = api, tenant, random.Random(seed)
        self.at = 0.0
        self.deadlocks = 0

    @property
    def now(self) -> Any:
        return NOW + timedelta(seconds=self.at)

    async def caller(self) -> None:
        for _ in range(12):
            asked = [
                acceptance.Request(
                    self.tenant.tenant_id, uuid7(), "ops", "flow", None,
                    {"k": self.dice.choice("ab"), "p": self.dice.randint(0, 3)}, {"kind": "api"}, self.now,
                    key=self.dice.choice((None, None, str(self.dice.randint(0, 40)))), route="/runs", body_hash=b"1",
                )
                for _ in range(self.dice.randint(1, 3))
            ]  # fmt: skip

            async def once(asked: Any = asked) -> None:
                async with self.api.app.unit_of_work([self.tenant.tenant_id]) as conn:
                    answers = await acceptance.accept(conn, asked, timedelta(days=1))
                assert all(isinstance(one, acceptance.Accepted | TidewireError) for one in answers)

            await self.patiently(once)

    async def ender(self) -> None:
        """As a shard: ends what runs, and what is asked to cancel."""
        for _ in range(40):

            async def once() -> None:
                async with self.api.engine.unit_of_work() as conn:
                    rows = await conn.fetch(
                        "SELECT id FROM runs WHERE tenant_id = $1 AND ended_at IS NULL "
                        "AND (NOT held OR cancel_requested_at IS NOT NULL) ORDER BY random() LIMIT 3",
                        self.tenant.tenant_id,
                    )
                    keys = [(self.tenant.tenant_id, row["id"]) for row in rows]
                    ending = await flow_control.lock_endings(conn, keys)
                    done = await conn.fetch(
                        "UPDATE runs SET ended_at = now(), status = 'completed' "
                        "WHERE id = ANY($1) AND ended_at IS NULL RETURNING id",
                        [row["id"] for row in rows],
                    )
                    left = [(self.tenant.tenant_id, row["id"]) for row in done]
                    await flow_control.leave(conn, replace(ending, runs=left), self.now)

            await self.patiently(once)
            await asyncio.sleep(0)

    async def clock(self) -> None:
        for _ in range(30):
            self.at += self.dice.choice((0.0, 0.2, 0.7))

            async def once() -> None:
                async with self.api.engine.unit_of_work() as conn:
                    await flow_control.admit_due(conn, [self.tenant.shard], self.now, 10)

            await self.patiently(once)
            await asyncio.sleep(0.002)

    async def patiently(self, once: Any) -> None:
        """A deadlock that PostgreSQL found is tried again, as callers do."""
        for _ in range(20):
            try:
                return await once()
            except Unavailable:
                self.deadlocks += 1
        raise AssertionError("it never gets through")


async def check(api: Api, tenant: UUID, control: Any) -> None:
    """One snapshot: counts, limits, and that nobody waits who may start."""
    async with api.engine.read() as conn:
        rows = await conn.fetch(
            "SELECT k.*, (SELECT count(*) FROM flow_runs f WHERE f.tenant_id = k.tenant_id AND f.key = k.key "
            "AND f.state = 'running') AS really_running, (SELECT count(*) FROM flow_runs f "
            "WHERE f.tenant_id = k.tenant_id AND f.key = k.key AND f.state = 'waiting') AS really_waiting "
            "FROM flow_keys k WHERE k.tenant_id = $1",
            tenant,
        )
        astray = await conn.fetchval(
            "SELECT count(*) FROM runs r LEFT JOIN flow_runs f ON f.tenant_id = r.tenant_id AND f.run_id = r.id "
            "WHERE r.tenant_id = $1 AND r.ended_at IS NULL "
            "AND (f.run_id IS NULL OR r.held <> (f.state <> 'running'))",
            tenant,
        )
        lost = await conn.fetchval(
            "SELECT count(*) FROM flow_runs f JOIN runs r ON r.tenant_id = f.tenant_id AND r.id = f.run_id "
            "WHERE f.tenant_id = $1 AND r.ended_at IS NOT NULL",
            tenant,
        )
    assert (astray, lost) == (0, 0)
    for row in rows:
        assert (row["running"], row["waiting"]) == (row["really_running"], row["really_waiting"])
        most = control.most_running
        assert most is None or row["running"] <= most
        if row["waiting"]:
            assert row["due_at"] is not None or (most is not None and row["running"] >= most)


@pytest.mark.parametrize("kind", FLOWS)
async def test_counts_and_limits_hold_in_a_storm(api: Api, tenant: r.NewAccount, kind: str) -> None:
    definition = {"document": {"version": "1.0.0", "metadata": {"flowControl": FLOWS[kind]}}}
    await api.workflows.put(tenant.tenant_id, replace(new_version(), definition=definition), tenant.user_id, NOW)
    control, storm = parse_flow_control(FLOWS[kind], Limits()), Storm(api, tenant, seed=7)
    working = asyncio.gather(*(storm.caller() for _ in range(4)), storm.ender(), storm.ender(), storm.clock())
    while not working.done():
        await check(api, tenant.tenant_id, control)
        await asyncio.sleep(0.01)
    await working
    # In the end all come to their turn.
    for _ in range(200):
        await storm.clock()
        await storm.ender()
        async with api.engine.read() as conn:
            if not await conn.fetchval("SELECT count(*) FROM flow_runs WHERE tenant_id = $1", tenant.tenant_id):
                break
    await check(api, tenant.tenant_id, control)
    async with api.engine.read() as conn:
        rows = await conn.fetch("SELECT running, waiting FROM flow_keys WHERE tenant_id = $1", tenant.tenant_id)
    assert {(row["running"], row["waiting"]) for row in rows} == {(0, 0)}
    assert storm.deadlocks == 0
