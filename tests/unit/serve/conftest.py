"""One running application a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.serve.api import Api, running_api


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api() as running:
        yield running
