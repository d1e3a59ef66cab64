"""The API on a port of its own over real storage, and identity providers that are not ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI

from actors.outbound_http import OutboundHttpClient
from cluster.adapters.api_federation import ApiProviders, ApiSignOns
from cluster.adapters.api_scim import ApiScim
from models.domain.egress import EgressPolicy
from models.domain.limits import Limits
from serve.federation_ports import FederationPorts
from tests.integration.api.conftest import (  # noqa: F401 - fixtures
    Client,
    api,
    app,
    client,
    database_name,
)
from tests.integration.federation.people import Browser, Owner, Records, new_owner
from tests.servers.absent import absent
from tests.servers.keycloak import Keycloak, running_keycloak
from tests.storage_kit import Api


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def allowed() -> list[str]:
    """`host:port` of what the API may reach."""
    return []


@pytest.fixture
async def federation(api: Api, records: Records, allowed: list[str]) -> AsyncIterator[FederationPorts]:  # noqa: F811
    outbound = OutboundHttpClient(EgressPolicy(allowed), Limits())
    yield FederationPorts(
        ApiProviders(api.app, Limits()), ApiSignOns(api.app), ApiScim(api.app, Limits()), outbound, records,
        "http://tidewire",
    )  # fmt: skip
    await outbound.close()


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:  # noqa: F811
    opened = Browser(app)
    yield opened
    await opened.http.aclose()


@pytest.fixture
async def owner(app: FastAPI) -> AsyncIterator[Owner]:  # noqa: F811
    """The owner of a new tenant."""
    made = await new_owner(app)
    yield made
    await made.http.aclose()


@pytest.fixture(scope="session")
def keycloak() -> Iterator[Keycloak]:
    try:
        with running_keycloak() as server:
            yield server
    except FileNotFoundError as error:
        absent(str(error))
