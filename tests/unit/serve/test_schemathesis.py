"""Whatever the OpenAPI document allows, and what it forbids: never a 500, never an answer that it does not tell of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, SchemathesisConfig
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve.app import build_api, create_app
from serve.auth.tokens import TokenKeys, generate_keys, issue
from serve.deps import ApiPorts
from serve.inference_host import open_host
from serve.records import Membership, User
from tests.unit.serve import fake_services, fakes
from tests.unit.serve.api import make_ports

KEYS = TokenKeys.from_json(generate_keys())
PRINCIPAL = Principal(uuid7(), uuid7(), "owner", uuid7())


@schemathesis.serializer("application/zip")
def _as_bytes(context: Any, value: Any) -> bytes:
    """Archives are told as plain bytes."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@asynccontextmanager
async def open_ports() -> AsyncIterator[ApiPorts]:
    """Fakes with one signed-in owner, whom no number of failed sign-ins locks out."""
    limits = Limits(max_sign_in_failures_per_account=10**9, max_sign_in_failures_per_address=10**9)
    catalog, objects = fake_services.FakeCatalog(), fake_services.FakeObjects()
    async with open_host(catalog, objects, limits) as host:
        ports = make_ports(host, catalog, objects, keys=KEYS, limits=limits)
        assert isinstance(ports.identity, fakes.FakeIdentity)
        ports.identity.users[PRINCIPAL.user_id] = User(PRINCIPAL.user_id, "owner@example.com", None)
        ports.identity.members[PRINCIPAL.user_id] = [Membership(PRINCIPAL.tenant_id, "own", "Own", "owner")]
        yield ports


def _schema() -> Any:
    config = SchemathesisConfig()
    config.generation = GenerationConfig(allow_x00=True)
    loaded = schemathesis.openapi.from_dict(build_api().openapi(), config=config)
    loaded.app = create_app(open_ports)
    return loaded


schema = _schema()


@pytest.fixture(scope="module", autouse=True)
def _stopped() -> Iterator[None]:
    yield
    asgi.shutdown_lifespans()


@pytest.fixture(scope="module")
def headers() -> dict[str, str]:
    token = issue(KEYS, PRINCIPAL, make_ports().clock.now(), 900, "tidewire-api")
    return {"authorization": f"Bearer {token}"}


@schema.parametrize()
@settings(
    max_examples=10, deadline=None, derandomize=True, database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_every_operation_keeps_its_word(case: schemathesis.Case, headers: dict[str, str]) -> None:
    case.call_and_validate(
        headers=headers,
        checks=[
            not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
            response_schema_conformance, negative_data_rejection,
        ],
    )  # fmt: skip
