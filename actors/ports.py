"""What the actors need from other rooms; cluster/adapters/actors.py binds it to storage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from models.domain.dsl.protocol import Notification, TaskAnswered
from models.domain.dsl.protocol_messages import StartChild, Subscribe
from models.domain.human_tasks import TaskChange
from models.domain.journal import Entry
from models.domain.ports import Ended, Wake
from models.domain.runs import Run, RunStatus, WorkflowRef

RunKey = tuple[UUID, UUID]
"""(tenant, run)."""
Cursor = tuple[int, UUID] | tuple[int, UUID, UUID]
"""(shard, run)."""


@dataclass(frozen=True, slots=True)
class Messages:
    """What a run tells others, and the messages that it has taken from its inbox (`taken`).

    `unsubscribes` names listens; None stands for all of the run. `given_up` are runs whose ends are not wanted.
    """

    subscribes: Sequence[Subscribe] = ()
    unsubscribes: Sequence[int | None] = ()
    children: Sequence[StartChild] = ()
    given_up: Sequence[UUID] = ()
    taken: Sequence[int] = ()

    @property
    def are_none(self) -> bool:
        return not (self.subscribes or self.unsubscribes or self.children or self.given_up or self.taken)


NO_MESSAGES = Messages()


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message to a run as it is stored; `kind` says what `data` (JSON) is. Ids grow and are not reused."""

    id: int
    kind: str
    data: Any


