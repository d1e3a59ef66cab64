"""Shards over a real PostgreSQL, and what the checker reads from it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from actors.ports import RunAppend
from actors.workflow_shard import ShardPorts, WorkflowShard
from cluster.adapters import actors as adapters
from cluster.adapters.actor_operations import ShardHistory, ShardJobs
from models.domain.clock import SystemClock
from models.domain.dsl.protocol import StartStep
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Wake
from models.domain.steps import Outcome, Succeeded
from models.domain.triggers import triggers_of
from serve import records as r
from storage import acceptance
from storage.postgres import Database
from tests.chaos.checker import Evidence, violations
from tests.servers.postgres import PostgresServer
from tests.storage_kit import Api, new_account, new_version, opened

QUICK = replace(
    Limits(), shard_lease_seconds=1.0, shard_beat_seconds=0.2, shard_look_seconds=0.25, idle_run_seconds=1.0
)


def document(*tasks: dict[str, Any], name: str = "flow", **more: Any) -> dict[str, Any]:
    """A definition."""
    head = {"dsl": "1.0.3", "namespace": "ops", "name": name, "version": "1.0.0"}
    return {"document": head, "do": list(tasks), **more}


def call(name: str, policy: str = "retry") -> dict[str, Any]:
    """An HTTP step."""
    wanted = {"method": "post", "endpoint": "https://api.example/do"}
    return {name: {"call": "http", "with": wanted, "metadata": {"unknownOutcome": policy}}}


THREE = document(*({name: {"set": {"value": "${ .value + 1 }"}}} for name in ("a", "b", "c")))


@dataclass
class Target:
    """Performs steps after a breath; counts what arrived by key, as an idempotent target does."""

    seconds: float = 0.0
    arrivals: dict[str, int] = field(default_factory=dict)

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        self.arrivals[step.idempotency_key] = self.arrivals.get(step.idempotency_key, 0) + 1
        await asyncio.sleep(self.seconds)
        return Succeeded({"task": step.task})


class GatedJournal(adapters.ShardJournal):
    """An owner that can be stopped right before its transaction, as SIGSTOP would."""

    gate: asyncio.Event | None = None
    stopped: asyncio.Event | None = None

    async def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        if self.gate is not None:
            assert self.stopped is not None
            self.stopped.set()
            await self.gate.wait()
        return await super().append(batch)


@dataclass
class World:
    """A database with tenants, shards and a target."""

    server: PostgresServer
    name: str
    api: Api
    database: Database
    target: Target = field(default_factory=Target)
    clock: SystemClock = field(default_factory=SystemClock)
    shards: list[WorkflowShard] = field(default_factory=list)
    accepted: list[Wake] = field(default_factory=list)

    async def tenant(self, definition: Mapping[str, Any] | None = None) -> r.NewAccount:
        """A tenant with a workflow."""
        account, session = new_account()
        await self.api.identity.register(account, session)
        if definition is not None:
            await self.put(account, definition)
        return account

    async def put(self, account: r.NewAccount, definition: Mapping[str, Any]) -> None:
        name = definition["document"]["name"]
        version = replace(new_version(name=name), definition=definition, triggers=triggers_of(definition))
        await self.api.workflows.put(account.tenant_id, version, account.user_id, self.clock.now())

    async def accept(self, account: r.NewAccount, count: int = 1, name: str = "flow") -> list[Wake]:
        """Durable runs."""
        now = self.clock.now()
        asked = [
            acceptance.Request(account.tenant_id, uuid7(), "ops", name, None, {"value": 1}, {"kind": "api"}, now)
            for _ in range(count)
        ]
        async with self.database.unit_of_work() as conn:
            answers = await acceptance.accept(conn, asked, timedelta(days=1))
        found = []
        for answer in answers:
            assert isinstance(answer, acceptance.Accepted)
            found.append(Wake(account.tenant_id, answer.run_id, answer.shard, answer.new))
        self.accepted += found
        return found

    def journal(self) -> GatedJournal:
        return GatedJournal(self.database, self.clock, QUICK)

    def shard(self, actor: str = "shard-0", journal: adapters.ShardJournal | None = None) -> WorkflowShard:
        """A started shard."""
        database = self.database
        ports = ShardPorts(
            journal or self.journal(), adapters.ShardLeases(database), adapters.ShardDefinitions(database),
            adapters.ShardTriggers(database), adapters.ShardHousekeeping(database), self.target, self.clock, QUICK,
            history=ShardHistory(database), jobs=ShardJobs(database, QUICK),
        )  # fmt: skip
        shard = WorkflowShard(f"{actor}#{uuid4().hex[:8]}", ports)
        shard.start()
        self.shards.append(shard)
        return shard

    async def kill(self, shard: WorkflowShard) -> None:
        """As SIGKILL: nothing is finished, nothing is given back."""
        tasks = [*shard._tasks, *shard._recoveries, *shard.keeper.steps._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shard.keeper.close()
        self.shards.remove(shard)

    async def ended(self, wakes: Collection[Wake] | None = None, seconds: float = 20) -> None:
        """Waits until these runs (all) have ended in the table."""
        ids = [wake.run_id for wake in (self.accepted if wakes is None else wakes)]
        await self.until_row("SELECT count(*) = 0 FROM runs WHERE id = ANY($1) AND ended_at IS NULL", ids, wait=seconds)

    async def owned(self, shard: WorkflowShard, count: int = 64) -> None:
        """Waits until the shard owns so many."""
        await until(lambda: len(shard.leases.epochs) == count)

    async def until_row(self, query: str, *args: Any, wait: float = 20) -> None:
        """Waits until the query gives something true."""
        async with asyncio.timeout(wait):
            while True:
                if await self.value(query, *args):
                    return
                await asyncio.sleep(0.02)

    async def value(self, query: str, *args: Any) -> Any:
        async with self.database.read() as conn:
            return await conn.fetchval(query, *args)

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        async with self.database.read() as conn:
            return [dict(row) for row in await conn.fetch(query, *args)]

    async def violations(self, effects: Mapping[str, int] | None = None) -> list[str]:
        """What the checker says about everything in the database."""
        events = await self.rows("SELECT payload FROM outbox WHERE topic = 'events'")
        told = [row["payload"] for row in events]
        return violations(
            Evidence(
                await self.rows("SELECT id, status, last_seq, ended_at FROM runs"),
                await self.rows("SELECT run_id, seq, type, task, path, epoch FROM journal"),
                [event for event in told if event["source"] == "tidewire"],
                [str(wake.run_id) for wake in self.accepted],
                effects or {},
            )
        )


async def until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for something that another task does."""
    async with asyncio.timeout(seconds):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def world(server: PostgresServer) -> AsyncIterator[World]:
    """A database of its own; shards that still run at the end are killed."""
    name = await server.create_database()
    async with opened(server, name) as api:
        # Patient, because a busy machine is not what these tests are about.
        dsn = server.dsn(name, "tidewire_engine")
        database = Database(dsn, application="shards", max_size=10, acquire_seconds=10, patience=10)
        await database.open()
        made = World(server, name, api, database)
        try:
            yield made
        finally:
            for shard in list(made.shards):
                await made.kill(shard)
            await database.close()
