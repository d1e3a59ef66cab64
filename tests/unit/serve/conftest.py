"""One running application a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.serve.api import Api, running_api
from tests.unit.serve.person import Person, sign_up


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api() as running:
        yield running


@pytest.fixture
async def ada(api: Api) -> Person:
    """Somebody who has just signed up."""
    return await sign_up(api)
