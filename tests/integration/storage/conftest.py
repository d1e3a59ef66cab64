"""Storage over a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from serve import records as r
from tests.servers.postgres import PostgresServer
from tests.storage_kit import Api, new_tenant, opened


@pytest.fixture(scope="module")
def database_name(postgres: PostgresServer) -> str:
    """One database for the tests of a module; each test works in tenants of its own."""
    return asyncio.run(postgres.create_database())


@pytest.fixture
async def api(postgres: PostgresServer, database_name: str) -> AsyncIterator[Api]:
    async with opened(postgres, database_name) as ports:
        yield ports


@pytest.fixture
async def tenant(api: Api) -> r.NewAccount:
    return await new_tenant(api)
