"""Migrations add up to schema.sql, and what cannot be migrated is refused with the reason."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from storage.migrate import Migration, MigrationRefused, migrate, migrations
from tests.servers.postgres import INSTALL, PASSWORDS, PostgresServer


@pytest.fixture
async def empty(postgres: PostgresServer) -> str:
    """A database with nothing in it."""
    return await postgres.create_database("template0")


def dumped(postgres: PostgresServer, database: str) -> str:
    """The schema as pg_dump writes it, without its own version and the table of migrations."""
    done = subprocess.run(
        [str(INSTALL / "bin" / "pg_dump"), "--schema-only", "--no-owner", "--exclude-table=schema_migrations",
         "--exclude-table=journal_2*", "--dbname", postgres.dsn(database)],
        check=True, capture_output=True, text=True, env={"LD_LIBRARY_PATH": str(INSTALL / "lib")},
    )  # fmt: skip
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(("--", "\\")))


async def test_the_migrations_add_up_to_the_schema(postgres: PostgresServer, empty: str) -> None:
    migrated = await postgres.create_database()
    connection = await asyncpg.connect(postgres.dsn(empty))
    try:
        await connection.execute(files("storage").joinpath("schema.sql").read_text())
    finally:
        await connection.close()
    assert dumped(postgres, migrated) == dumped(postgres, empty)


async def test_migrating_again_changes_nothing(postgres: PostgresServer) -> None:
    name = await postgres.create_database()
    before = dumped(postgres, name)
    assert await migrate(postgres.dsn(name), PASSWORDS) == []
    assert dumped(postgres, name) == before


async def test_several_that_migrate_at_once_wait_for_each_other(postgres: PostgresServer, empty: str) -> None:
    answers = await asyncio.gather(*(migrate(postgres.dsn(empty), PASSWORDS) for _ in range(4)))
    assert sorted(map(len, answers)) == [0, 0, 0, len(migrations())]


async def test_the_month_and_the_next_ones_have_partitions(postgres: PostgresServer) -> None:
    connection = await asyncpg.connect(postgres.dsn(await postgres.create_database()))
    try:
        count = await connection.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'journal'::regclass")
    finally:
        await connection.close()
    assert count == 5  # this month, three more, and the default


async def record(postgres: PostgresServer, name: str, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn(name))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_newer_database_is_refused(postgres: PostgresServer) -> None:
    name = await postgres.create_database()
    newer = len(migrations()) + 1
    await record(postgres, name, f"INSERT INTO schema_migrations (number, name) VALUES ({newer}, 'x')")
    with pytest.raises(MigrationRefused, match="newer"):
        await migrate(postgres.dsn(name), PASSWORDS)


async def test_a_database_with_a_gap_is_refused(postgres: PostgresServer) -> None:
    name = await postgres.create_database()
    await record(postgres, name, "UPDATE schema_migrations SET number = 2 WHERE number = 1")
    two = [*migrations()[:1], Migration(2, "post", "more", "SELECT 1")]
    with pytest.raises(MigrationRefused, match="middle"):
        await migrate(postgres.dsn(name), PASSWORDS, two)


async def test_a_migration_that_fails_leaves_nothing_behind(postgres: PostgresServer) -> None:
    name = await postgres.create_database()
    before = dumped(postgres, name)
    broken = [*migrations(), Migration(len(migrations()) + 1, "pre", "broken", "CREATE TABLE a (); SELECT 1 / 0")]
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(postgres.dsn(name), PASSWORDS, broken)
    assert dumped(postgres, name) == before


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["0001_pre_a.sql", "0003_pre_b.sql"], "gap"),
        (["0001_pre_a.sql", "0001_post_b.sql"], "twice"),
        (["0001_a.sql"], "NNNN"),
        (["1_pre_a.sql"], "NNNN"),
    ],
)
def test_files_out_of_order_are_refused(tmp_path: Path, names: Sequence[str], told: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationRefused, match=told):
        migrations(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE relay_cursor SET xid = '4000000000' WHERE sink = 'kafka'",
        "INSERT INTO outbox (xid, shard, tenant_id, topic, payload) "
        "VALUES ('4000000000', 0, gen_random_uuid(), 'push', '{}')",
    ],
)
async def test_a_log_ahead_of_the_clusters_transactions_is_refused(postgres: PostgresServer, statement: str) -> None:
    name = await postgres.create_database()
    await record(postgres, name, statement)
    with pytest.raises(MigrationRefused, match="ahead"):
        await migrate(postgres.dsn(name), PASSWORDS)
