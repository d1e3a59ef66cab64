"""Sign-ins through identity providers: begun, answered once, carried out in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.domain.federation import Admission, Asserted, SignInRefused, Standing
from models.domain.identity import ROLES, TenantScope
from models.domain.ids import uuid7
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("sign_ons")
_SSO = load("sso")


@dataclass(frozen=True, slots=True)
class Request:
    """A sign-in that was begun."""

    tenant_id: UUID
    provider_id: UUID
    browser_hash: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The tenant and the provider that somebody comes through."""

    tenant_id: UUID
    provider_id: UUID


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What lets one browser in, once."""

    hash: bytes = field(repr=False)
    browser_hash: bytes = field(repr=False)
    expires_at: datetime
    factors: Sequence[str]
    hint_sealed: bytes | None = field(default=None, repr=False)


async def begin(conn: WriteConn, state_hash: bytes, request: Request, expires_at: datetime) -> None:
    """Remembers it; some that have expired are forgotten on the way."""
    await conn.execute(_SQL["forget_requests"], request.begun_at)
    await conn.execute(
        _SQL["begin"], state_hash, request.tenant_id, request.provider_id, request.browser_hash, request.sealed,
        request.begun_at, expires_at,
    )  # fmt: skip


async def answered(conn: WriteConn, state_hash: bytes, now: datetime) -> Request | None:
    """The sign-in of this state, the first time only."""
    row = await conn.fetchrow(_SQL["answered"], state_hash, now)
    return Request(**row) if row else None


async def use_assertion(conn: WriteConn, place: Place, digest: bytes, until: datetime, now: datetime) -> None:
    """SignInRefused when it was used before."""
    await conn.execute(_SQL["forget_assertions"], place.tenant_id, now)
    if not await conn.fetchval(_SQL["use_assertion"], place.tenant_id, place.provider_id, digest, until):
        raise SignInRefused("The SAML answer was refused: it was used before.")


async def standing(conn: ReadConn, place: Place, asserted: Asserted) -> Standing:
    """What is stored about the person: by the link of the subject, else by the address."""
    row = await conn.fetchrow(
        _SQL["standing"], place.tenant_id, place.provider_id, asserted.issuer, asserted.subject, asserted.email
    )
    return Standing(**row) if row else Standing()


async def verified_domains(conn: ReadConn, scope: TenantScope) -> Sequence[str]:
    """Those that are proven to be the tenant's."""
    return [row["domain"] for row in await conn.fetch(_SQL["verified_domains"], scope.tenant_id)]


async def carry_out(
    conn: WriteConn, place: Place, asserted: Asserted, standing: Standing, admission: Admission, now: datetime
) -> UUID:
    """Stores what a sign-in changes; the user."""
    await check_role(conn, place.tenant_id, admission.role)
    user_id = admission.user_id or await _add_user(conn, asserted.email, now)
    await conn.execute(_SQL["vouch"], user_id, now)
    if standing.role is None:
        await conn.execute(_SQL["add_member"], place.tenant_id, user_id, admission.role)
    elif admission.new_role:
        await conn.execute(_SQL["set_role"], place.tenant_id, user_id, admission.role)
    await conn.execute(
        _SQL["link"], place.tenant_id, place.provider_id, asserted.issuer, asserted.subject, user_id, now
    )
    await conn.execute(_SSO["note_use"], place.tenant_id, place.provider_id, now)
    return user_id


async def _add_user(conn: WriteConn, email: str, now: datetime) -> UUID:
    user_id = uuid7(now)
    if (await conn.execute(_SQL["add_user"], user_id, email, now)).endswith(" 0"):
        raise SignInRefused("This account was made a moment ago. Sign in again.")
    return user_id


async def check_role(conn: ReadConn, tenant_id: UUID, role: str) -> None:
    """SignInRefused when a rule names a role that is not there any more."""
    if role not in ROLES and not await conn.fetchval(_SQL["role_exists"], tenant_id, role):
        raise SignInRefused(f"The role {role} of this identity provider's rules does not exist. Ask an admin.")


async def add_ticket(conn: WriteConn, place: Place, user_id: UUID, ticket: NewTicket, now: datetime) -> None:
    """Some that have expired are forgotten on the way."""
    await conn.execute(_SQL["forget_tickets"], now)
    await conn.execute(
        _SQL["add_ticket"], ticket.hash, ticket.browser_hash, user_id, place.tenant_id, place.provider_id,
        list(ticket.factors), ticket.hint_sealed, ticket.expires_at,
    )  # fmt: skip


async def use_ticket(
    conn: WriteConn, ticket_hash: bytes, browser_hash: bytes, now: datetime
) -> tuple[UUID, UUID, Sequence[str]] | None:
    """User, tenant and marks, the first time only and for this browser only."""
    row = await conn.fetchrow(_SQL["use_ticket"], ticket_hash, browser_hash, now)
    return (row["user_id"], row["tenant_id"], row["factors"]) if row else None


async def opened(conn: WriteConn, ticket_hash: bytes, session_id: UUID) -> None:
    """The session that the ticket opened."""
    await conn.execute(_SQL["opened"], ticket_hash, session_id)


async def sign_out(conn: ReadConn, scope: TenantScope, session_id: UUID) -> tuple[UUID, bytes | None] | None:
    """The provider, and what to tell it; None for sessions of another kind."""
    row = await conn.fetchrow(_SQL["sign_out"], session_id, scope.tenant_id)
    return (row["provider_id"], row["hint_sealed"]) if row else None


async def is_enforced(conn: ReadConn, tenant_id: UUID, user_id: UUID) -> bool:
    """Whether the tenant lets this member in through its provider only; owners always get in otherwise too."""
    return bool(await conn.fetchval(_SQL["is_enforced"], tenant_id, user_id))
