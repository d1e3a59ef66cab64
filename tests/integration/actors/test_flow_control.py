"""Flow control over a real PostgreSQL: limits hold whatever dies, and what waits starts as soon as it may."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.domain.dsl.protocol import StartStep
from models.domain.errors import Conflict, LimitExceeded, TidewireError, TooManyRequests
from models.domain.identity import TenantScope
from models.domain.ids import uuid7
from models.domain.ports import Wake
from models.domain.steps import Outcome, Succeeded
from serve import records as r
from storage import acceptance, flow_control
from tests.integration.actors.kit import Target, World, call, document, until, world
from tests.servers.postgres import PostgresServer
from tests.storage_kit import new_event

SLOW = call("slow")
QUICK = {"quick": {"set": {"done": True}}}


def flowing(*tasks: dict[str, Any], **flow: Any) -> dict[str, Any]:
    made = document(*tasks)
    made["document"]["metadata"] = {"flowControl": flow}
    return made


@dataclass
class Counting(Target):
    """Steps end when the test says so; counts how many runs of a key are inside at once."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    inside: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        key, name = step.request["body"]["key"], step.request["body"]["name"]
        self.order.append(name)
        self.inside[key] = self.inside.get(key, 0) + 1
        self.most[key] = max(self.most.get(key, 0), self.inside[key])
        try:
            await self.gate.wait()
            await asyncio.sleep(0.005)
        finally:
            self.inside[key] -= 1
        return Succeeded({})


def keyed() -> dict[str, Any]:
    """A step that tells the target its key and name."""
    task = call("slow")["slow"]
    return {"slow": {**task, "with": {**task["with"], "body": {"key": "${ .k }", "name": "${ .n }"}}}}


async def start(w: World, account: r.NewAccount, *inputs: Any, **more: Any) -> list[Any]:
    """Accepts runs as the API does; wakes are lost unless a shard is asked."""
    now = w.clock.now()
    asked = [
        acceptance.Request(account.tenant_id, uuid7(), "ops", "flow", None, one, {"kind": "api"}, now, **more)
        for one in inputs
    ]
    async with w.api.app.unit_of_work([account.tenant_id]) as conn:
        answers = await acceptance.accept(conn, asked, timedelta(days=1))
    for answer in answers:
        if isinstance(answer, acceptance.Accepted) and answer.new is not None:
            w.accepted.append(Wake(account.tenant_id, answer.run_id, answer.shard, answer.new))
    return answers


