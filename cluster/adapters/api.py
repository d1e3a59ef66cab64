"""The API's ports over PostgreSQL: each method is one unit of work of the app role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cluster.adapters.mapping import as_ as _as
from cluster.adapters.mapping import page as _page
from cluster.adapters.mapping import there as _there
from cluster.adapters.mapping import time_of as _time
from models.domain.authorization import WHOLE, Reach
from models.domain.clock import Clock
from models.domain.errors import NotFound, TidewireError
from models.domain.identity import TenantScope
from models.domain.ids import uuid7_floor
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import Run, WorkflowRef
from serve import inference_ports as inference
from serve import records as r
from serve.mail.ports import NewMail
from serve.operation_records import RunOrigin
from storage import (
    acceptance,
    connections,
    events,
    hooks,
    identity,
    mails,
    models,
    origins,
    runs,
    sessions,
    workflows,
)
from storage.postgres import Database, WriteConn

# A device that was not seen for so long is told of again.
_DEVICE_REMEMBERED = timedelta(days=90)


class ApiIdentity:
    """Users, tenants and sessions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def register(self, account: r.NewAccount, session: r.NewSession) -> None:
        async with self._database.unit_of_work([account.tenant_id], user=account.user_id) as conn:
            await identity.add_tenant(
                conn, account.tenant_id, account.tenant_name, account.display_name, account.shard
            )
            await identity.add_user(conn, account.user_id, account.email, account.password_hash)
            await identity.add_member(conn, account.tenant_id, account.user_id, "owner")
            await sessions.open_session(conn, _as(sessions.NewSession, session), self._clock.now())

    async def user_by_email(self, email: str) -> r.User | None:
        async with self._database.read() as conn:
            found = await identity.user_by_email(conn, email)
        return _as(r.User, found) if found else None

    async def user(self, user_id: UUID) -> r.User | None:
        async with self._database.read() as conn:
            found = await identity.user(conn, user_id)
        return _as(r.User, found) if found else None

    async def memberships(self, user_id: UUID) -> Sequence[r.Membership]:
        async with self._database.read(user=user_id) as conn:
            found = await identity.memberships(conn, user_id)
        return [_as(r.Membership, one) for one in found]

    async def open_session(self, session: r.NewSession, mail: NewMail | None = None) -> None:
        opened, now = _as(sessions.NewSession, session), self._clock.now()
        async with self._database.unit_of_work() as conn:
            await sessions.open_session(conn, opened, now)
            if mail is not None and await sessions.is_new_device(conn, opened, now - _DEVICE_REMEMBERED):
                await mails.add_to(conn, session.user_id, _as(mails.NewMail, mail))

    async def rotate(
        self, refresh_hash: bytes, successor_hash: bytes, successor_sealed: bytes, expires_at: datetime, now: datetime
    ) -> r.Rotation | None:
        successor = sessions.Successor(successor_hash, successor_sealed, expires_at)
        found = await sessions.rotate(self._database, refresh_hash, successor, now)
        return _as(r.Rotation, found) if found else None

    async def end_session(self, session_id: UUID, now: datetime) -> None:
        async with self._database.unit_of_work() as conn:
            await sessions.revoke(conn, session_id, now)

    async def session_of(self, refresh_hash: bytes) -> UUID | None:
        async with self._database.read() as conn:
            return await sessions.session_of(conn, refresh_hash)

    async def use_ticket(self, ticket_hash: bytes, now: datetime) -> tuple[UUID, UUID] | None:
        async with self._database.unit_of_work() as conn:
            return await sessions.use_ticket(conn, ticket_hash, now)

    async def ended_sessions(self, since: datetime) -> Sequence[UUID]:
        async with self._database.read() as conn:
            return await sessions.ended(conn, since)


