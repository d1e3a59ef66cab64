"""What the API needs from storage and the cluster; cluster/adapters/api.py provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.journal import Entry
from models.domain.runs import Run, WorkflowRef
from serve import records as r
from serve.mail.ports import NewMail


class IdentityRepository(Protocol):
    """Users, tenants, sessions. Nothing here is given a plain token or password."""

    async def register(self, account: r.NewAccount, session: r.NewSession) -> None:
        """Tenant, owner and first session in one transaction; Conflict when the name or address is taken."""

    async def user_by_email(self, email: str) -> r.User | None:
        """Without regard to case."""

    async def user(self, user_id: UUID) -> r.User | None: ...

    async def memberships(self, user_id: UUID) -> Sequence[r.Membership]:
        """The tenants of a user, oldest membership first."""

    async def open_session(self, session: r.NewSession, mail: NewMail | None = None) -> None:
        """Unauthenticated when all sessions of the user were ended since `session.epoch` was read. The mail is sent to
        the user when the device is new."""

    async def rotate(
        self, refresh_hash: bytes, successor_hash: bytes, successor_sealed: bytes, expires_at: datetime, now: datetime
    ) -> r.Rotation | None:
        """Uses a refresh token once. None when it is unknown, expired or revoked; `stolen` when it was used more than
        ten seconds before: then the whole session has ended."""

    async def end_session(self, session_id: UUID, now: datetime) -> None: ...

    async def session_of(self, refresh_hash: bytes) -> UUID | None: ...

    async def use_ticket(self, ticket_hash: bytes, now: datetime) -> tuple[UUID, UUID] | None:
        """User and tenant of a one-time sign-in ticket that was not used before."""

    async def ended_sessions(self, since: datetime) -> Sequence[UUID]:
        """Sessions that ended after `since`, those of disabled users included."""


class WorkflowRepository(Protocol):
    """Workflows and their immutable versions."""

    async def put(self, tenant_id: UUID, version: r.NewVersion, user_id: UUID, now: datetime) -> bool:
        """True when new, False when the same was there; Conflict when the version has other content."""

    async def list(
        self, tenant_id: UUID, query: str | None, after: tuple[str, ...] | None, limit: int, reach: Reach = WHOLE
    ) -> r.Page[r.WorkflowSummary]:
        """By namespace and name, those within `reach`."""

    async def get(self, tenant_id: UUID, namespace: str, name: str) -> r.WorkflowSummary:
        """NotFound when there is none."""

    async def versions(
        self, tenant_id: UUID, namespace: str, name: str, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.VersionSummary]: ...

    async def version(self, tenant_id: UUID, ref: WorkflowRef) -> r.Version:
        """NotFound when there is none."""

    async def set_enabled(
        self, tenant_id: UUID, namespace: str, name: str, enabled: bool, now: datetime
    ) -> r.WorkflowSummary: ...


class RunRepository(Protocol):
    """Runs and their journals."""

    async def accept(self, requests: Sequence[r.AcceptRun]) -> Sequence[r.AcceptedRun | Exception]:
        """All in one transaction, many tenants; an answer for each: NotFound, Conflict (workflow disabled) and
        IdempotencyMismatch concern one request alone."""

    async def list(
        self, tenant_id: UUID, where: r.RunFilter, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.RunSummary]:
        """Newest first."""

    async def get(self, tenant_id: UUID, run_id: UUID) -> Run:
        """NotFound when there is none."""

    async def journal(self, tenant_id: UUID, run_id: UUID, after: int, limit: int) -> Sequence[Entry]:
        """Entries with seq > after; NotFound when there is no such run."""

    async def request_cancel(self, tenant_id: UUID, run_id: UUID, now: datetime) -> r.Cancellation:
        """Durable; NotFound when there is no such run. A final run is left as it is."""


class EventRepository(Protocol):
    """Events that came in."""

    async def ingest(self, requests: Sequence[r.IngestEvents]) -> Sequence[r.Ingested]:
        """All in one transaction, many tenants."""

    async def list(
        self, tenant_id: UUID, kind: str | None, source: str | None, after: tuple[str, ...] | None, limit: int
    ) -> r.Page[r.StoredEvent]:
        """Newest first."""


class WebhookRepository(Protocol):
    """Sources of inbound webhooks."""

    async def put(self, source: r.HookSource) -> bool:
        """True when new, False when one was replaced."""

    async def list(self, tenant_id: UUID) -> Sequence[r.HookSource]: ...

    async def get(self, tenant_id: UUID, source: str) -> r.HookSource:
        """NotFound when there is none."""

    async def delete(self, tenant_id: UUID, source: str) -> None:
        """NotFound when there is none."""

    async def find(self, tenant_name: str, source: str) -> r.HookSource | None:
        """For an unauthenticated delivery, by the tenant's public name."""


