"""Servers that many tests share; each is started once, when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL; `await postgres.create_database()` makes a migrated database of your own."""
    with running_postgres() as server:
        yield server
