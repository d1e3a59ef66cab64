"""An audit log that only remembers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from models.domain.audit import NOTHING_BEFORE, Head, Trail
from models.domain.errors import NotFound
from serve.audit_ports import AuditEntry, AuditFilter, AuditStream, NewAuditStream
from serve.records import Page


class FakeAudit:
    """`told`: every trail that was handed over."""

    def __init__(self) -> None:
        self.told: list[Trail] = []
        self.accounts: dict[str, list[tuple[UUID, UUID]]] = {}
        self.streams: dict[UUID, AuditStream] = {}

    async def append(self, trail: Trail) -> None:
        self.told.append(trail)
        trail.written += 1

    async def tenants_of(self, email: str) -> Sequence[tuple[UUID, UUID]]:
        return self.accounts.get(email, [])

    async def list(
        self, tenant_id: UUID, where: AuditFilter, after: tuple[str, ...] | None, limit: int
    ) -> Page[AuditEntry]:
        return Page([])

    async def head(self, tenant_id: UUID) -> Head:
        return Head(0, NOTHING_BEFORE)

    async def following(self, tenant_id: UUID, seq: int, until: int, limit: int) -> Sequence[AuditEntry]:
        return []

    async def stream(self, tenant_id: UUID) -> AuditStream | None:
        return self.streams.get(tenant_id)

    async def put_stream(self, stream: NewAuditStream) -> AuditStream:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        made = AuditStream(stream.url, stream.enabled, 0, 0, "", now, now)
        self.streams[stream.tenant_id] = made
        return made

    async def delete_stream(self, tenant_id: UUID) -> None:
        if self.streams.pop(tenant_id, None) is None:
            raise NotFound("Entries of this tenant are not sent anywhere.")
