"""Invitations to a tenant: a mail holds the token, only its hash is stored, and it is used once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.domain.errors import Conflict, LimitExceeded, NotFound
from models.domain.identity import TenantScope
from storage import roles
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("invitations")


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


async def add(conn: WriteConn, scope: TenantScope, invitation: Invitation, token_hash: bytes, most: int) -> None:
    """Replaces an open one to the same address. Conflict when that is a member's; LimitExceeded."""
    if await conn.fetchval(_SQL["is_member"], scope.tenant_id, invitation.email):
        raise Conflict("Somebody with this address is a member already.")
    await roles.keep(conn, scope, invitation.role)
    await conn.execute(_SQL["replace"], scope.tenant_id, invitation.email, invitation.created_at)
    await conn.execute(
        _SQL["add"], scope.tenant_id, invitation.id, invitation.email, invitation.role, token_hash,
        invitation.created_at, invitation.created_by, invitation.expires_at,
    )  # fmt: skip
    if await conn.fetchval(_SQL["count"], scope.tenant_id, invitation.created_at) > most:
        raise LimitExceeded("max_invitations_per_tenant", most)


async def find(
    conn: ReadConn, scope: TenantScope, now: datetime, after: UUID | None, limit: int
) -> Sequence[Invitation]:
    """The open ones, oldest first."""
    return [Invitation(**row) for row in await conn.fetch(_SQL["list"], scope.tenant_id, now, after, limit)]


async def revoke(conn: WriteConn, scope: TenantScope, invitation_id: UUID, now: datetime) -> bool:
    """Whether there was an open one."""
    return (await conn.execute(_SQL["revoke"], scope.tenant_id, invitation_id, now)).endswith(" 1")


async def presented(conn: ReadConn, token_hash: bytes, now: datetime) -> PresentedInvitation | None:
    """The open invitation of a token that this transaction presents (see storage/access.py)."""
    row = await conn.fetchrow(_SQL["presented"], token_hash, now)
    return PresentedInvitation(**row) if row else None


async def accept(conn: WriteConn, scope: TenantScope, invitation_id: UUID, user_id: UUID, now: datetime) -> None:
    """Makes the user a member. NotFound when it was used or revoked meanwhile, or its role is gone."""
    role = await conn.fetchval(_SQL["accept"], scope.tenant_id, invitation_id, now, user_id)
    if role is None:
        raise NotFound("This invitation is unknown, used, revoked or expired. Ask for a new one.")
    await roles.keep(conn, scope, role)
    await conn.execute(_SQL["join"], scope.tenant_id, user_id, role)
    await conn.execute(_SQL["verify"], user_id, now)
