"""Values that pass between the API and what stores identity providers, their users and their requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.federation import Asserted, ProviderKind


@dataclass(frozen=True, slots=True)
class NewProvider:
    """An identity provider as it is written; `settings` are those of its kind, `rules` who becomes what."""

    id: UUID
    tenant_id: UUID
    name: str
    kind: ProviderKind
    enabled: bool
    settings: Mapping[str, Any]
    rules: Mapping[str, Any]
    secret_sealed: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider as it is stored. `last_error` tells an admin why the last sign-in failed."""

    id: UUID
    tenant_id: UUID
    name: str
    kind: ProviderKind
    enabled: bool
    settings: Mapping[str, Any]
    rules: Mapping[str, Any]
    secret_sealed: bytes | None = field(repr=False)
    last_error: str | None
    last_error_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of a tenant. `verified_by` is `dns` or `operator`; `enforced`: members sign in by the provider only."""

    domain: str
    token: str
    provider_id: UUID | None
    enforced: bool
    verified_at: datetime | None
    verified_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """Where the people of a verified domain sign in."""

    tenant_id: UUID
    provider_id: UUID
    name: str
    kind: ProviderKind
    enforced: bool


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A sign-in that was begun, known by the hash of its state and bound to one browser."""

    state_hash: bytes = field(repr=False)
    tenant_id: UUID
    provider_id: UUID
    browser_hash: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    begun_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A sign-in that was begun and has just been answered, for the first time."""

    tenant_id: UUID
    provider_id: UUID
    browser_hash: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """A one-time way to sign in, for one browser only. `factors` are the marks of its session, `hint` is what a
    sign-out tells the provider, sealed."""

    hash: bytes = field(repr=False)
    browser_hash: bytes = field(repr=False)
    expires_at: datetime
    factors: Sequence[str]
    hint_sealed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A sign-in to carry out: what the provider asserts, and the ticket that lets the browser in."""

    tenant_id: UUID
    provider_id: UUID
    asserted: Asserted
    ticket: Ticket
    now: datetime
    # SAML: the hash of the assertion's id and until when it must not come again.
    assertion: tuple[bytes, datetime] | None = None


@dataclass(frozen=True, slots=True)
class SignOut:
    """What ends a session at the provider too."""

    provider_id: UUID
    hint_sealed: bytes | None = field(repr=False)
