"""The whole API in this process, over a real PostgreSQL and Valkey; only shards and models are stand-ins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from cluster.adapters.api import ApiIdentity
from cluster.adapters.api_access import ApiAccess
from cluster.adapters.api_accounts import ApiAccounts, ApiTenants
from cluster.adapters.api_audit import ApiAudit
from cluster.adapters.api_authorization import ApiKeys, ApiMembers, ApiRoles, ApiServiceAccounts
from cluster.adapters.api_factors import ApiFactors
from cluster.adapters.api_federation import ApiProviders, ApiSignOns
from cluster.adapters.api_flow import ApiFlow
from cluster.adapters.api_metrics import ApiMetrics
from cluster.adapters.api_operations import ApiDeadLetters, ApiJobs, ApiOperations, ApiSamples
from cluster.adapters.api_scim import ApiScim
from cluster.adapters.api_secrets import ApiSecrets
from cluster.adapters.api_tasks import ApiTasks
from cluster.adapters.readiness import ApiReadiness
from models.domain.clock import SystemClock
from models.domain.errors import NotFound
from models.domain.limits import Limits
from models.domain.ports import Ended, Wake
from serve.app import build_api, build_deps
from serve.auth.tokens import TokenKeys, generate_keys
from serve.deps import ApiPorts
from serve.federation_ports import FederationPorts
from serve.telemetry import Telemetry
from storage.objects import open_objects
from storage.redis_attempts import RedisAttemptCounter
from storage.redis_client import open_redis
from storage.sealer import AesGcmSealer
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer
from tests.storage_kit import Api, opened
from tests.unit.serve.fake_federation import make_federation
from tests.unit.serve.fake_gateway import make_gateway

Client = Callable[[str], httpx.AsyncClient]


class Shards:
    """Remembers what was woken; no run ever ends."""

    def __init__(self) -> None:
        self.woken: list[Wake] = []

    def wake(self, wakes: Sequence[Wake]) -> None:
        self.woken += wakes

    async def wait(self, run_id: UUID, seconds: float) -> Ended | None:
        return None


class NoModels:
    """Has no model loaded."""

    async def infer(self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]) -> Any:
        raise NotFound

    async def ready(self, tenant_id: UUID, model: str, version: str | None) -> bool:
        return False

    async def check(self, object_key: str, sha256: bytes) -> None:
        raise NotFound


class NoResources:
    """Nothing can be fetched."""

    async def fetch(self, tenant_id: UUID, uri: str, authentication: Mapping[str, Any] | None) -> Any:
        raise NotFound


@pytest.fixture(scope="module")
def database_name(postgres: PostgresServer) -> str:
    return asyncio.run(postgres.create_database())


@pytest.fixture
async def api(postgres: PostgresServer, database_name: str) -> AsyncIterator[Api]:
    async with opened(postgres, database_name) as ports:
        yield ports


@pytest.fixture
def federation(api: Api) -> FederationPorts:
    """Identity providers over the database; nobody outside is reached. Tests replace it."""
    return make_federation(
        providers=ApiProviders(api.app, Limits()), sign_ons=ApiSignOns(api.app), scim=ApiScim(api.app, Limits())
    )


@pytest.fixture
async def app(
    api: Api, valkey: ValkeyServer, tmp_path: Path, federation: FederationPorts
) -> AsyncIterator[FastAPI]:
    clock, redis = SystemClock(), open_redis(valkey.url)
    ports = ApiPorts(
        identity=ApiIdentity(api.app, clock), access=ApiAccess(api.app),
        accounts=ApiAccounts(api.app), tenants=ApiTenants(api.app),
        members=ApiMembers(api.app, Limits()), roles=ApiRoles(api.app, Limits()),
        service_accounts=ApiServiceAccounts(api.app, Limits()), api_keys=ApiKeys(api.app, Limits()),
        factors=ApiFactors(api.app, Limits()), audit=ApiAudit(api.app), workflows=api.workflows, runs=api.runs,
        events=api.events, webhooks=api.webhooks, metrics=ApiMetrics(api.app, clock, Limits()),
        notifications=api.notifications, tasks=ApiTasks(api.app), federation=federation,
        gateway=make_gateway(), flow=ApiFlow(api.app),
        operations=ApiOperations(api.app, Limits()), jobs=ApiJobs(api.app),
        dead_letters=ApiDeadLetters(api.app, Limits()), samples=ApiSamples(api.app, Limits()),
        connections=api.connections, secrets=ApiSecrets(api.app, Limits()), resources=NoResources(),
        models=api.models, serving=NoModels(), objects=open_objects(str(tmp_path)),
        dispatcher=Shards(), sealer=AesGcmSealer([bytes(32)]), attempts=RedisAttemptCounter(redis),
        readiness=ApiReadiness(api.app, redis), clock=clock, keys=TokenKeys.from_json(generate_keys()),
    )  # fmt: skip
    built = build_api()
    built.state.deps = build_deps(ports, Telemetry())
    yield built
    await redis.aclose()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[Client]:
    """Makes clients that send an access token."""
    made: list[httpx.AsyncClient] = []

    def make(token: str = "") -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(app=app)
        made.append(httpx.AsyncClient(transport=transport, base_url="http://tidewire", headers=headers))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
async def tenant(api: Api, app: FastAPI, client: Client) -> Any:
    """A tenant with workflows, see tenant_kit.py."""
    from tests.integration.api.tenant_kit import open_tenant

    return await open_tenant(api, app, client)
