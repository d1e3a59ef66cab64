"""Accepted means durable: what was answered is there after PostgreSQL was killed, once, whoever had to ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from models.domain.errors import Unavailable
from serve import records as r
from tests.servers.postgres import PostgresServer, running_postgres
from tests.storage_kit import NOW, Api, new_event, new_run, new_tenant, new_version, opened

CUTS, BETWEEN, WORKERS = 4, 100, 12


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """A server that only this test hurts."""
    with running_postgres() as server:
        yield server


class Ledger:
    """What the callers were told."""

    def __init__(self) -> None:
        self.runs: dict[str, UUID] = {}
        self.events: dict[str, int] = {}
        self.refused = 0
        self.stop = False
        self.answers = asyncio.Semaphore(0)


async def start_runs(api: Api, tenant: UUID, worker: int, ledger: Ledger) -> None:
    number = 0
    while not ledger.stop:
        key, number = f"{worker}-{number}", number + 1
        while key not in ledger.runs:
            try:
                (answer,) = await api.runs.accept([new_run(tenant, key=key, body_hash=b"1")])
            except Unavailable:
                ledger.refused += 1
                await asyncio.sleep(0.02)
            else:
                assert isinstance(answer, r.AcceptedRun)
                ledger.runs[key] = answer.run_id
                ledger.answers.release()


async def send_events(api: Api, tenant: UUID, worker: int, ledger: Ledger) -> None:
    number = 0
    while not ledger.stop:
        name, number = f"{worker}-{number}", number + 1
        while name not in ledger.events:
            try:
                (answer,) = await api.events.ingest([r.IngestEvents(tenant, [new_event(name)], NOW)])
            except Unavailable:
                ledger.refused += 1
                await asyncio.sleep(0.02)
            else:
                ledger.events[name] = answer.accepted + answer.duplicates
                ledger.answers.release()


async def cut_power(server: PostgresServer, ledger: Ledger) -> None:
    for _ in range(CUTS):
        async with asyncio.timeout(30):
            for _ in range(BETWEEN):
                await ledger.answers.acquire()
        server.kill()
        await asyncio.to_thread(server.start)
    ledger.stop = True


async def test_nothing_answered_is_lost_or_doubled(own_postgres: PostgresServer) -> None:
    name, ledger = await own_postgres.create_database(), Ledger()
    async with opened(own_postgres, name) as api:
        tenant = await new_tenant(api)
        place = tenant.tenant_id
        await api.workflows.put(place, new_version(triggers={"on": {"any": []}}), tenant.user_id, NOW)
        async with asyncio.TaskGroup() as group:
            group.create_task(cut_power(own_postgres, ledger))
            for worker in range(WORKERS):
                group.create_task((start_runs, send_events)[worker % 2](api, place, worker, ledger))
        async with api.engine.read() as conn:
            rows = await conn.fetch("SELECT id, cause ->> 'kind' AS kind, cause ->> 'id' AS event FROM runs")
            stored = [row["id"] for row in await conn.fetch("SELECT id FROM events")]
            told = [
                row["id"] for row in await conn.fetch("SELECT payload ->> 'id' AS id FROM outbox WHERE topic <> 'push'")
            ]
    assert ledger.refused > 0
    assert len(ledger.runs) + len(ledger.events) > BETWEEN * CUTS
    assert sorted(row["id"] for row in rows if row["kind"] == "api") == sorted(ledger.runs.values())
    assert sorted(row["event"] for row in rows if row["kind"] == "event") == sorted(ledger.events)
    assert sorted(stored) == sorted(told) == sorted(ledger.events)
    assert set(ledger.events.values()) == {1}
