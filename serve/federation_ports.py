"""What single sign-on and provisioning need from storage and from the world outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.domain.federation import Admission, Asserted, Standing
from models.domain.ports import OutboundHttp
from serve import federation_records as f
from serve.scim_ports import ScimRepository

Admit = Callable[[Asserted, Standing, Sequence[str]], Admission]


class ProviderRepository(Protocol):
    """Identity providers and domains of a tenant."""

    async def put_provider(self, provider: f.NewProvider, now: datetime, is_new: bool) -> f.Provider:
        """NotFound for one that is to be changed and is not there; LimitExceeded; a None secret keeps the old one."""

    async def providers(self, tenant_id: UUID) -> Sequence[f.Provider]:
        """Oldest first."""

    async def provider(self, tenant_id: UUID, provider_id: UUID) -> f.Provider:
        """NotFound."""

    async def delete_provider(self, tenant_id: UUID, provider_id: UUID) -> None:
        """With the links of its users; NotFound, Conflict while a domain is led to it."""

    async def public_provider(self, provider_id: UUID) -> f.Provider | None:
        """An enabled one of whatever tenant: where a sign-in begins the tenant is not known."""

    async def note_failure(self, tenant_id: UUID, provider_id: UUID, reason: str, now: datetime) -> None:
        """For the admins to see."""

    async def add_domain(self, tenant_id: UUID, domain: str, token: str, now: datetime) -> f.Domain:
        """As it is when it is there already; LimitExceeded."""

    async def domains(self, tenant_id: UUID) -> Sequence[f.Domain]:
        """By name."""

    async def domain(self, tenant_id: UUID, domain: str) -> f.Domain:
        """NotFound."""

    async def verify_domain(self, tenant_id: UUID, domain: str, by: str, now: datetime) -> f.Domain:
        """Conflict when another tenant has verified it."""

    async def lead_domain(
        self, tenant_id: UUID, domain: str, provider_id: UUID | None, enforced: bool, now: datetime
    ) -> f.Domain:
        """Where its people sign in; `enforced` ends the sessions that a password opened. NotFound."""

    async def delete_domain(self, tenant_id: UUID, domain: str) -> None:
        """NotFound."""

    async def route(self, domain: str) -> f.Route | None:
        """Where the people of a domain sign in: verified, and with an enabled provider."""

    async def tenant_name(self, tenant_id: UUID) -> str:
        """The public name."""


class SignOnRepository(Protocol):
    """Sign-ins through identity providers."""

    async def begin(self, request: f.NewRequest) -> None:
        """Remembers a sign-in until it expires."""

    async def answered(self, state_hash: bytes, now: datetime) -> f.StoredRequest | None:
        """The sign-in of this state, the first time only, before it expires."""

    async def enter(self, entry: f.Entry, admit: Admit) -> UUID:
        """The user, after all that `admit` says is stored, and the ticket; one transaction.

        SignInRefused from `admit`, or when the assertion was used before.
        """

    async def use_ticket(
        self, ticket_hash: bytes, browser_hash: bytes, now: datetime
    ) -> tuple[UUID, UUID, tuple[str, ...]] | None:
        """User, tenant and marks, the first time only and for this browser only."""

    async def opened(self, ticket_hash: bytes, session_id: UUID) -> None:
        """Remembers, for the sign-out, what the session was opened with."""

    async def is_enforced(self, tenant_id: UUID, user_id: UUID) -> bool:
        """Whether this member comes in through the provider of the tenant only."""

    async def sign_out(self, tenant_id: UUID, session_id: UUID) -> f.SignOut | None:
        """What ends it at the provider; None for sessions of another kind."""


class TxtRecords(Protocol):
    """TXT records of names."""

    async def look_up(self, name: str) -> Sequence[str]:
        """Empty when there are none; Unavailable when nobody answers."""


@dataclass(frozen=True, slots=True)
class FederationPorts:
    """All of them. `public_url` is where browsers and providers find us, `vouched` are the `domain=tenant` pairs that
    the operator verified."""

    providers: ProviderRepository
    sign_ons: SignOnRepository
    scim: ScimRepository
    outbound: OutboundHttp
    txt: TxtRecords
    public_url: str
    vouched: frozenset[str] = frozenset()
