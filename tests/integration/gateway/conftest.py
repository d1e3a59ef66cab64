"""The gateway's ports over a real PostgreSQL and Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from cluster.adapters.api_gateway import mark_claim
from serve import records as r
from storage.redis_client import open_redis
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer
from tests.storage_kit import Api, new_tenant, opened


@pytest.fixture(scope="module")
def database_name(postgres: PostgresServer) -> str:
    return asyncio.run(postgres.create_database())


@pytest.fixture
async def api(postgres: PostgresServer, database_name: str) -> AsyncIterator[Api]:
    async with opened(postgres, database_name) as ports:
        ports.app.before_commit = mark_claim
        yield ports


@pytest.fixture
async def tenant(api: Api) -> r.NewAccount:
    return await new_tenant(api)


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    client = open_redis(valkey.url)
    yield client
    await client.aclose()
