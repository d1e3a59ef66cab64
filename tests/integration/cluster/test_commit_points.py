"""The two places of a transaction: before its commit nothing of it stays, after it everything does."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.crash.armed import Armed
from tests.servers.postgres import PostgresServer


class Ended(BaseException):
    """Stands for the end of the process."""


def end() -> None:
    raise Ended


@pytest.mark.parametrize(("point", "stays"), [("a.commit.written", 0), ("a.commit.committed", 1)])
async def test_what_stays_of_a_transaction(tmp_path: Path, postgres: PostgresServer, point: str, stays: int) -> None:
    points = Armed(tmp_path, end)
    name = await postgres.create_database()
    database = points.database(postgres.dsn(name), "tests", 2)
    await database.open()
    try:
        async with database.unit_of_work() as conn:
            await conn.execute("CREATE TABLE things (n integer)")
        (tmp_path / point).write_text("1")
        with pytest.raises(Ended), points.committing("a.commit"):
            async with database.unit_of_work() as conn:
                await conn.execute("INSERT INTO things VALUES (1)")
        async with database.read() as conn:
            assert await conn.fetchval("SELECT count(*) FROM things") == stays
    finally:
        await database.close()


async def test_transactions_without_a_name_reach_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    points = Armed(tmp_path, end)
    name = await postgres.create_database()
    database = points.database(postgres.dsn(name), "tests", 2)
    await database.open()
    try:
        (tmp_path / "a.commit.committed").write_text("1")
        async with database.unit_of_work() as conn:
            assert await conn.fetchval("SELECT 1") == 1
    finally:
        await database.close()
