"""What the API must know to admit callers and to decide: cluster/adapters/api_access.py provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.domain.authorization import Grant
from models.domain.identity import SubjectKind


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member or service account has in a tenant at its `version` of roles and grants.

    `mfa_required`: the tenant lets in somebody of this role by a second factor only.
    """

    role: str
    permissions: frozenset[str]
    grants: Sequence[Grant]
    version: int
    mfa_required: bool = False


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A living API key: whom it acts for, how narrow it is, and until when."""

    id: UUID
    tenant_id: UUID
    subject: SubjectKind
    subject_id: UUID
    scopes: frozenset[str] | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccessChanges:
    """The newest version of each tenant that changed, and users who were disabled."""

    tenants: Mapping[UUID, int]
    users: Sequence[UUID]


class AccessRepository(Protocol):
    """Reads what decisions are made of. Every method may raise Unavailable."""

    async def standing(self, tenant_id: UUID, subject: SubjectKind, subject_id: UUID) -> Standing | None:
        """None for who is not a member (any more), is disabled, or was never there. Clients: their service account."""

    async def key(self, key_hash: bytes) -> KnownKey | None:
        """The living key with this hash; None for an unknown, revoked or expired one."""

    async def changes(self, since: datetime) -> AccessChanges:
        """What was committed after about `since`; more than that does no harm."""

    async def note_use(self, keys: Mapping[UUID, tuple[UUID, datetime]]) -> None:
        """Remembers when keys were last used: tenant and time by id of the key."""

    async def workflow_of_run(self, tenant_id: UUID, run_id: UUID) -> str | None:
        """`namespace/name` of a run."""

    async def workflow_of_task(self, tenant_id: UUID, task_id: UUID) -> str | None:
        """`namespace/name` of a human task."""
