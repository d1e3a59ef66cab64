"""What the API's ports give and take where models/domain has no type for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.events import CloudEvent
from models.domain.ports import Wake
from models.domain.runs import NewRun, RunStatus, WorkflowRef
from serve.operation_records import RunOrigin

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `next` is the position after it, None at the end."""

    items: Sequence[T]
    next: tuple[str, ...] | None = None


# identity


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in; `password_hash` is argon2id, None when there is none.

    `session_epoch` moves when all their sessions end.
    """

    id: UUID
    email: str
    password_hash: str | None = field(repr=False)
    disabled: bool = False
    session_epoch: int = 0
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """A tenant of a user, with the role there."""

    tenant_id: UUID
    name: str
    display_name: str
    role: str


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A new tenant with its first user, who becomes its owner."""

    tenant_id: UUID
    tenant_name: str
    display_name: str
    shard: int
    user_id: UUID
    email: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A sign-in on one device, by `factors` (see models/domain/factors.py); only hashes of refresh tokens are stored.

    `authenticated_at` None: now. `epoch`: the session epoch of the user when they were proved; None: that of now.
    """

    id: UUID
    user_id: UUID
    tenant_id: UUID
    user_agent: str
    address: str
    refresh_hash: bytes = field(repr=False)
    refresh_expires_at: datetime
    factors: Sequence[str] = ("pwd",)
    authenticated_at: datetime | None = None
    device: str = ""
    network: str = ""
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """The answer to the use of a refresh token.

    `successor_sealed` is set when the token was used a moment ago: the caller gets that same successor. `stolen`: it
    was used long ago, and the session has ended now.
    """

    session_id: UUID
    user_id: UUID
    tenant_id: UUID
    role: str
    successor_sealed: bytes | None = field(default=None, repr=False)
    factors: Sequence[str] = ("pwd",)
    authenticated_at: datetime | None = None
    stolen: bool = False


# workflows


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A checked definition, ready to be stored; `triggers` maps kinds (on, cron, every, after) to their spec,
    `resources` is what it uses from elsewhere, None if nothing."""

    ref: WorkflowRef
    title: str
    summary: str
    media_type: str
    source: str
    definition: Mapping[str, Any]
    content_hash: bytes
    triggers: Mapping[str, Any]
    resources: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WorkflowSummary:
    """A workflow with its newest version."""

    namespace: str
    name: str
    latest_version: str
    title: str
    summary: str
    enabled: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One immutable version, without its text."""

    version: str
    media_type: str
    content_hash: bytes
    created_at: datetime
    created_by: UUID | None


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version."""

    ref: WorkflowRef
    media_type: str
    source: str
    definition: Any
    content_hash: bytes
    created_at: datetime


# runs


@dataclass(frozen=True, slots=True)
class AcceptRun:
    """A request to start a run; `version` None is the latest. `key` is the Idempotency-Key with its body's hash."""

    tenant_id: UUID
    run_id: UUID
    namespace: str
    name: str
    version: str | None
    input: Any
    cause: dict[str, Any]
    created_at: datetime
    key: str | None = None
    route: str = ""
    body_hash: bytes = b""
    origin: RunOrigin | None = None


@dataclass(frozen=True, slots=True)
class AcceptedRun:
    """A run that is durable. `repeated`: it was accepted earlier under the same Idempotency-Key. `wakes` are other runs
    to look at because of it; `held`: flow control lets it start later."""

    run_id: UUID
    shard: int
    new: NewRun | None
    repeated: bool = False
    wakes: Sequence[Wake] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a list of runs shows; every part that is set must hold."""

    status: str | None = None
    namespace: str | None = None
    name: str | None = None
    query: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    rerun_of: UUID | None = None
    dry_run: bool = False
    reach: Reach = WHOLE


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a list."""

    id: UUID
    workflow: WorkflowRef
    status: RunStatus
    cause: Any
    error: Any
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    last_seq: int


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What asking for a cancel met: the status at that moment, and the shard to wake."""

    status: RunStatus
    shard: int


# events


@dataclass(frozen=True, slots=True)
class IngestEvents:
    """Checked events of one tenant that belong to one request."""

    tenant_id: UUID
    events: Sequence[CloudEvent]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many events were new, how many had been seen before, and the runs they started."""

    accepted: int
    duplicates: int
    wakes: Sequence[Wake] = ()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event in the JSON format and when it came."""

    envelope: Mapping[str, Any]
    received_at: datetime


# webhooks, connections, notifications


@dataclass(frozen=True, slots=True)
class HookSource:
    """A place that webhooks come from."""

    tenant_id: UUID
    source: str
    scheme: str
    secret_sealed: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Connection:
    """A named way out to an HTTP API; `settings` has auth without secrets, quota and breaker."""

    name: str
    base_url: str
    settings: Mapping[str, Any]
    state: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Secret:
    """The name of a secret; its value leaves the session hosts nowhere but towards its target."""

    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification in the inbox of a user."""

    id: UUID
    severity: str
    title: str
    body: str
    link: str | None
    run_id: UUID | None
    created_at: datetime
    read_at: datetime | None


# metrics


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric that a tenant defined: `definition` as PUT."""

    name: str
    definition: Mapping[str, Any]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Points of a metric in [start, end) by windows of `step` seconds, one series for each value of `by`."""

    metric: str
    start: datetime
    end: datetime
    step: int
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one combination of dimension values, oldest first, as they are shown."""

    dimensions: Mapping[str, str]
    points: Sequence[Mapping[str, Any]]