class MetricRepository(Protocol):
    """Metric definitions and the points that the streams room keeps."""

    async def define(self, tenant_id: UUID, name: str, definition: Mapping[str, Any]) -> bool:
        """True when new, False when replaced; LimitExceeded above max_metrics_per_tenant."""

    async def definitions(self, tenant_id: UUID) -> Sequence[r.MetricDefinition]:
        """Built-in ones included, by name."""

    async def series(self, tenant_id: UUID, query: r.SeriesQuery) -> Sequence[r.Series]:
        """NotFound for an unknown metric, InvalidInput for an unknown dimension."""


class NotificationRepository(Protocol):
    """The inbox of one user in one tenant."""

    async def list(
        self, tenant_id: UUID, user_id: UUID, unread: bool, after: tuple[str, ...] | None, limit: int
    ) -> tuple[r.Page[r.Notification], int]:
        """Newest first, with the number of unread ones."""

    async def read(self, tenant_id: UUID, user_id: UUID, notification_id: UUID, now: datetime) -> int:
        """Marks one as read, tells the number still unread; NotFound when it is not in this inbox."""

    async def read_all(self, tenant_id: UUID, user_id: UUID, now: datetime) -> int:
        """How many became read."""


class ConnectionRepository(Protocol):
    """Connections to outside HTTP APIs; secrets are sealed before they get here."""

    async def put(
        self,
        tenant_id: UUID,
        name: str,
        base_url: str,
        settings: Mapping[str, Any],
        sealed: bytes | None,
        now: datetime,
    ) -> bool:
        """True when new, False when replaced."""

    async def list(self, tenant_id: UUID) -> Sequence[r.Connection]: ...

    async def get(self, tenant_id: UUID, name: str) -> r.Connection:
        """NotFound when there is none."""

    async def delete(self, tenant_id: UUID, name: str) -> None:
        """NotFound when there is none."""


class SecretRepository(Protocol):
    """What workflows name under use.secrets; sealed before it gets here, and never read back by the API."""

    async def put(self, tenant_id: UUID, name: str, sealed: bytes, now: datetime) -> bool:
        """True when new, False when replaced; LimitExceeded above max_secrets_per_tenant."""

    async def list(self, tenant_id: UUID) -> Sequence[r.Secret]:
        """By name, without values."""

    async def delete(self, tenant_id: UUID, name: str) -> None:
        """NotFound when there is none."""


class ResourceFetcher(Protocol):
    """Reads what a definition uses from elsewhere, past the egress rules."""

    async def fetch(self, tenant_id: UUID, uri: str, authentication: Mapping[str, Any] | None) -> Any:
        """The document (JSON or YAML); EgressRefused, InvalidInput, Unavailable."""


class AttemptCounter(Protocol):
    """Counts tries in windows, for all replicas together (Redis)."""

    async def hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        """Counts one more: the count in the window, and the seconds until it ends; Unavailable when it cannot."""

    async def forgive(self, key: str) -> None:
        """Takes one back."""


class Readiness(Protocol):
    """Whether the parts that requests need are there."""

    async def check(self) -> Mapping[str, str]:
        """Part -> `ok` or a short reason; never raises, answers within two seconds."""
