"""What the ports of authorization give and take; see storage for the rows they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.domain.authorization import Grant


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a tenant; `role` is the name of a built-in role or of one of the tenant."""

    user_id: UUID
    email: str
    name: str
    role: str
    disabled: bool
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the tenant made; its permissions are names or `kind:*`."""

    name: str
    description: str
    permissions: Sequence[str]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MadeGrant:
    """A rule, and who made it when."""

    grant: Grant
    created_at: datetime
    created_by: UUID


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """None: whatever it is."""

    subject_kind: str | None = None
    subject: str | None = None
    resource: str | None = None
    instance: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A program of a tenant, and the role it has."""

    id: UUID
    name: str
    description: str
    role: str
    disabled: bool
    created_at: datetime
    created_by: UUID


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as lists show it. `scopes` None: all that its subject may; `expires_at` None: never."""

    id: UUID
    prefix: str
    name: str
    subject_kind: str
    subject_id: UUID
    scopes: Sequence[str] | None
    created_at: datetime
    created_by: UUID
    expires_at: datetime | None
    last_used_at: datetime | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may become a member until then."""

    id: UUID
    email: str
    role: str
    created_at: datetime
    created_by: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PresentedInvitation:
    """What a token invites to; `user_id` is the account that has the address, if there is one."""

    tenant_id: UUID
    id: UUID
    email: str
    role: str
    created_by: UUID
    tenant_name: str
    display_name: str
    user_id: UUID | None
