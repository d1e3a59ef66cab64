"""The pool against a real server."""

from __future__ import annotations

from tests.servers.postgres import PostgresServer


async def test_a_database_of_its_own(postgres: PostgresServer) -> None:
    assert await postgres.create_database() != await postgres.create_database()
