"""The whole API over fakes, as its clients see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
from starlette.types import ASGIApp

from models.domain.clock import ManualClock
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Sealer
from serve.app import create_app, opened
from serve.auth.tokens import TokenKeys, generate_keys, issue
from serve.deps import ApiOptions, ApiPorts
from serve.inference_host import ModelHost, open_host
from serve.records import Membership, User
from tests.unit.serve import fake_operations, fake_services, fakes
from tests.unit.serve.fake_access import FakeAccess
from tests.unit.serve.fake_accounts import FakeAccounts, FakeTenants
from tests.unit.serve.fake_audit import FakeAudit
from tests.unit.serve.fake_authorization import FakeApiKeys, FakeMembers, FakeRoles, FakeServiceAccounts
from tests.unit.serve.fake_factors import FakeFactors
from tests.unit.serve.fake_federation import make_federation
from tests.unit.serve.fake_flow import FakeFlow
from tests.unit.serve.fake_gateway import make_gateway
from tests.unit.serve.fake_tasks import FakeTasks

PASSWORD = "correct horse battery"


@dataclass
class Caller:
    """A member of a tenant with a token of its own."""

    principal: Principal
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def tenant_id(self) -> UUID:
        return self.principal.tenant_id


class Api:
    """The application, the fakes under it, and an HTTP client of it."""

    def __init__(self, ports: ApiPorts, app: ASGIApp, http: httpx.AsyncClient, host: ModelHost) -> None:
        self.ports, self.app, self.http, self.host = ports, app, http, host

    @property
    def clock(self) -> ManualClock:
        return cast(ManualClock, self.ports.clock)

    @property
    def identity(self) -> fakes.FakeIdentity:
        return cast(fakes.FakeIdentity, self.ports.identity)

    @property
    def access(self) -> FakeAccess:
        return cast(FakeAccess, self.ports.access)

    @property
    def runs(self) -> fakes.FakeRuns:
        return cast(fakes.FakeRuns, self.ports.runs)

    @property
    def dispatcher(self) -> fake_services.FakeDispatcher:
        return cast(fake_services.FakeDispatcher, self.ports.dispatcher)

    @property
    def readiness(self) -> fake_services.FakeReadiness:
        return cast(fake_services.FakeReadiness, self.ports.readiness)

    @cached_property
    def owner(self) -> Caller:
        return self.caller()

    @cached_property
    def stranger(self) -> Caller:
        """The owner of another tenant."""
        return self.caller()

    def caller(self, role: str = "owner", tenant_id: UUID | None = None, audience: Any = "tidewire-api") -> Caller:
        """A new user in the tenant (default: a new one), signed in."""
        now = self.clock.now()
        principal = Principal(
            uuid7(now), tenant_id or uuid7(now), role, uuid7(now), authenticated_at=now, factors=("pwd",)
        )
        name = f"t-{principal.tenant_id.hex[-12:]}"
        email = f"{role}-{principal.user_id.hex[-8:]}@example.com"
        self.identity.users[principal.user_id] = User(principal.user_id, email, None)
        membership = Membership(principal.tenant_id, name, name.title(), role)
        self.identity.members[principal.user_id] = [membership]
        return Caller(principal, issue(self.ports.keys, principal, now, 900, audience))

    async def call(self, method: str, path: str, caller: Caller | None = None, **more: Any) -> httpx.Response:
        """As the owner, unless somebody else is named."""
        headers = {**(caller or self.owner).headers, **more.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **more)


def make_ports(host: ModelHost | None = None, catalog: Any = None, objects: Any = None, **more: Any) -> ApiPorts:
    """Fakes for every port; `more` are fields of ApiPorts."""
    identity, workflows = fakes.FakeIdentity(), fakes.FakeWorkflows()
    runs = fakes.FakeRuns(workflows)
    factors = FakeFactors(identity, more.get("limits", Limits()))
    operations = fake_operations.FakeOperations(runs)
    ports = ApiPorts(
        identity=identity,
        accounts=FakeAccounts(identity),
        tenants=FakeTenants(),
        access=(access := FakeAccess(identity, runs, required=factors.required)),
        factors=factors,
        members=FakeMembers(identity),
        roles=FakeRoles(access),
        service_accounts=FakeServiceAccounts(access),
        api_keys=FakeApiKeys(),
        audit=FakeAudit(),
        workflows=workflows,
        runs=runs,
        events=fakes.FakeEvents(),
        webhooks=fakes.FakeWebhooks(identity),
        metrics=fakes.FakeMetrics(),
        notifications=fakes.FakeNotifications(),
        tasks=FakeTasks(),
        federation=make_federation(),
        gateway=make_gateway(),
        flow=FakeFlow(),
        operations=operations,
        jobs=fake_operations.FakeJobs(),
        dead_letters=fake_operations.FakeDeadLetters(runs),
        samples=fake_operations.FakeSamples(workflows),
        connections=fakes.FakeConnections(),
        secrets=fakes.FakeSecrets(),
        resources=fakes.FakeResources(),
        models=catalog,
        serving=cast(Any, host),
        objects=objects,
        dispatcher=fake_services.FakeDispatcher(),
        sealer=cast(Sealer, fake_services.FakeSealer()),
        attempts=fake_services.FakeAttempts(),
        readiness=fake_services.FakeReadiness(),
        clock=ManualClock(),
        keys=TokenKeys.from_json(generate_keys()),
        options=ApiOptions(),
        limits=Limits(),
    )
    return replace(ports, **more)


@asynccontextmanager
async def running_api(web_root: Path | None = None, **more: Any) -> AsyncIterator[Api]:
    """The application after its startup."""
    async with AsyncExitStack() as stack:
        catalog, objects = fake_services.FakeCatalog(), fake_services.FakeObjects()
        host = await stack.enter_async_context(open_host(catalog, objects, more.get("limits", Limits())))
        ports = make_ports(host, catalog, objects, **more)
        app = create_app(lambda: opened(ports), web_root=web_root, options=ports.options)
        await stack.enter_async_context(started(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://tidewire.test"))
        yield Api(ports, app, http, host)


@asynccontextmanager
async def started(app: ASGIApp) -> AsyncIterator[None]:
    """What a server does around the application."""
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    outbox: asyncio.Queue[Any] = asyncio.Queue()

    async def serve() -> None:
        await app({"type": "lifespan", "asgi": {}, "state": {}}, inbox.get, outbox.put)

    task = asyncio.create_task(serve())
    await inbox.put({"type": "lifespan.startup"})
    message = await outbox.get()
    assert message["type"] == "lifespan.startup.complete", message
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        message = await outbox.get()
        await task
        assert message["type"] == "lifespan.shutdown.complete", message

def assert_problem(answer: httpx.Response, status: int, pointer: str | None = None) -> dict[str, Any]:
    """An RFC 9457 document of that status, which points at `pointer` when one is given."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:tidewire:problem:")
    assert body["title"]
    assert body["detail"]
    if pointer is not None:
        assert pointer in [error["pointer"] for error in body["errors"]], body
    return cast(dict[str, Any], body)
