"""A database with tenants whose events and runs come in as the API and the shards write them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from models.domain.events import RunFacts, format_time, lifecycle_event
from models.domain.identity import TenantScope
from models.domain.ids import uuid7
from models.domain.journal import Entry, EntryType
from storage import metric_recount
from storage.postgres import Database
from tests.servers.postgres import PostgresServer

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = BEGIN + timedelta(hours=3)
DELAYS = {
    "type": "flight",
    "value": "/delay",
    "dimensions": [{"name": "airport", "pointer": "/origin"}],
    "unique": "/tail",
    "description": "",
}
ENDINGS = {
    EntryType.RUN_COMPLETED: "completed",
    EntryType.RUN_FAULTED: "faulted",
    EntryType.RUN_CANCELLED: "cancelled",
}


@dataclass
class World:
    """`owner` writes as a superuser; `engine` is the pool of the code under test."""

    owner: asyncpg.Pool
    engine: Database
    dsn: str
    tenants: list[UUID] = field(default_factory=list)
    shards: dict[UUID, int] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    events: int = 0

    async def add_tenants(self, count: int) -> None:
        for number in range(len(self.tenants), len(self.tenants) + count):
            tenant = uuid4()
            await self.owner.execute(
                "INSERT INTO tenants (id, name, display_name, shard) VALUES ($1, $2, $2, $3)",
                tenant, f"t-{tenant.hex[:12]}", number % 64,
            )  # fmt: skip
            self.tenants.append(tenant)
            self.shards[tenant] = number % 64

    async def define(self, tenant: UUID, name: str, definition: dict[str, Any] = DELAYS) -> None:
        """As PUT /v1/metrics/{name}."""
        await self.owner.execute(
            "INSERT INTO metric_definitions AS m (tenant_id, name, definition) VALUES ($1, $2, $3::text::json) "
            "ON CONFLICT (tenant_id, name) DO UPDATE SET definition = excluded.definition, since = excluded.since",
            tenant, name, orjson.dumps(definition).decode(),
        )  # fmt: skip

    def event(self, kind: str = "flight") -> dict[str, Any]:
        """A new event at some time of three hours."""
        at = BEGIN + timedelta(seconds=self.chance.uniform(0, 3 * 3600))
        return {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": f"/airline/{self.chance.randrange(3)}",
            "type": kind,
            "time": format_time(at),
            "data": {
                "delay": self.chance.choice([self.chance.randint(-20, 300), round(self.chance.gauss(10, 40), 3), None]),
                "origin": self.chance.choice(["JFK", "LGA", "EWR", None]),
                "tail": f"N{self.chance.randrange(5_000)}",
            },
        }

    async def ingest(self, tenant: UUID, events: Sequence[dict[str, Any]]) -> None:
        """As POST /v1/events: events and log in one transaction."""
        texts = [orjson.dumps(event).decode() for event in events]
        async with self.owner.acquire() as conn, conn.transaction():
            await conn.execute(
                "INSERT INTO events (tenant_id, source, id, type, time, envelope) SELECT $1, e::json->>'source', "
                "e::json->>'id', e::json->>'type', (e::json->>'time')::timestamptz, e::json FROM unnest($2::text[]) e",
                tenant, texts,
            )  # fmt: skip
            await self._log(conn, tenant, "events", texts)
        self.events += len(events)

    async def some_events(self, count: int, kind: str = "flight") -> None:
        """New events of any tenant, in transactions of some."""
        while count:
            size = min(count, self.chance.randint(1, 40))
            tenant = self.chance.choice(self.tenants)
            await self.ingest(tenant, [self.event(kind) for _ in range(size)])
            count -= size

    async def run(self, tenant: UUID, ending: EntryType = EntryType.RUN_COMPLETED, **columns: Any) -> UUID:
        """A run that started and ended: rows, journal and lifecycle events."""
        began = BEGIN + timedelta(seconds=self.chance.uniform(0, 3 * 3600))
        ended = began + timedelta(milliseconds=self.chance.uniform(1, 5_000))
        run_id = uuid7(began)
        entries = [Entry(1, EntryType.RUN_STARTED, began), Entry(2, ending, ended)]
        facts = RunFacts(str(run_id), "demo", "hello", "1.0.0", began, began)
        row = {"input": {"who": "world"}, "output": None, "error": None, **columns}
        async with self.owner.acquire() as conn, conn.transaction():
            await conn.execute(
                "INSERT INTO runs (tenant_id, id, shard, namespace, name, version, status, cause, input, output, "
                "error, last_seq, created_at, started_at, ended_at) VALUES ($1, $2, $3, 'demo', 'hello', '1.0.0', $4,"
                "'{}', $5::text::json, $6::text::json, $7::text::json, 2, $8, $8, $9)",
                tenant, run_id, self.shards[tenant], ENDINGS[ending],
                *(None if value is None else orjson.dumps(value).decode() for value in row.values()), began, ended,
            )  # fmt: skip
            for entry in entries:
                await conn.execute(
                    "INSERT INTO journal (tenant_id, run_id, seq, type, at, epoch, data) "
                    "VALUES ($1, $2, $3, $4, $5, 1, '{}')",
                    tenant, run_id, entry.seq, entry.type.value, entry.at,
                )  # fmt: skip
            texts = [orjson.dumps(lifecycle_event(entry, facts)).decode() for entry in entries]
            await self._log(conn, tenant, "events", texts)
        return run_id

    async def push(self, tenant: UUID, channel: str, data: Any) -> None:
        """A row of topic push."""
        text = orjson.dumps({"channel": channel, "data": data}).decode()
        async with self.owner.acquire() as conn:
            await self._log(conn, tenant, "push", [text])

    async def _log(self, conn: Any, tenant: UUID, topic: str, texts: Sequence[str]) -> None:
        await conn.execute(
            "INSERT INTO outbox (shard, tenant_id, topic, payload) SELECT $1, $2, $3, e::json "
            "FROM unnest($4::text[]) WITH ORDINALITY AS u(e, n) ORDER BY n",
            self.shards[tenant], tenant, topic, texts,
        )  # fmt: skip

    async def differences(self, *metrics: str) -> list[str]:
        """Where points and a recount differ, over all tenants."""
        found = []
        async with self.engine.read() as conn:
            for tenant in self.tenants:
                for metric in metrics or ("events", "runs"):
                    found += await metric_recount.differences(
                        conn, TenantScope(tenant), metric, BEGIN, END + timedelta(hours=1)
                    )
        return found

    async def counted(self) -> int:
        """Events in the points of the built-in metric."""
        sql = "SELECT coalesce(sum(count), 0)::bigint FROM metric_points WHERE metric = 'events' AND step = 10"
        return int(await self.owner.fetchval(sql))


@asynccontextmanager
async def opened_world(postgres: PostgresServer, tenants: int = 12) -> AsyncIterator[World]:
    """A fresh database."""
    name = await postgres.create_database()
    dsn = postgres.dsn(name, "tidewire_engine")
    engine = Database(dsn, application="test", max_size=10)
    async with asyncpg.create_pool(postgres.dsn(name), min_size=1, max_size=4) as owner:
        await engine.open()
        try:
            world = World(owner, engine, dsn)
            await world.add_tenants(tenants)
            yield world
        finally:
            await engine.close()