@dataclass(frozen=True, slots=True)
class RunAppend:
    """New entries of one run and everything that becomes true with them, in one transaction.

    `expected` is last_seq before; the entries follow it gapless. `created_at`, `workflow` and `cause` are the facts of
    the run that lifecycle events and schedules need.
    """

    tenant_id: UUID
    run_id: UUID
    shard: int
    epoch: int
    workflow: WorkflowRef
    created_at: datetime
    cause: Mapping[str, Any]
    expected: int
    entries: Sequence[Entry]
    status: RunStatus
    started_at: datetime | None
    ended_at: datetime | None = None
    wake_at: datetime | None = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    events: Sequence[Mapping[str, Any]] = ()
    notifications: Sequence[Notification] = ()
    tasks: Sequence[TaskChange] = ()
    messages: Messages = field(default_factory=lambda: NO_MESSAGES)
    is_flow_controlled: bool = False
    snapshot: Mapping[str, Any] | None = None
    tells_tasks: bool = False

    @property
    def key(self) -> RunKey:
        return self.tenant_id, self.run_id

    @property
    def last(self) -> int:
        """last_seq after."""
        return self.expected + len(self.entries)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run that has not ended, with its shard, the answers of people and messages that it has not taken yet, and why
    it is to be cancelled. What flow control holds is not read unless it is to be cancelled."""

    shard: int
    run: Run
    answers: Sequence[TaskAnswered] = ()
    messages: Sequence[InboxMessage] = ()
    cancel_reason: str = ""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """Enough of a run to decide whether it needs anything."""

    shard: int
    tenant_id: UUID
    id: UUID
    status: RunStatus
    last_seq: int
    wake_at: datetime | None
    cancel_requested: bool
    has_answer: bool = False
    messages: Sequence[int] = ()

    @property
    def key(self) -> RunKey:
        return self.tenant_id, self.id


class JournalStore(Protocol):
    """Runs and their journals; every method may raise Unavailable."""

    async def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        """One fenced transaction: entries, run states, lifecycle events, emitted events (each stored once, starting
        the runs it triggers), notifications and messages. Returns the runs that were started or have a message.

        StaleEpoch, RunMoved, TasksAnswered: nothing was written. Unavailable: it may or may not have been written.
        """

    async def last_seqs(self, keys: Collection[RunKey]) -> Mapping[UUID, int]:
        """Run id -> last_seq; runs that are not there are left out."""

    async def read(self, keys: Collection[RunKey]) -> Sequence[StoredRun]:
        """Those of these runs that have not ended."""

    async def entries(self, keys: Collection[RunKey]) -> Mapping[UUID, Sequence[Entry]]:
        """Run id -> its whole journal in order."""

    async def needy(
        self, shards: Sequence[int], after: Cursor, limit: int, pending_before: datetime, due: datetime,
        full: Collection[UUID] = (),
    ) -> tuple[Sequence[OpenRun], Cursor | None]:
        """Looks at the next `limit` open runs of the shards after the cursor, and at all that are due; returns those
        that are not just waiting until after `due`, and where to go on (None: at the beginning).

        Pending runs accepted after `pending_before` are left out: their wake is on its way. Those of tenants that are
        `full` may be left out as well.
        """


@dataclass(frozen=True, slots=True)
class Standing:
    """What PostgreSQL knows about the leases of an owner: shard -> epoch, and how many owners are alive."""

    epochs: Mapping[int, int]
    live_owners: int
    free: int = 0


class LeaseStore(Protocol):
    """Who owns which shard. Names of owners are `<actor>#<incarnation>`."""

    async def beat(self, owner: str, ttl: timedelta) -> Standing:
        """Extends the leases of the owner by `ttl` and tells them."""

    async def acquire(self, owner: str, at_most: int) -> Mapping[int, int]:
        """Takes over free and expired shards; shard -> new epoch."""

    async def succeed(self, owner: str, ttl: timedelta) -> Mapping[int, int]:
        """Takes over, at once, all shards of other incarnations of the same actor; shard -> new epoch.

        Safe even when one of them still runs: its epochs are stale from then on and it can write nothing.
        """

    async def release(self, owner: str, shards: Collection[int] | None = None) -> None:
        """Gives shards back (all when None, and the owner is forgotten)."""


class DefinitionStore(Protocol):
    """Immutable workflow versions."""

    async def definition(self, tenant_id: UUID, ref: WorkflowRef) -> Mapping[str, Any] | None:
        """The definition, or None."""


class TriggerStore(Protocol):
    """Schedules of workflows."""

    async def fire_due(self, shards: Collection[int], now: datetime, limit: int) -> Sequence[Wake]:
        """Starts exactly one run for each trigger of these shards that is due, and sets its next time, in one
        transaction."""

    async def admit_due(
        self, shards: Collection[int], now: datetime, limit: int
    ) -> tuple[Sequence[Wake], datetime | None]:
        """Lets in runs that flow control held until now, and when to do so again at the latest (None: not planned)."""


class Housekeeping(Protocol):
    """What must not grow for ever."""

    async def forget_keys(self, before: datetime, limit: int) -> int:
        """Deletes idempotency keys that are older; how many."""

    async def forget_messages(self, limit: int) -> int:
        """Deletes messages to runs that have ended; how many."""

    async def ensure_partitions(self, since: datetime, months: int) -> int:
        """Makes the journal's partitions for the coming months; how many were new."""


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """`settings` has auth without its secret, quota and breaker; `state_at` is when the state was written."""

    base_url: str
    settings: Mapping[str, Any]
    secret_sealed: bytes | None = field(repr=False)
    updated_at: datetime
    state: Mapping[str, Any] | None
    state_at: datetime | None


class ConnectionStore(Protocol):
    """Connections of tenants."""

    async def get(self, tenant_id: UUID, name: str) -> StoredConnection | None:
        """The connection with its state, or None."""

    async def save_state(
        self, tenant_id: UUID, name: str, state: Mapping[str, Any], expected_at: datetime | None, now: datetime
    ) -> bool:
        """Writes the state if it was last written at `expected_at`; False when somebody else wrote it meanwhile."""


class SecretStore(Protocol):
    """Secrets of tenants, sealed."""

    async def sealed(self, tenant_id: UUID, names: Collection[str]) -> Mapping[str, bytes]:
        """Name -> sealed value, only those that are there; Unavailable."""


class ShardDirectory(Protocol):
    """Where shards are, and how runs ended: what a client of the shards reads from PostgreSQL."""

    async def owners(self) -> Mapping[int, str]:
        """Shard -> owner (`<actor>#<incarnation>`), only where the lease is alive."""

    async def ended(self, keys: Collection[RunKey]) -> Sequence[Ended]:
        """Those of these runs that have reached their end."""
