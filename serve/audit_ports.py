"""What the API needs of the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from models.domain.audit import Head, Trail
from serve.records import Page


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to look for; None for whatever. `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`entry` as it was hashed; `text` the very bytes of it."""

    entry: Mapping[str, Any]
    text: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditStream:
    """Where a tenant's entries are sent. `sent_seq`: the receiver has all up to this one."""

    url: str
    enabled: bool
    sent_seq: int
    failures: int
    last_error: str
    next_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewAuditStream:
    """`secret_sealed` None keeps the one that is there."""

    tenant_id: UUID
    url: str
    secret_sealed: bytes | None = field(repr=False)
    enabled: bool
    now: datetime


class AuditRepository(Protocol):
    """The audit log of each tenant."""

    async def append(self, trail: Trail) -> None:
        """An entry about what no transaction of ours tells; the trail names its tenant."""
        ...

    async def tenants_of(self, email: str) -> Sequence[tuple[UUID, UUID]]:
        """Tenant and user for each membership of the account with this address."""
        ...

    async def list(
        self, tenant_id: UUID, where: AuditFilter, after: tuple[str, ...] | None, limit: int
    ) -> Page[AuditEntry]:
        """Newest first."""
        ...

    async def head(self, tenant_id: UUID) -> Head:
        """The end of the chain."""
        ...

    async def following(self, tenant_id: UUID, seq: int, until: int, limit: int) -> Sequence[AuditEntry]:
        """Entries after `seq` up to `until`, oldest first."""
        ...

    async def stream(self, tenant_id: UUID) -> AuditStream | None:
        """Where entries are sent, if anywhere."""
        ...

    async def put_stream(self, stream: NewAuditStream) -> AuditStream:
        """InvalidInput when there is no secret yet and none was given."""
        ...

    async def delete_stream(self, tenant_id: UUID) -> None:
        """NotFound when there is none."""
        ...
