"""A Valkey for these tests alone: the position of the relay is one for the whole server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.valkey import ValkeyServer, running_valkey


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        yield server