class ApiWorkflows:
    """Workflows and their versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, tenant_id: UUID, version: r.NewVersion, user_id: UUID, now: datetime) -> bool:
        async with self._database.unit_of_work([tenant_id]) as conn:
            return await workflows.put(
                conn, TenantScope(tenant_id), _as(workflows.NewVersion, version), user_id, now
            )

    async def list(
        self, tenant_id: UUID, query: str | None, after: tuple[str, ...] | None, limit: int, reach: Reach = WHOLE
    ) -> r.Page[r.WorkflowSummary]:
        place = (after[0], after[1]) if after else None
        async with self._database.read([tenant_id]) as conn:
            found = await workflows.find(conn, TenantScope(tenant_id), query, place, limit + 1, reach)
        items = [_as(r.WorkflowSummary, one) for one in found]
        return _page(items, limit, lambda one: (one.namespace, one.name))

    async def get(self, tenant_id: UUID, namespace: str, name: str) -> r.WorkflowSummary:
        async with self._database.read([tenant_id]) as conn:
            found = await workflows.get(conn, TenantScope(tenant_id), namespace, name)
        return _as(r.WorkflowSummary, _there(found, f"There is no workflow {namespace}/{name}."))

    async def versions(
        self, tenant_id: UUID, namespace: str, name: str, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.VersionSummary]:
        place = (_time(after[0]), after[1]) if after else None
        async with self._database.read([tenant_id]) as conn:
            scope = TenantScope(tenant_id)
            _there(await workflows.get(conn, scope, namespace, name), f"There is no workflow {namespace}/{name}.")
            found = await workflows.versions(conn, scope, namespace, name, place, limit + 1)
        items = [_as(r.VersionSummary, one) for one in found]
        return _page(items, limit, lambda one: (one.created_at.isoformat(), one.version))

    async def version(self, tenant_id: UUID, ref: WorkflowRef) -> r.Version:
        async with self._database.read([tenant_id]) as conn:
            found = _there(
                await workflows.version(conn, TenantScope(tenant_id), ref),
                f"There is no version {ref.version} of {ref.namespace}/{ref.name}.",
            )
        return r.Version(ref, found.media_type, found.source, found.definition, found.content_hash, found.created_at)

    async def set_enabled(
        self, tenant_id: UUID, namespace: str, name: str, enabled: bool, now: datetime
    ) -> r.WorkflowSummary:
        async with self._database.unit_of_work([tenant_id]) as conn:
            found = await workflows.set_enabled(conn, TenantScope(tenant_id), namespace, name, enabled, now)
        return _as(r.WorkflowSummary, _there(found, f"There is no workflow {namespace}/{name}."))


class ApiRuns:
    """Runs and their journals."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._remembered = timedelta(seconds=limits.idempotency_seconds)

    async def accept(self, requests: Sequence[r.AcceptRun]) -> Sequence[r.AcceptedRun | Exception]:
        asked = [
            acceptance.Request(
                one.tenant_id, one.run_id, one.namespace, one.name, one.version, one.input, one.cause, one.created_at,
                one.key, one.route, one.body_hash,
            )
            for one in requests
        ]  # fmt: skip
        async with self._database.unit_of_work({one.tenant_id for one in requests}) as conn:
            answers = await acceptance.accept(conn, asked, self._remembered)
            await _begin(conn, requests, answers)
        return [
            r.AcceptedRun(answer.run_id, answer.shard, answer.new, answer.new is None, answer.wakes, answer.held)
            if isinstance(answer, acceptance.Accepted)
            else answer
            for answer in answers
        ]

    async def list(
        self, tenant_id: UUID, where: r.RunFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.RunSummary]:
        wanted = runs.RunFilter(
            status=[where.status] if where.status else None,
            namespace=where.namespace,
            name=where.name,
            text=where.query,
            from_id=uuid7_floor(where.created_from) if where.created_from else None,
            to_id=uuid7_floor(where.created_to) if where.created_to else None,
            before=UUID(after[0]) if after else None,
            rerun_of=where.rerun_of,
            dry_run=where.dry_run,
            reach=where.reach,
        )
        async with self._database.read([tenant_id]) as conn:
            found = await runs.find(conn, TenantScope(tenant_id), wanted, limit + 1)
        return _page([_as(r.RunSummary, run) for run in found], limit, lambda run: (str(run.id),))

    async def get(self, tenant_id: UUID, run_id: UUID) -> Run:
        found = await runs.get_at_once(self._database, TenantScope(tenant_id), run_id)
        return _there(found, "There is no such run.")

    async def journal(self, tenant_id: UUID, run_id: UUID, after: int, limit: int) -> Sequence[Entry]:
        scope = TenantScope(tenant_id)
        async with self._database.read([tenant_id]) as conn:
            found = await runs.journal_page(conn, scope, run_id, after, limit)
            if not found:
                _there(await runs.get(conn, scope, run_id), "There is no such run.")
        return found

    async def request_cancel(self, tenant_id: UUID, run_id: UUID, now: datetime) -> r.Cancellation:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            shard = await runs.request_cancel(conn, scope, run_id, now)
            run = _there(await runs.get(conn, scope, run_id), "There is no such run.")
            if shard is None:
                shard = await identity.shard(conn, tenant_id)
        return r.Cancellation(run.status, shard)


async def _begin(
    conn: WriteConn, requests: Sequence[r.AcceptRun], answers: Sequence[acceptance.Accepted | TidewireError]
) -> None:
    """Stores how the runs begin that are not begun from nothing."""
    begun = [
        _origin(request, request.origin)
        for request, answer in zip(requests, answers, strict=True)
        if request.origin is not None and isinstance(answer, acceptance.Accepted) and answer.new is not None
    ]
    if begun:
        await origins.put(conn, begun)


def _origin(request: r.AcceptRun, origin: RunOrigin) -> origins.OriginRow:
    return origins.OriginRow(
        request.tenant_id, request.run_id, origin.rerun_of, origin.task, origin.path, origin.edits, origin.outputs
    )


