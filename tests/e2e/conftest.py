"""One whole system for all tests that only use it; tests that break things start their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.client import Tenant, sign_up
from tests.servers.system import System, running_system
from tests.servers.target import Target, running_target


@pytest.fixture(scope="package")
def target() -> Iterator[Target]:
    """A third-party API that the system's outbound calls may reach."""
    with running_target() as running:
        yield running


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory, target: Target) -> Iterator[System]:
    """A ready system whose egress allow list names the target only."""
    folder: Path = tmp_path_factory.mktemp("system")
    with running_system(folder / "data", {"TIDEWIRE_EGRESS_ALLOW": target.host}) as running:
        yield running


@pytest.fixture
def tenant(system: System) -> Iterator[Tenant]:
    """A new tenant, so that tests do not see each other."""
    fresh = sign_up(system.url)
    yield fresh
    fresh.http.close()
