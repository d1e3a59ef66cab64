"""The API's ports in memory: enough to tell one tenant from another, and nothing that a test did not put there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.errors import Conflict, IdempotencyMismatch, InvalidInput, NotFound, Unavailable
from models.domain.journal import Entry
from models.domain.runs import NewRun, Run, RunStatus, WorkflowRef
from serve import records as r

Key = tuple[Any, ...]
T = TypeVar("T")


def page(items: Sequence[Any], places: Sequence[Key], after: Key | None, limit: int) -> r.Page[Any]:
    """Items behind the place `after`, in the order given."""
    rest = [
        (item, place) for item, place in zip(items, places, strict=True) if after is None or place > tuple(after)
    ]
    shown = rest[:limit]
    return r.Page([item for item, _ in shown], shown[-1][1] if len(rest) > limit else None)


@dataclass
class FakeIdentity:
    users: dict[UUID, r.User] = field(default_factory=dict)
    members: dict[UUID, list[r.Membership]] = field(default_factory=dict)
    sessions: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)
    ended: dict[UUID, datetime] = field(default_factory=dict)
    tokens: dict[bytes, UUID] = field(default_factory=dict)
    successors: dict[bytes, bytes] = field(default_factory=dict)
    tickets: dict[bytes, tuple[UUID, UUID]] = field(default_factory=dict)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False

    async def register(self, account: r.NewAccount, session: r.NewSession) -> None:
        names = {one.name for memberships in self.members.values() for one in memberships}
        if account.tenant_name in names or await self.user_by_email(account.email):
            raise Conflict("This name or address is taken.")
        self.users[account.user_id] = r.User(account.user_id, account.email, account.password_hash)
        self.members[account.user_id] = [
            r.Membership(account.tenant_id, account.tenant_name, account.display_name, "owner")
        ]
        await self.open_session(session)

    async def user_by_email(self, email: str) -> r.User | None:
        return next((user for user in self.users.values() if user.email.lower() == email.lower()), None)

    async def user(self, user_id: UUID) -> r.User | None:
        return self.users.get(user_id)

    async def memberships(self, user_id: UUID) -> Sequence[r.Membership]:
        return self.members.get(user_id, [])

    async def open_session(self, session: r.NewSession, mail: Any = None) -> None:
        self.sessions[session.id] = (session.user_id, session.tenant_id)
        self.tokens[session.refresh_hash] = session.id

    async def rotate(
        self, refresh_hash: bytes, successor_hash: bytes, successor_sealed: bytes, expires_at: datetime, now: datetime
    ) -> r.Rotation | None:
        session_id = self.tokens.get(refresh_hash)
        if session_id is None or session_id in self.ended:
            return None
        user_id, tenant_id = self.sessions[session_id]
        sealed = self.successors.get(refresh_hash)
        if sealed is None:
            self.successors[refresh_hash] = successor_sealed
            self.tokens[successor_hash] = session_id
        return r.Rotation(session_id, user_id, tenant_id, "owner", sealed)

    async def end_session(self, session_id: UUID, now: datetime) -> None:
        self.ended.setdefault(session_id, now)

    async def session_of(self, refresh_hash: bytes) -> UUID | None:
        return self.tokens.get(refresh_hash)

    async def use_ticket(self, ticket_hash: bytes, now: datetime) -> tuple[UUID, UUID] | None:
        return self.tickets.pop(ticket_hash, None)

    async def ended_sessions(self, since: datetime) -> Sequence[UUID]:
        self.asked.set()
        if self.away:
            raise Unavailable
        return [session_id for session_id, at in self.ended.items() if at > since]


@dataclass
class FakeWorkflows:
    stored: dict[tuple[UUID, WorkflowRef], r.Version] = field(default_factory=dict)
    summaries: dict[tuple[UUID, str, str], r.WorkflowSummary] = field(default_factory=dict)
    resources: dict[WorkflowRef, Any] = field(default_factory=dict)

    async def put(self, tenant_id: UUID, version: r.NewVersion, user_id: UUID, now: datetime) -> bool:
        ref = version.ref
        known = self.stored.get((tenant_id, ref))
        if known is not None:
            if known.content_hash != version.content_hash:
                raise Conflict("This version exists with other content.")
            return False
        self.resources[ref] = version.resources
        self.stored[tenant_id, ref] = r.Version(
            ref, version.media_type, version.source, version.definition, version.content_hash, now
        )
        self.summaries[tenant_id, ref.namespace, ref.name] = r.WorkflowSummary(
            ref.namespace, ref.name, ref.version, version.title, version.summary, True, now, now
        )
        return True

    async def list(
        self, tenant_id: UUID, query: str | None, after: tuple[str, ...] | None, limit: int, reach: Reach = WHOLE
    ) -> r.Page[r.WorkflowSummary]:
        found = sorted(
            (
                one
                for key, one in self.summaries.items()
                if key[0] == tenant_id and (query or "") in one.name and reach.holds(f"{one.namespace}/{one.name}")
            ),
            key=lambda one: (one.namespace, one.name),
        )
        return page(found, [(one.namespace, one.name) for one in found], after, limit)

    async def get(self, tenant_id: UUID, namespace: str, name: str) -> r.WorkflowSummary:
        return there(self.summaries.get((tenant_id, namespace, name)))

    async def versions(
        self, tenant_id: UUID, namespace: str, name: str, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.VersionSummary]:
        await self.get(tenant_id, namespace, name)
        found = [
            r.VersionSummary(ref.version, one.media_type, one.content_hash, one.created_at, None)
            for (tenant, ref), one in self.stored.items()
            if (tenant, ref.namespace, ref.name) == (tenant_id, namespace, name)
        ]
        return page(found, [(one.created_at.isoformat(), one.version) for one in found], after, limit)

    async def version(self, tenant_id: UUID, ref: WorkflowRef) -> r.Version:
        return there(self.stored.get((tenant_id, ref)))

    async def set_enabled(
        self, tenant_id: UUID, namespace: str, name: str, enabled: bool, now: datetime
    ) -> r.WorkflowSummary:
        changed = replace(await self.get(tenant_id, namespace, name), enabled=enabled, updated_at=now)
        self.summaries[tenant_id, namespace, name] = changed
        return changed


@dataclass
class FakeRuns:
    workflows: FakeWorkflows
    runs: dict[UUID, Run] = field(default_factory=dict)
    entries: dict[UUID, list[Entry]] = field(default_factory=dict)
    keys: dict[tuple[UUID, str, str], tuple[bytes, UUID]] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    broken: Exception | None = None

    async def accept(self, requests: Sequence[r.AcceptRun]) -> Sequence[r.AcceptedRun | Exception]:
        self.batches.append(len(requests))
        if self.broken is not None:
            raise self.broken
        return [self._accept(one) for one in requests]

    def _accept(self, one: r.AcceptRun) -> r.AcceptedRun | Exception:
        workflow = self.workflows.summaries.get((one.tenant_id, one.namespace, one.name))
        if workflow is None:
            return NotFound("There is no such workflow.")
        if not workflow.enabled:
            return Conflict("The workflow is disabled.")
        if one.key is not None:
            known = self.keys.setdefault((one.tenant_id, one.route, one.key), (one.body_hash, one.run_id))
            if known[0] != one.body_hash:
                return IdempotencyMismatch()
            if known[1] != one.run_id:
                return r.AcceptedRun(known[1], 7, None, repeated=True)
        ref = WorkflowRef(one.namespace, one.name, one.version or workflow.latest_version)
        self.runs[one.run_id] = Run(
            one.tenant_id, one.run_id, ref, RunStatus.PENDING, one.input, None, None, one.cause, one.created_at,
            None, None, 0,
        )
        new = NewRun(one.tenant_id, one.run_id, ref, one.input, one.created_at, one.cause)
        return r.AcceptedRun(one.run_id, 7, new)

    async def list(
        self, tenant_id: UUID, where: r.RunFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.RunSummary]:
        found = sorted(
            (
                run for run in self.runs.values()
                if run.tenant_id == tenant_id and where.status in (None, run.status.value)
                and where.name in (None, run.workflow.name)
            ),
            key=lambda run: str(run.id), reverse=True,
        )
        rest = [run for run in found if after is None or str(run.id) < after[0]]
        items = [
            r.RunSummary(run.id, run.workflow, run.status, run.cause, run.error, run.created_at, None, None, 0)
            for run in rest[:limit]
        ]
        return r.Page(items, (str(items[-1].id),) if len(rest) > limit else None)

    async def get(self, tenant_id: UUID, run_id: UUID) -> Run:
        run = self.runs.get(run_id)
        return there(run if run is not None and run.tenant_id == tenant_id else None)

    async def journal(self, tenant_id: UUID, run_id: UUID, after: int, limit: int) -> Sequence[Entry]:
        await self.get(tenant_id, run_id)
        return [entry for entry in self.entries.get(run_id, []) if entry.seq > after][:limit]

    async def request_cancel(self, tenant_id: UUID, run_id: UUID, now: datetime) -> r.Cancellation:
        return r.Cancellation((await self.get(tenant_id, run_id)).status, 7)


@dataclass
class FakeEvents:
    stored: dict[tuple[UUID, str, str], r.StoredEvent] = field(default_factory=dict)

    async def ingest(self, requests: Sequence[r.IngestEvents]) -> Sequence[r.Ingested]:
        return [self._ingest(one) for one in requests]

    def _ingest(self, one: r.IngestEvents) -> r.Ingested:
        new = 0
        for event in one.events:
            key = (one.tenant_id, event.envelope["source"], event.envelope["id"])
            if key not in self.stored:
                self.stored[key] = r.StoredEvent(event.envelope, one.received_at)
                new += 1
        return r.Ingested(new, len(one.events) - new)

    async def list(
        self, tenant_id: UUID, kind: str | None, source: str | None, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.StoredEvent]:
        keys = sorted(key for key in self.stored if key[0] == tenant_id)
        found = [self.stored[key] for key in keys]
        return page(found, [("", key[1], key[2]) for key in keys], after, limit)


@dataclass
class FakeWebhooks:
    tenants: FakeIdentity
    sources: dict[tuple[UUID, str], r.HookSource] = field(default_factory=dict)

    async def put(self, source: r.HookSource) -> bool:
        new = (source.tenant_id, source.source) not in self.sources
        self.sources[source.tenant_id, source.source] = source
        return new

    async def list(self, tenant_id: UUID) -> Sequence[r.HookSource]:
        return [one for (tenant, _), one in self.sources.items() if tenant == tenant_id]

    async def get(self, tenant_id: UUID, source: str) -> r.HookSource:
        return there(self.sources.get((tenant_id, source)))

    async def delete(self, tenant_id: UUID, source: str) -> None:
        there(self.sources.pop((tenant_id, source), None))

    async def find(self, tenant_name: str, source: str) -> r.HookSource | None:
        for memberships in self.tenants.members.values():
            for one in memberships:
                if one.name == tenant_name:
                    return self.sources.get((one.tenant_id, source))
        return None


@dataclass
class FakeMetrics:
    defined: dict[tuple[UUID, str], r.MetricDefinition] = field(default_factory=dict)

    async def define(self, tenant_id: UUID, name: str, definition: Mapping[str, Any]) -> bool:
        new = (tenant_id, name) not in self.defined
        created_at = datetime.fromisoformat("2026-01-01T00:00Z")
        self.defined[tenant_id, name] = r.MetricDefinition(name, definition, created_at)
        return new

    async def definitions(self, tenant_id: UUID) -> Sequence[r.MetricDefinition]:
        built_in = r.MetricDefinition("events", {"type": "", "dimensions": []}, None)
        return [built_in, *(one for (tenant, _), one in self.defined.items() if tenant == tenant_id)]

    async def series(self, tenant_id: UUID, query: r.SeriesQuery) -> Sequence[r.Series]:
        if query.metric not in ("events", "runs") and (tenant_id, query.metric) not in self.defined:
            raise NotFound("There is no such metric.")
        if set(query.by) - {"type", "source"}:
            raise InvalidInput("There is no such dimension.")
        point = {
            "start": query.start, "count": 1, "sum": 2.0, "min": 2.0, "max": 2.0, "avg": 2.0, "p50": 2.0, "p90": 2.0,
            "p99": 2.0, "uniques": None,
        }  # fmt: skip
        return [r.Series(dict.fromkeys(query.by, "x"), [point])]


@dataclass
class FakeNotifications:
    inbox: dict[UUID, tuple[UUID, UUID, r.Notification]] = field(default_factory=dict)

    def _mine(self, tenant_id: UUID, user_id: UUID) -> list[r.Notification]:
        return [note for tenant, user, note in self.inbox.values() if (tenant, user) == (tenant_id, user_id)]

    async def list(
        self, tenant_id: UUID, user_id: UUID, unread: bool, after: tuple[str, ...] | None, limit: int
    ) -> tuple[r.Page[r.Notification], int]:
        mine = self._mine(tenant_id, user_id)
        count = sum(note.read_at is None for note in mine)
        shown = [note for note in mine if not (unread and note.read_at)]
        return page(shown, [(str(note.id),) for note in shown], after, limit), count

    async def read(self, tenant_id: UUID, user_id: UUID, notification_id: UUID, now: datetime) -> int:
        tenant, user, note = self.inbox.get(notification_id, (None, None, None))
        if note is None or tenant != tenant_id or user != user_id:
            raise NotFound
        self.inbox[notification_id] = (tenant_id, user_id, replace(note, read_at=note.read_at or now))
        return sum(one.read_at is None for one in self._mine(tenant_id, user_id))

    async def read_all(self, tenant_id: UUID, user_id: UUID, now: datetime) -> int:
        unread = [note for note in self._mine(tenant_id, user_id) if note.read_at is None]
        for note in unread:
            self.inbox[note.id] = (tenant_id, user_id, replace(note, read_at=now))
        return len(unread)


@dataclass
class FakeConnections:
    stored: dict[tuple[UUID, str], r.Connection] = field(default_factory=dict)
    sealed: dict[tuple[UUID, str], bytes | None] = field(default_factory=dict)

    async def put(
        self,
        tenant_id: UUID,
        name: str,
        base_url: str,
        settings: Mapping[str, Any],
        sealed: bytes | None,
        now: datetime,
    ) -> bool:
        new = (tenant_id, name) not in self.stored
        self.stored[tenant_id, name] = r.Connection(name, base_url, settings, None, now, now)
        self.sealed[tenant_id, name] = sealed
        return new

    async def list(self, tenant_id: UUID) -> Sequence[r.Connection]:
        return [one for (tenant, _), one in self.stored.items() if tenant == tenant_id]

    async def get(self, tenant_id: UUID, name: str) -> r.Connection:
        return there(self.stored.get((tenant_id, name)))

    async def delete(self, tenant_id: UUID, name: str) -> None:
        there(self.stored.pop((tenant_id, name), None))


@dataclass
class FakeSecrets:
    sealed: dict[tuple[UUID, str], bytes] = field(default_factory=dict)
    stored: dict[tuple[UUID, str], r.Secret] = field(default_factory=dict)

    async def put(self, tenant_id: UUID, name: str, sealed: bytes, now: datetime) -> bool:
        old = self.stored.get((tenant_id, name))
        self.stored[tenant_id, name] = r.Secret(name, old.created_at if old else now, now)
        self.sealed[tenant_id, name] = sealed
        return old is None

    async def list(self, tenant_id: UUID) -> Sequence[r.Secret]:
        return [one for (tenant, _), one in sorted(self.stored.items()) if tenant == tenant_id]

    async def delete(self, tenant_id: UUID, name: str) -> None:
        there(self.stored.pop((tenant_id, name), None))


@dataclass
class FakeResources:
    """Documents by address; the rest is away."""

    documents: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    async def fetch(self, tenant_id: UUID, uri: str, authentication: Mapping[str, Any] | None) -> Any:
        self.asked.append((uri, authentication))
        if uri not in self.documents:
            raise Unavailable(f"{uri} could not be talked to.")
        return self.documents[uri]


def there(found: T | None) -> T:
    """What was found; NotFound when it is None."""
    if found is None:
        raise NotFound
    return found
