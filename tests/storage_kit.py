"""What tests of storage share: pools of both roles, and tenants to work in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cluster.adapters.api import (
    ApiConnections,
    ApiEvents,
    ApiIdentity,
    ApiModels,
    ApiRuns,
    ApiWebhooks,
    ApiWorkflows,
)
from cluster.adapters.api_notifications import ApiNotifications
from models.domain.clock import ManualClock
from models.domain.events import CloudEvent, parse_event
from models.domain.ids import shard_of, uuid7
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from serve import records as r
from storage.postgres import Database
from tests.servers.postgres import PostgresServer

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Api:
    """The API's ports over one database, and the pools under them."""

    app: Database
    engine: Database
    clock: ManualClock
    identity: ApiIdentity
    workflows: ApiWorkflows
    runs: ApiRuns
    events: ApiEvents
    webhooks: ApiWebhooks
    notifications: ApiNotifications
    connections: ApiConnections
    models: ApiModels


@asynccontextmanager
async def opened(postgres: PostgresServer, name: str, connections: int = 10) -> AsyncIterator[Api]:
    """Ports over the database `name`."""
    app = Database(postgres.dsn(name, "tidewire_app"), application="test", max_size=connections)
    engine = Database(postgres.dsn(name, "tidewire_engine"), application="test", max_size=connections)
    clock = ManualClock(NOW)
    await app.open()
    await engine.open()
    try:
        yield Api(
            app, engine, clock, ApiIdentity(app, clock), ApiWorkflows(app), ApiRuns(app, Limits()), ApiEvents(app),
            ApiWebhooks(app), ApiNotifications(app), ApiConnections(app), ApiModels(app, clock),
        )  # fmt: skip
    finally:
        await app.close()
        await engine.close()


def new_account(email: str | None = None, tenant: str | None = None) -> tuple[r.NewAccount, r.NewSession]:
    """A tenant with its owner, and a session of theirs."""
    tenant_id, user_id = uuid7(NOW), uuid7(NOW)
    name = tenant or f"t-{tenant_id.hex}"
    account = r.NewAccount(
        tenant_id, name, name.title(), shard_of(tenant_id), user_id, email or f"{user_id.hex}@example.com", "argon"
    )
    return account, new_session(user_id, tenant_id)


def new_session(user_id: UUID, tenant_id: UUID, refresh_hash: bytes | None = None) -> r.NewSession:
    """A session whose refresh token lives for thirty days."""
    until = NOW + timedelta(days=30)
    return r.NewSession(uuid7(NOW), user_id, tenant_id, "pytest", "127.0.0.1", refresh_hash or uuid4().bytes, until)


async def new_tenant(api: Api) -> r.NewAccount:
    """A tenant that is there."""
    account, session = new_account()
    await api.identity.register(account, session)
    return account


def new_version(
    version: str = "1.0.0", name: str = "flow", triggers: Mapping[str, Any] | None = None, content: str = "a"
) -> r.NewVersion:
    """A version of ops/flow."""
    return r.NewVersion(
        WorkflowRef("ops", name, version), f"Flow {version}", "Does things", "application/json", content,
        {"document": {"version": version}}, content.encode(), triggers or {},
    )  # fmt: skip


def new_run(tenant_id: UUID, name: str = "flow", **changes: Any) -> r.AcceptRun:
    """A request to run ops/flow."""
    values: dict[str, Any] = {
        "tenant_id": tenant_id, "run_id": uuid7(NOW), "namespace": "ops", "name": name, "version": None,
        "input": {"a": 1}, "cause": {"kind": "api"}, "created_at": NOW, "route": "/runs",
    }  # fmt: skip
    return r.AcceptRun(**{**values, **changes})


def new_event(event_id: str, kind: str = "com.example.late", source: str = "/test", **more: Any) -> CloudEvent:
    """A checked event."""
    return parse_event({"specversion": "1.0", "id": event_id, "source": source, "type": kind, **more}, NOW)
