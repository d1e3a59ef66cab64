"""Users and groups of a tenant as its provisioning client made them; members follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from models.domain.errors import Conflict, InvalidInput, LimitExceeded
from models.domain.federation import Rules, domain_of, role_for
from models.domain.identity import ROLES, TenantScope
from models.domain.ids import uuid7
from models.domain.scim_resources import ScimUser, StoredUser, VersionMoved
from storage import sign_ons
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("scim")
_SIGN_ONS = load("sign_ons")
_NOTED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """Without the token itself."""

    id: UUID
    name: str
    provider_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


async def tenant_of_token(conn: ReadConn, token_hash: bytes) -> UUID | None:
    """Of whatever tenant."""
    found: UUID | None = await conn.fetchval(_SQL["tenant_of_token"], token_hash)
    return found


async def caller(
    conn: WriteConn, tenant_id: UUID, token_hash: bytes, now: datetime
) -> tuple[UUID, Mapping[str, Any]] | None:
    """Id and rules of a living token; its use is noted once a minute."""
    row = await conn.fetchrow(_SQL["caller"], tenant_id, token_hash, now)
    if row is None:
        return None
    if row["last_used_at"] is None or now - row["last_used_at"] > _NOTED:
        await conn.execute(_SQL["note_use"], tenant_id, row["token_id"], now)
    return row["token_id"], row["rules"]


async def add_token(
    conn: WriteConn, scope: TenantScope, token: Token, token_hash: bytes, by: UUID, most: int
) -> None:
    """LimitExceeded when it is more than `most`, Conflict when the provider is not there."""
    try:
        await conn.execute(
            _SQL["add_token"], scope.tenant_id, token.id, token.name, token_hash, token.provider_id, by,
            token.created_at, token.expires_at,
        )  # fmt: skip
    except asyncpg.ForeignKeyViolationError:
        raise Conflict("There is no such identity provider.") from None
    if await conn.fetchval(_SQL["count_tokens"], scope.tenant_id) > most:
        raise LimitExceeded("max_scim_tokens", most)


async def tokens(conn: ReadConn, scope: TenantScope) -> Sequence[Token]:
    """Oldest first."""
    return [Token(**row) for row in await conn.fetch(_SQL["tokens"], scope.tenant_id)]


async def delete_token(conn: WriteConn, scope: TenantScope, token_id: UUID) -> bool:
    """Whether there was one."""
    return (await conn.execute(_SQL["delete_token"], scope.tenant_id, token_id)).endswith(" 1")


async def users(
    conn: ReadConn, scope: TenantScope, name: str | None, external_id: str | None, offset: int, limit: int
) -> tuple[int, Sequence[StoredUser]]:
    """How many fit, and some of them."""
    total = await conn.fetchval(_SQL["count_users"], scope.tenant_id, name, external_id)
    rows = await conn.fetch(_SQL["users"], scope.tenant_id, name, external_id, offset, limit)
    return total, [_user(row) for row in rows]


async def user(conn: ReadConn, scope: TenantScope, one: UUID) -> StoredUser | None:
    """The user, or None."""
    row = await conn.fetchrow(_SQL["user"], scope.tenant_id, one)
    return _user(row) if row else None


def _user(row: Mapping[str, Any]) -> StoredUser:
    return StoredUser(**{**row, "groups": [(UUID(one), name) for one, name in row["groups"]]})


async def add_user(conn: WriteConn, scope: TenantScope, given: ScimUser, rules: Rules, now: datetime) -> UUID:
    """The id of a new resource; Conflict when there is one for the same person or name."""
    await _check_domain(conn, scope, given)
    person = await _person(conn, given.email, now)
    new_id = uuid7(now)
    try:
        await conn.execute(
            _SQL["add_user"], scope.tenant_id, new_id, person, given.user_name, given.external_id, given.active,
            given.document, now,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise Conflict("There is such a user already.") from None
    await _set_active(conn, scope, person, given.active, rules, now)
    return new_id


async def _check_domain(conn: ReadConn, scope: TenantScope, given: ScimUser) -> None:
    """Nobody is made a member by a stranger to their address."""
    if domain_of(given.email) not in await sign_ons.verified_domains(conn, scope):
        raise InvalidInput(
            f"The domain of {given.email} is not verified for this tenant; an admin can verify it under single sign-on."
        )


async def _person(conn: WriteConn, email: str, now: datetime) -> UUID:
    found: UUID | None = await conn.fetchval(_SQL["person"], email)
    if found is None:
        await conn.execute(_SIGN_ONS["add_user"], uuid7(now), email, now)
        found = await conn.fetchval(_SQL["person"], email)
        assert found is not None
    await conn.execute(_SIGN_ONS["vouch"], found, now)
    return found


async def _set_active(
    conn: WriteConn, scope: TenantScope, person: UUID, active: bool, rules: Rules, now: datetime
) -> None:
    if not active:
        await end_membership(conn, scope, person, now)
    elif await conn.fetchval(_SQL["member_role"], scope.tenant_id, person) is None:
        role = role_for((), rules) or "viewer"
        await _check_role(conn, scope, role)
        await conn.execute(_SIGN_ONS["add_member"], scope.tenant_id, person, role)


async def _check_role(conn: ReadConn, scope: TenantScope, role: str) -> None:
    if role not in ROLES and not await conn.fetchval(_SIGN_ONS["role_exists"], scope.tenant_id, role):
        raise Conflict(f"The role {role} of the identity provider's rules does not exist any more.")


async def end_membership(conn: WriteConn, scope: TenantScope, person: UUID, now: datetime) -> None:
    """In this tenant only: the membership, and the sessions with it."""
    await conn.execute(_SQL["end_membership"], scope.tenant_id, person)
    await conn.execute(_SQL["end_sessions"], scope.tenant_id, person, now)
    await conn.execute(_SQL["end_tickets"], scope.tenant_id, person)


async def put_user(
    conn: WriteConn, scope: TenantScope, one: UUID, given: ScimUser, version: int | None, rules: Rules, now: datetime
) -> bool:
    """False when there is none; Conflict when it is at another version, or the name is taken."""
    row = await conn.fetchrow(_SQL["lock_user"], scope.tenant_id, one)
    if row is None:
        return False
    _check_version(row["version"], version)
    await _check_domain(conn, scope, given)
    try:
        await conn.execute(
            _SQL["put_user"], scope.tenant_id, one, given.user_name, given.external_id, given.active, given.document,
            now,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise Conflict("Another user has this userName.") from None
    await _set_active(conn, scope, row["user_id"], given.active, rules, now)
    if given.active and not row["active"]:
        await follow_roles(conn, scope, [one], rules)
    return True


def _check_version(stored: int, wanted: int | None) -> None:
    if wanted is not None and wanted != stored:
        raise VersionMoved


async def delete_user(conn: WriteConn, scope: TenantScope, one: UUID, version: int | None, now: datetime) -> bool:
    """False when there is none."""
    row = await conn.fetchrow(_SQL["lock_user"], scope.tenant_id, one)
    if row is None:
        return False
    _check_version(row["version"], version)
    await end_membership(conn, scope, row["user_id"], now)
    await conn.execute(_SQL["delete_user"], scope.tenant_id, one)
    return True


async def follow_roles(conn: WriteConn, scope: TenantScope, members: Sequence[UUID], rules: Rules) -> None:
    """Gives members the roles of the groups they are in now, where the rules say anything about groups."""
    if not rules.roles or not members:
        return
    for row in await conn.fetch(_SQL["roles_due"], scope.tenant_id, list(members)):
        role = role_for(row["groups"], rules) or "viewer"
        if role != row["role"]:
            await _check_role(conn, scope, role)
            await conn.execute(_SIGN_ONS["set_role"], scope.tenant_id, row["user_id"], role)
