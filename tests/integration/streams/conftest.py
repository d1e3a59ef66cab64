"""Streams over real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.streams.world import World, opened_world
from tests.servers.postgres import PostgresServer


@pytest.fixture
async def world(postgres: PostgresServer) -> AsyncIterator[World]:
    async with opened_world(postgres) as found:
        yield found
