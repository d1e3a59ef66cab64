"""Brings a database to the schema of this version: numbered files, each applied once, in order.

Refuses a database that a newer version has migrated, and files with a gap in their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import asyncpg

from models.domain.errors import TidewireError

_FILE = re.compile(r"^(\d{4})_(pre|post)_([a-z0-9_]+)\.sql$")
_LOCK = 7_460_105_121
ROLES = ("tidewire_app", "tidewire_engine")


class MigrationRefused(TidewireError):
    """The database cannot be migrated by this version."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `pre` runs before the code that needs it is rolled out, `post` after the old code is gone."""

    number: int
    stage: str
    name: str
    sql: str


def migrations(folder: Traversable | None = None) -> list[Migration]:
    """All files in order; MigrationRefused on a gap or a wrong name."""
    found = []
    for file in (folder or files("storage").joinpath("migrations")).iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _FILE.match(file.name)
        if match is None:
            raise MigrationRefused(f"The migration {file.name} is not named NNNN_pre|post_name.sql.")
        found.append(Migration(int(match[1]), match[2], match[3], file.read_text()))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused("The numbers of the migrations have a gap or come twice.")
    return found


async def migrate(
    owner_dsn: str, passwords: Mapping[str, str], known: Sequence[Migration] | None = None
) -> list[Migration]:
    """Creates the roles with the given passwords, applies what is missing of `known` (default: all), returns it.

    `owner_dsn` logs in as a role that may create roles. Several callers at once wait for each other.
    """
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await _ensure_roles(connection, passwords)
            applied = await _apply_missing(connection, migrations() if known is None else known)
            await _refuse_a_log_from_the_future(connection)
            await connection.execute("SELECT ensure_journal_partitions($1, 3)", datetime.now(UTC))
        return applied
    finally:
        await connection.close()


async def _refuse_a_log_from_the_future(connection: Any) -> None:
    """The position in the log is a transaction id (docs/decisions/0001): a dump restored into a new cluster has ids
    that this cluster has not given out yet, and readers would skip what is written until it has."""
    ahead = await connection.fetchval(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())) OR EXISTS "
        "(SELECT 1 FROM relay_cursor WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))"
    )
    if ahead:
        raise MigrationRefused(
            "The log of this database is ahead of the cluster's transaction ids, as after restoring a dump into a new "
            "cluster. Stop PostgreSQL and move its ids forward with pg_resetwal --next-transaction-id."
        )


async def _ensure_roles(connection: Any, passwords: Mapping[str, str]) -> None:
    for role in ROLES:
        exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        statement = await connection.fetchval(
            "SELECT format('%s ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD %L', "
            "$1::text, $2::text, $3::text)",
            verb,
            role,
            passwords[role],
        )
        await connection.execute(statement)


async def _apply_missing(connection: Any, known: Sequence[Migration]) -> list[Migration]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations "
        "(number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    done = {row["number"] for row in await connection.fetch("SELECT number FROM schema_migrations")}
    newest = max(done, default=0)
    if newest > len(known):
        raise MigrationRefused(
            f"The database is at migration {newest}, this version knows {len(known)}: run a newer Tidewire."
        )
    if done != set(range(1, newest + 1)):
        raise MigrationRefused("The database misses migrations in the middle; restore it from a backup.")
    missing = list(known[newest:])
    for migration in missing:
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)", migration.number, migration.name
        )
    return missing
