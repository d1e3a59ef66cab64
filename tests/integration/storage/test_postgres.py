"""Transactions of the pool."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.domain.errors import InvalidInput, Unavailable
from storage.postgres import Database
from tests.servers.postgres import PostgresServer
from tests.storage_kit import Api


async def test_an_error_rolls_back(api: Api) -> None:
    user = uuid4()

    async def fail() -> None:
        async with api.app.unit_of_work() as conn:
            await conn.execute("INSERT INTO users (id, email) VALUES ($1, $2)", user, f"{user}@example.com")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await api.identity.user(user) is None


async def test_reading_writes_nothing(api: Api) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with api.app.read() as conn:
            await conn.fetchval("INSERT INTO users (id, email) VALUES ($1, 'a@b.c')", uuid4())


async def test_a_scope_ends_with_its_transaction(postgres: PostgresServer, database_name: str) -> None:
    database = Database(postgres.dsn(database_name, "tidewire_app"), application="test", max_size=1)
    await database.open()
    tenant, user = uuid4(), uuid4()
    scope = "SELECT current_tenants(), nullif(current_setting('tidewire.user', true), '')"
    try:
        async with database.unit_of_work([tenant], user=user) as conn:
            assert tuple(await conn.fetchrow(scope)) == ([tenant], str(user))
        async with database.read() as conn:
            assert tuple(await conn.fetchrow(scope)) == ([], None)
    finally:
        await database.close()


async def test_a_value_that_cannot_be_stored_is_bad_input(api: Api) -> None:
    with pytest.raises(InvalidInput):
        await api.identity.user_by_email("nul\0")


async def test_identifiers_come_back_as_plain_ones(api: Api) -> None:
    one, other = uuid4(), uuid4()
    async with api.app.read() as conn:
        row = await conn.fetchrow("SELECT $1::uuid AS one, $2::uuid[] AS many, NULL::uuid AS none", one, [one, other])
    assert (row["one"], row["many"], row["none"]) == (one, [one, other], None)
    assert {type(found) for found in (row["one"], *row["many"])} == {UUID}


async def test_a_full_pool_is_told_in_time(postgres: PostgresServer, database_name: str) -> None:
    database = Database(
        postgres.dsn(database_name, "tidewire_app"), application="test", max_size=1, acquire_seconds=0.05
    )
    await database.open()
    try:
        async with database.read():
            with pytest.raises(Unavailable):
                async with database.read():
                    pass
    finally:
        await database.close()


async def test_a_slow_answer_is_waited_for(postgres: PostgresServer, database_name: str) -> None:
    database = Database(postgres.dsn(database_name, "tidewire_app"), application="test", patience=0.05)
    await database.open()
    try:
        async with database.read() as conn:
            assert await conn.fetchval("SELECT 7 FROM pg_sleep(0.5)") == 7
    finally:
        await database.close()


async def test_two_thousand_cancelled_requests_get_no_answer_of_others(
    postgres: PostgresServer, database_name: str
) -> None:
    database = Database(
        postgres.dsn(database_name, "tidewire_app"), application="test", max_size=4, acquire_seconds=60
    )
    await database.open()
    dice, answers = random.Random(7), 0

    async def ask(number: int) -> None:
        nonlocal answers
        async with database.read() as conn:
            assert await conn.fetchval("SELECT $1::int FROM pg_sleep(0.0005)", number) == number
            answers += 1
            assert await conn.fetchval("SELECT $1::int + 1", number) == number + 1

    async def one(number: int) -> None:
        task = asyncio.create_task(ask(number))
        await asyncio.sleep(dice.random() * 0.05)
        task.cancel()
        with_others = await asyncio.gather(task, return_exceptions=True)
        assert with_others[0] is None or isinstance(with_others[0], asyncio.CancelledError), with_others[0]

    try:
        for start in range(0, 2_000, 40):
            await asyncio.gather(*(one(number) for number in range(start, start + 40)))
            async with database.read() as conn:
                assert await conn.fetchval("SELECT $1::int", start) == start
        assert 100 < answers < 1_900
    finally:
        await database.close()


async def test_a_table_that_changes_under_prepared_statements(
    postgres: PostgresServer, database_name: str, api: Api
) -> None:
    owner = await asyncpg.connect(postgres.dsn(database_name))
    query = "SELECT * FROM shard_owner"
    try:
        async with api.app.read() as conn:
            await conn.fetch(query)
        await owner.execute("ALTER TABLE shard_owner ADD COLUMN later text")
        with pytest.raises(Unavailable):
            async with api.app.read() as conn:
                await conn.fetch(query)
        async with api.app.read() as conn:
            await conn.fetch(query)
    finally:
        await owner.execute("ALTER TABLE shard_owner DROP COLUMN IF EXISTS later")
        await owner.close()
