"""Identity providers and sign-ins through them over PostgreSQL, for the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cluster.adapters.mapping import as_ as _as
from cluster.adapters.mapping import there as _there
from models.domain.errors import NotFound
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from serve import federation_records as f
from serve.federation_ports import Admit
from storage import identity, sign_ons, sso
from storage.postgres import Database

_NO_PROVIDER = "There is no such identity provider."


class ApiProviders:
    """Identity providers and domains."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def put_provider(self, provider: f.NewProvider, now: datetime, is_new: bool) -> f.Provider:
        row = _as(sso.NewProvider, provider)
        async with self._database.unit_of_work([provider.tenant_id]) as conn:
            if is_new:
                found: sso.Provider | None = await sso.add_provider(
                    conn, row, now, self._limits.max_identity_providers
                )
            else:
                found = await sso.change_provider(conn, row, now)
        return _as(f.Provider, _there(found, _NO_PROVIDER))

    async def providers(self, tenant_id: UUID) -> Sequence[f.Provider]:
        async with self._database.read([tenant_id]) as conn:
            return [_as(f.Provider, one) for one in await sso.providers(conn, TenantScope(tenant_id))]

    async def provider(self, tenant_id: UUID, provider_id: UUID) -> f.Provider:
        async with self._database.read([tenant_id]) as conn:
            found = await sso.provider(conn, TenantScope(tenant_id), provider_id)
        return _as(f.Provider, _there(found, _NO_PROVIDER))

    async def delete_provider(self, tenant_id: UUID, provider_id: UUID) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await sso.delete_provider(conn, TenantScope(tenant_id), provider_id):
                raise NotFound(_NO_PROVIDER)

    async def public_provider(self, provider_id: UUID) -> f.Provider | None:
        async with self._database.read() as conn:
            tenant_id = await sso.tenant_of_provider(conn, provider_id)
            if tenant_id is None:
                return None
            await identity.enter(conn, tenant_id)
            found = await sso.provider(conn, TenantScope(tenant_id), provider_id)
        return _as(f.Provider, found) if found is not None and found.enabled else None

    async def note_failure(self, tenant_id: UUID, provider_id: UUID, reason: str, now: datetime) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            await sso.note_failure(conn, TenantScope(tenant_id), provider_id, reason, now)

    async def add_domain(self, tenant_id: UUID, domain: str, token: str, now: datetime) -> f.Domain:
        async with self._database.unit_of_work([tenant_id]) as conn:
            most = self._limits.max_sso_domains
            return _as(f.Domain, await sso.add_domain(conn, TenantScope(tenant_id), domain, token, now, most))

    async def domains(self, tenant_id: UUID) -> Sequence[f.Domain]:
        async with self._database.read([tenant_id]) as conn:
            return [_as(f.Domain, one) for one in await sso.domains(conn, TenantScope(tenant_id))]

    async def domain(self, tenant_id: UUID, domain: str) -> f.Domain:
        async with self._database.read([tenant_id]) as conn:
            found = await sso.domain(conn, TenantScope(tenant_id), domain)
        return _as(f.Domain, _there(found, f"There is no domain {domain} here; add it first."))

    async def verify_domain(self, tenant_id: UUID, domain: str, by: str, now: datetime) -> f.Domain:
        async with self._database.unit_of_work([tenant_id]) as conn:
            found = await sso.verify_domain(conn, TenantScope(tenant_id), domain, by, now)
        return _as(f.Domain, _there(found, f"There is no domain {domain} here; add it first."))

    async def lead_domain(
        self, tenant_id: UUID, domain: str, provider_id: UUID | None, enforced: bool, now: datetime
    ) -> f.Domain:
        async with self._database.unit_of_work([tenant_id]) as conn:
            found = await sso.lead_domain(conn, TenantScope(tenant_id), domain, provider_id, enforced, now)
        return _as(f.Domain, _there(found, f"There is no domain {domain} here; add it first."))

    async def delete_domain(self, tenant_id: UUID, domain: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await sso.delete_domain(conn, TenantScope(tenant_id), domain):
                raise NotFound(f"There is no domain {domain} here.")

    async def route(self, domain: str) -> f.Route | None:
        async with self._database.read() as conn:
            tenant_id = await sso.tenant_of_domain(conn, domain)
            if tenant_id is None:
                return None
            await identity.enter(conn, tenant_id)
            found = await sso.route(conn, TenantScope(tenant_id), domain)
        return _as(f.Route, found) if found else None

    async def tenant_name(self, tenant_id: UUID) -> str:
        async with self._database.read([tenant_id]) as conn:
            return await sso.tenant_name(conn, tenant_id)


class ApiSignOns:
    """Sign-ins through providers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, request: f.NewRequest) -> None:
        row = sign_ons.Request(
            request.tenant_id, request.provider_id, request.browser_hash, request.sealed, request.begun_at
        )
        async with self._database.unit_of_work() as conn:
            await sign_ons.begin(conn, request.state_hash, row, request.expires_at)

    async def answered(self, state_hash: bytes, now: datetime) -> f.StoredRequest | None:
        async with self._database.unit_of_work() as conn:
            found = await sign_ons.answered(conn, state_hash, now)
        return _as(f.StoredRequest, found) if found else None

    async def enter(self, entry: f.Entry, admit: Admit) -> UUID:
        place, now = sign_ons.Place(entry.tenant_id, entry.provider_id), entry.now
        async with self._database.unit_of_work([entry.tenant_id]) as conn:
            if entry.assertion is not None:
                await sign_ons.use_assertion(conn, place, *entry.assertion, now)
            standing = await sign_ons.standing(conn, place, entry.asserted)
            domains = await sign_ons.verified_domains(conn, TenantScope(entry.tenant_id))
            admission = admit(entry.asserted, standing, domains)
            user_id = await sign_ons.carry_out(conn, place, entry.asserted, standing, admission, now)
            await sign_ons.add_ticket(conn, place, user_id, _as(sign_ons.NewTicket, entry.ticket), now)
        return user_id

    async def use_ticket(
        self, ticket_hash: bytes, browser_hash: bytes, now: datetime
    ) -> tuple[UUID, UUID, tuple[str, ...]] | None:
        async with self._database.unit_of_work() as conn:
            found = await sign_ons.use_ticket(conn, ticket_hash, browser_hash, now)
        return (found[0], found[1], tuple(found[2])) if found else None

    async def opened(self, ticket_hash: bytes, session_id: UUID) -> None:
        async with self._database.unit_of_work() as conn:
            await sign_ons.opened(conn, ticket_hash, session_id)

    async def is_enforced(self, tenant_id: UUID, user_id: UUID) -> bool:
        async with self._database.read([tenant_id]) as conn:
            return await sign_ons.is_enforced(conn, tenant_id, user_id)

    async def sign_out(self, tenant_id: UUID, session_id: UUID) -> f.SignOut | None:
        async with self._database.read([tenant_id]) as conn:
            found = await sign_ons.sign_out(conn, TenantScope(tenant_id), session_id)
        return f.SignOut(*found) if found else None
