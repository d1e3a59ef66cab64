"""What callers meet when PostgreSQL is frozen, dead, and back."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest

from models.domain.errors import Unavailable
from storage.postgres import Database
from tests.servers.postgres import PostgresServer, running_postgres

LONGEST = 2.0


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """A server that only these tests hurt."""
    with running_postgres() as server:
        yield server


@pytest.fixture
async def database(own_postgres: PostgresServer) -> AsyncIterator[Database]:
    name = await own_postgres.create_database()
    database = Database(own_postgres.dsn(name, "tidewire_app"), application="test", max_size=4)
    await database.open()
    yield database
    await database.close()


def signalled(server: PostgresServer, number: int) -> None:
    assert server.process is not None
    parent = psutil.Process(server.process.pid)
    for process in (parent, *parent.children(recursive=True)):
        process.send_signal(number)


async def seconds_to_unavailable(database: Database) -> float:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        async with database.read() as conn:
            await conn.fetchval("SELECT 1")
    return time.monotonic() - began


async def test_a_frozen_server_is_told_in_two_seconds(own_postgres: PostgresServer, database: Database) -> None:
    async with database.read() as conn:
        await conn.fetchval("SELECT 1")
    signalled(own_postgres, signal.SIGSTOP)
    try:
        # More callers than connections: some wait on a frozen connection, some for one, some to connect.
        times = await asyncio.gather(*(seconds_to_unavailable(database) for _ in range(12)))
        again = await seconds_to_unavailable(database)
    finally:
        signalled(own_postgres, signal.SIGCONT)
    assert max(*times, again) < LONGEST
    async with database.read() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_dead_server_is_told_at_once_and_its_return_found(
    own_postgres: PostgresServer, database: Database
) -> None:
    async with database.read() as conn:
        await conn.fetchval("SELECT 1")
    own_postgres.kill()
    try:
        assert await seconds_to_unavailable(database) < LONGEST
        assert await seconds_to_unavailable(database) < LONGEST
    finally:
        await asyncio.to_thread(own_postgres.start)
    async with database.read() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_server_that_dies_in_the_middle(own_postgres: PostgresServer, database: Database) -> None:
    async def work() -> None:
        async with database.unit_of_work() as conn:
            await conn.execute("SELECT 1")
            own_postgres.kill()
            await conn.execute("SELECT 1")

    try:
        with pytest.raises(Unavailable):
            await work()
    finally:
        await asyncio.to_thread(own_postgres.start)
    async with database.read() as conn:
        assert await conn.fetchval("SELECT 1") == 1