async def test_never_more_than_the_limit_of_a_key_though_the_shard_is_killed(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        w.target = target = Counting()
        target.gate.set()
        account = await w.tenant(flowing(keyed(), key="${ .k }", concurrency={"limit": 2}))
        first = w.shard()
        await w.owned(first)
        inputs = [{"k": "ab"[n % 2], "n": str(n)} for n in range(24)]
        answers = await start(w, account, *inputs)
        assert sum(answer.held for answer in answers) == 20
        await until(lambda: len(target.order) >= 6)
        await w.kill(first)
        w.shard()
        await w.ended(seconds=30)
        assert target.most == {"a": 2, "b": 2}
        assert await w.violations() == []
        assert await w.rows("SELECT running, waiting FROM flow_keys") == [{"running": 0, "waiting": 0}] * 2
        assert await w.value("SELECT count(*) FROM flow_runs") == 0


async def test_higher_priority_starts_first_then_who_came_first(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        w.target = target = Counting()
        account = await w.tenant(flowing(keyed(), concurrency={"limit": 1}, priority="${ .p }"))
        shard = w.shard()
        await w.owned(shard)
        for name, priority in (("first", 0), ("low", -5), ("a", 0), ("high", 9), ("b", 0)):
            await start(w, account, {"k": "", "n": name, "p": priority})
        target.gate.set()
        await w.ended()
        assert target.order == ["first", "high", "a", "b", "low"]


async def test_a_throttle_spreads_starts(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(flowing(QUICK, throttle={"limit": 10, "period": "PT1S", "burst": 2}))
        answers = await start(w, account, *range(7))
        assert [answer.held for answer in answers] == [False] * 2 + [True] * 5
        begun = answers[0].new.created_at
        let_in, planned = [], []
        for seconds in (0.05, 0.1, 0.35, 0.44):
            async with w.database.unit_of_work() as conn:
                now = begun + timedelta(seconds=seconds)
                wakes, next_at = await flow_control.admit_due(conn, range(64), now, 100)
            let_in.append(len(wakes))
            planned.append(next_at and round((next_at - begun).total_seconds(), 3))
        # Two at once, then one each tenth of a second; what was missed meanwhile is made up for by a burst, no more.
        assert let_in == [0, 1, 2, 0]
        assert planned == [0.1, 0.2, 0.45, 0.45]
        # The shard lets in the others at their times.
        await w.owned(w.shard())
        await w.ended()
        assert await w.violations() == []


async def test_a_debounce_runs_the_newest_and_tells_the_others_why(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(flowing(QUICK, debounce={"period": "PT1S"}))
        await w.owned(w.shard())
        old = await start(w, account, 1)
        [*lost, newest] = await start(w, account, 2, 3)
        await w.ended()
        rows = {row["id"]: row for row in await w.rows("SELECT id, status FROM runs")}
        assert rows[newest.run_id]["status"] == "completed"
        for gone in (*old, *lost):
            assert rows[gone.run_id]["status"] == "cancelled"
            [last] = await w.rows("SELECT data FROM journal WHERE run_id = $1 AND type = 'run.cancelled'", gone.run_id)
            assert str(newest.run_id) in last["data"]["reason"]
        assert await w.violations() == []


async def test_a_singleton_skips(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        w.target = target = Counting()
        account = await w.tenant(flowing(keyed(), key="${ .k }", singleton={"mode": "skip"}))
        await w.owned(w.shard())
        _, again, _ = await start(w, account, *({"k": k, "n": k} for k in "aab"))
        assert isinstance(again, Conflict)
        target.gate.set()
        await w.ended()
        assert not isinstance((await start(w, account, {"k": "a", "n": "later"}))[0], TidewireError)
        assert await w.value("SELECT refused FROM flow_keys WHERE key = 'a'") == 1
        await w.ended()


async def test_a_singleton_replaces_what_runs_and_never_runs_twice(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        w.target = target = Counting()
        account = await w.tenant(flowing(keyed(), singleton={"mode": "replace"}))
        shard = w.shard()
        await w.owned(shard)
        [old] = await start(w, account, {"k": "", "n": "old"})
        await until(lambda: target.order == ["old"])
        [new] = await start(w, account, {"k": "", "n": "new"})
        assert [wake.run_id for wake in new.wakes] == [old.run_id]
        shard.wake("test", new.wakes, ())
        await until(lambda: target.order == ["old", "new"])
        target.gate.set()
        await w.ended()
        assert target.most == {"": 1}
        rows = {row["id"]: row["status"] for row in await w.rows("SELECT id, status FROM runs")}
        assert (rows[old.run_id], rows[new.run_id]) == ("cancelled", "completed")


async def test_a_rate_limit_refuses_and_counts_a_repeated_request_once(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(flowing(QUICK, rateLimit={"limit": 2, "period": "PT1H"}))
        same = {"key": "k", "route": "/runs", "body_hash": b"1"}
        [first] = await start(w, account, 1, **same)
        copies = await start(w, account, 1, 1, **same)
        assert [copy.run_id for copy in copies] == [first.run_id] * 2
        second, third = await start(w, account, 2, 3)
        assert second.new is not None
        assert isinstance(third, TooManyRequests)
        assert 3590 < third.retry_after <= 3600
        # What was accepted before is still known.
        assert (await start(w, account, 1, **same))[0].run_id == first.run_id


async def test_a_full_queue_says_so(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant(flowing(QUICK, concurrency={"limit": 1}, queue={"limit": 3}))
        answers = await start(w, account, *range(6))
        assert [isinstance(one, LimitExceeded) for one in answers] == [False] * 4 + [True] * 2
        assert answers[-1].name == "max_waiting_runs_per_key"


async def test_cancelling_one_that_waits_makes_room(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        w.target = target = Counting()
        account = await w.tenant(flowing(keyed(), concurrency={"limit": 1}))
        shard = w.shard()
        await w.owned(shard)
        _, waiting, last = await start(w, account, *({"k": "", "n": n} for n in "abc"))
        async with w.database.unit_of_work() as conn:
            await conn.execute("UPDATE runs SET cancel_requested_at = now() WHERE id = $1", waiting.run_id)
        await w.until_row("SELECT ended_at IS NOT NULL FROM runs WHERE id = $1", waiting.run_id)
        async with w.api.app.read([account.tenant_id]) as conn:
            found = await flow_control.waiting_for(conn, TenantScope(account.tenant_id), last.run_id, 100)
        assert found is not None
        assert (found.position, found.running, found.control.concurrency) == (1, 1, 1)
        target.gate.set()
        await w.ended()
        assert target.order == ["a", "c"]


async def test_schedules_and_events_wait_too_and_refused_ones_are_seen(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        account = await w.tenant()
        definition = flowing(QUICK, singleton={"mode": "skip"})
        definition["schedule"] = {"on": {"one": {"with": {"type": "com.example.go"}}}}
        await w.put(account, definition)
        asked = [
            r.IngestEvents(account.tenant_id, [new_event(str(n), "com.example.go")], w.clock.now()) for n in (1, 2)
        ]
        answers = await w.api.events.ingest(asked)
        assert sum(len(one.wakes) for one in answers) == 2
        shard = w.shard()
        await w.owned(shard)
        shard.wake("test", [wake for one in answers for wake in one.wakes], ())
        await w.until_row("SELECT count(*) = 2 FROM runs WHERE ended_at IS NOT NULL")
        assert sorted(row["status"] for row in await w.rows("SELECT status FROM runs")) == ["cancelled", "completed"]
        [told] = await w.rows("SELECT data FROM journal WHERE type = 'run.cancelled'")
        assert "singleton" in told["data"]["reason"]


async def test_a_run_without_flow_control_costs_no_statement_more(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        plain = await w.tenant(document(QUICK))
        gated = await w.tenant(flowing(QUICK, concurrency={"limit": 5}))
        counted: dict[str, int] = {}
        for name, account in (("plain", plain), ("gated", gated)):
            asked = acceptance.Request(
                account.tenant_id, uuid7(), "ops", "flow", None, {}, {"kind": "api"}, datetime.now(UTC)
            )
            async with w.database.unit_of_work() as conn:
                counting = Statements(conn)
                await acceptance.accept(counting, [asked], timedelta(days=1))
            counted[name] = counting.count
        assert counted["plain"] == 1
        assert counted["gated"] <= 8


class Statements:
    """Counts what a connection is asked."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        self.count += 1
        return getattr(self._conn, name)


async def test_many_at_once_from_many_places_stay_within_the_limit(postgres: PostgresServer) -> None:
    async with world(postgres) as w:
        w.target = target = Counting()
        target.gate.set()
        account = await w.tenant(flowing(keyed(), key="${ .k }", concurrency={"limit": 3}))
        for n in range(2):
            w.shard(f"shard-{n}")
        await asyncio.gather(
            *(start(w, account, *({"k": str(n % 2), "n": f"{m}.{n}"} for n in range(5))) for m in range(8))
        )
        await w.ended(seconds=30)
        assert max(target.most.values()) <= 3
        assert len(target.order) == 40
        assert await w.violations() == []
        rows = await w.rows("SELECT running, waiting FROM flow_keys")
        assert rows == [{"running": 0, "waiting": 0}] * 2