class ApiEvents:
    """Events that came in."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._triggers = events.TriggerCache()

    async def ingest(self, requests: Sequence[r.IngestEvents]) -> Sequence[r.Ingested]:
        batches = [_as(events.Batch, request) for request in requests]
        async with self._database.unit_of_work({request.tenant_id for request in requests}) as conn:
            answers = await events.ingest(conn, batches, self._triggers)
        return [_as(r.Ingested, answer) for answer in answers]

    async def list(
        self, tenant_id: UUID, kind: str | None, source: str | None, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.StoredEvent]:
        place = (_time(after[0]), after[1], after[2]) if after else None
        async with self._database.read([tenant_id]) as conn:
            found = await events.find(conn, TenantScope(tenant_id), kind, source, place, limit + 1)
        page = _page(found, limit, lambda one: (one.received_at.isoformat(), one.source, one.id))
        return r.Page([r.StoredEvent(one.envelope, one.received_at) for one in page.items], page.next)


class ApiWebhooks:
    """Sources of inbound webhooks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, source: r.HookSource) -> bool:
        async with self._database.unit_of_work([source.tenant_id]) as conn:
            return await hooks.put(conn, _as(hooks.HookSource, source))

    async def list(self, tenant_id: UUID) -> Sequence[r.HookSource]:
        async with self._database.read([tenant_id]) as conn:
            return [_as(r.HookSource, one) for one in await hooks.find(conn, TenantScope(tenant_id))]

    async def get(self, tenant_id: UUID, source: str) -> r.HookSource:
        async with self._database.read([tenant_id]) as conn:
            found = await hooks.get(conn, TenantScope(tenant_id), source)
        return _as(r.HookSource, _there(found, f"There is no webhook source {source}."))

    async def delete(self, tenant_id: UUID, source: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await hooks.delete(conn, TenantScope(tenant_id), source):
                raise NotFound(f"There is no webhook source {source}.")

    async def find(self, tenant_name: str, source: str) -> r.HookSource | None:
        async with self._database.read() as conn:
            tenant_id = await identity.tenant_by_name(conn, tenant_name)
            if tenant_id is None:
                return None
            await identity.enter(conn, tenant_id)
            found = await hooks.get(conn, TenantScope(tenant_id), source)
        return _as(r.HookSource, found) if found else None


class ApiConnections:
    """Connections to outside HTTP APIs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self,
        tenant_id: UUID,
        name: str,
        base_url: str,
        settings: Mapping[str, Any],
        sealed: bytes | None,
        now: datetime,
    ) -> bool:
        async with self._database.unit_of_work([tenant_id]) as conn:
            return await connections.put(conn, TenantScope(tenant_id), name, base_url, settings, sealed, now)

    async def list(self, tenant_id: UUID) -> Sequence[r.Connection]:
        async with self._database.read([tenant_id]) as conn:
            return [_as(r.Connection, one) for one in await connections.find(conn, TenantScope(tenant_id))]

    async def get(self, tenant_id: UUID, name: str) -> r.Connection:
        async with self._database.read([tenant_id]) as conn:
            found = await connections.get(conn, TenantScope(tenant_id), name)
        return _as(r.Connection, _there(found, f"There is no connection {name}."))

    async def delete(self, tenant_id: UUID, name: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await connections.delete(conn, TenantScope(tenant_id), name):
                raise NotFound(f"There is no connection {name}.")


class ApiModels:
    """The catalog of deployed models."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add_version(self, version: inference.ModelVersion) -> bool:
        async with self._database.unit_of_work([version.tenant_id]) as conn:
            return await models.add_version(conn, _as(models.ModelVersion, version))

    async def set_alias(self, tenant_id: UUID, model: str, alias: str, version: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            scope, now = TenantScope(tenant_id), self._clock.now()
            if not await models.set_alias(conn, scope, model, alias, version, now):
                raise NotFound(f"The model {model} has no version {version}.")

    async def list_models(self, tenant_id: UUID) -> list[inference.ModelSummary]:
        async with self._database.read([tenant_id]) as conn:
            found = await models.find(conn, TenantScope(tenant_id))
        return [
            inference.ModelSummary(
                one.latest.model, one.aliases, _as(inference.ModelVersion, one.latest), one.versions
            )
            for one in found
        ]

    async def list_versions(self, tenant_id: UUID, model: str) -> list[inference.ModelVersion]:
        async with self._database.read([tenant_id]) as conn:
            found = await models.versions(conn, TenantScope(tenant_id), model)
        return [_as(inference.ModelVersion, one) for one in found]

    async def aliases(self, tenant_id: UUID, model: str) -> dict[str, str]:
        async with self._database.read([tenant_id]) as conn:
            return await models.aliases(conn, TenantScope(tenant_id), model)

    async def resolve(self, tenant_id: UUID, model: str, version: str | None) -> inference.ModelVersion:
        async with self._database.read([tenant_id]) as conn:
            found = await models.resolve(conn, TenantScope(tenant_id), model, version)
        missing = f"There is no model {model} with a version or alias {version or models.LIVE}."
        return _as(inference.ModelVersion, _there(found, missing))
