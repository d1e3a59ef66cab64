"""Identity providers and domains in memory; sign-ins and provisioning are seen over a real database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.errors import Conflict, NotFound, Unavailable
from models.domain.ports import HttpRequest, HttpResponse
from serve import federation_records as f
from serve.federation_ports import FederationPorts


@dataclass
class FakeProviders:
    stored: dict[UUID, f.Provider] = field(default_factory=dict)
    named: dict[tuple[UUID, str], f.Domain] = field(default_factory=dict)

    async def put_provider(self, provider: f.NewProvider, now: datetime, is_new: bool) -> f.Provider:
        if not is_new:
            await self.provider(provider.tenant_id, provider.id)
        one = f.Provider(
            provider.id, provider.tenant_id, provider.name, provider.kind, provider.enabled, provider.settings,
            provider.rules, provider.secret_sealed, None, None, None, now, now,
        )  # fmt: skip
        self.stored[provider.id] = one
        return one

    async def providers(self, tenant_id: UUID) -> Sequence[f.Provider]:
        return [one for one in self.stored.values() if one.tenant_id == tenant_id]

    async def provider(self, tenant_id: UUID, provider_id: UUID) -> f.Provider:
        found = self.stored.get(provider_id)
        if found is None or found.tenant_id != tenant_id:
            raise NotFound("There is no such identity provider.")
        return found

    async def delete_provider(self, tenant_id: UUID, provider_id: UUID) -> None:
        del self.stored[(await self.provider(tenant_id, provider_id)).id]

    async def public_provider(self, provider_id: UUID) -> f.Provider | None:
        return self.stored.get(provider_id)

    async def note_failure(self, tenant_id: UUID, provider_id: UUID, reason: str, now: datetime) -> None:
        self.stored[provider_id] = replace(self.stored[provider_id], last_error=reason, last_error_at=now)

    async def add_domain(self, tenant_id: UUID, domain: str, token: str, now: datetime) -> f.Domain:
        return self.named.setdefault((tenant_id, domain), f.Domain(domain, token, None, False, None, None, now))

    async def domains(self, tenant_id: UUID) -> Sequence[f.Domain]:
        return [one for (tenant, _), one in sorted(self.named.items()) if tenant == tenant_id]

    async def domain(self, tenant_id: UUID, domain: str) -> f.Domain:
        if (tenant_id, domain) not in self.named:
            raise NotFound(f"There is no domain {domain} here; add it first.")
        return self.named[tenant_id, domain]

    async def verify_domain(self, tenant_id: UUID, domain: str, by: str, now: datetime) -> f.Domain:
        found = await self.domain(tenant_id, domain)
        self.named[tenant_id, domain] = replace(found, verified_at=now, verified_by=by)
        return self.named[tenant_id, domain]

    async def lead_domain(
        self, tenant_id: UUID, domain: str, provider_id: UUID | None, enforced: bool, now: datetime
    ) -> f.Domain:
        found = await self.domain(tenant_id, domain)
        if provider_id is not None and provider_id not in self.stored:
            raise Conflict("There is no such identity provider.")
        self.named[tenant_id, domain] = replace(found, provider_id=provider_id, enforced=enforced)
        return self.named[tenant_id, domain]

    async def delete_domain(self, tenant_id: UUID, domain: str) -> None:
        await self.domain(tenant_id, domain)
        del self.named[tenant_id, domain]

    async def route(self, domain: str) -> f.Route | None:
        for (tenant, name), one in self.named.items():
            if name == domain and one.verified_at is not None and one.provider_id is not None:
                provider = self.stored[one.provider_id]
                return f.Route(tenant, provider.id, provider.name, provider.kind, one.enforced)
        return None

    async def tenant_name(self, tenant_id: UUID) -> str:
        return f"t-{tenant_id.hex[-12:]}"


@dataclass
class FakeSignOns:
    begun: dict[bytes, f.NewRequest] = field(default_factory=dict)
    entries: list[f.Entry] = field(default_factory=list)

    async def begin(self, request: f.NewRequest) -> None:
        self.begun[request.state_hash] = request

    async def answered(self, state_hash: bytes, now: datetime) -> f.StoredRequest | None:
        one = self.begun.pop(state_hash, None)
        if one is None or one.expires_at <= now:
            return None
        return f.StoredRequest(one.tenant_id, one.provider_id, one.browser_hash, one.sealed, one.begun_at)

    async def enter(self, entry: f.Entry, admit: Any) -> UUID:
        self.entries.append(entry)
        return entry.provider_id

    async def use_ticket(self, *_: Any) -> None:
        return None

    async def opened(self, ticket_hash: bytes, session_id: UUID) -> None:
        """Nothing to remember."""

    async def is_enforced(self, tenant_id: UUID, user_id: UUID) -> bool:
        return False

    async def sign_out(self, tenant_id: UUID, session_id: UUID) -> None:
        return None


class FakeScim:
    """No client has a token."""

    async def caller(self, token_hash: bytes, now: datetime) -> None:
        return None

    async def add_token(self, *_: Any) -> None:
        """Forgotten at once."""

    async def tokens(self, tenant_id: UUID) -> Sequence[Any]:
        return []

    async def delete_token(self, *_: Any) -> None:
        raise NotFound("There is no such token.")


class NoNetwork:
    """Nobody is reached."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        raise Unavailable(f"{request.url[:100]} did not answer in time.")

    async def look_up(self, name: str) -> Sequence[str]:
        return []


def make_federation(**more: Any) -> FederationPorts:
    """Fakes; `more` are fields of FederationPorts."""
    fakes: dict[str, Any] = {
        "providers": FakeProviders(), "sign_ons": FakeSignOns(), "scim": FakeScim(), "outbound": NoNetwork(),
        "txt": NoNetwork(), "public_url": "http://tidewire.test",
    }  # fmt: skip
    return FederationPorts(**{**fakes, **more})
