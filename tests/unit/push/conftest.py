"""A bench for each test, closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.push.fakes import Bench, make_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = make_bench()
    yield made
    await made.close()
