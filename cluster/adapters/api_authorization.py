"""Members, roles, grants, service accounts and API keys over PostgreSQL: each method is one unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cluster.adapters.mapping import as_ as _as
from cluster.adapters.mapping import page as _page
from cluster.adapters.mapping import there as _there
from models.domain.errors import NotFound
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from serve import authorization_records as a
from serve.access_ports import Standing
from serve.mail.ports import NewMail
from serve.records import Page
from storage import access, api_keys, grants, identity, invitations, mails, members, roles, service_accounts
from storage.postgres import Database

_After = tuple[str, ...] | None


def _id(after: _After) -> UUID | None:
    return UUID(after[0]) if after else None


class ApiMembers:
    """See MemberRepository."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def list(
        self, tenant_id: UUID, query: str | None, role: str | None, after: _After, limit: int
    ) -> Page[a.Member]:
        async with self._database.read([tenant_id]) as conn:
            found = await members.find(conn, TenantScope(tenant_id), query, role, _id(after), limit + 1)
        return _page([_as(a.Member, one) for one in found], limit, lambda one: (str(one.user_id),))

    async def get(self, tenant_id: UUID, user_id: UUID) -> a.Member:
        async with self._database.read([tenant_id]) as conn:
            found = await members.get(conn, TenantScope(tenant_id), user_id)
        return _as(a.Member, _there(found, "There is no such member."))

    async def set_role(self, tenant_id: UUID, user_id: UUID, role: str, expected: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            await members.set_role(conn, TenantScope(tenant_id), user_id, role, expected)

    async def remove(self, tenant_id: UUID, user_id: UUID, expected: str, now: datetime) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            await members.remove(conn, TenantScope(tenant_id), user_id, expected, now)

    async def invite(self, tenant_id: UUID, invitation: a.Invitation, token_hash: bytes, mail: NewMail) -> None:
        row = _as(invitations.Invitation, invitation)
        async with self._database.unit_of_work([tenant_id]) as conn:
            most = self._limits.max_invitations_per_tenant
            await invitations.add(conn, TenantScope(tenant_id), row, token_hash, most)
            await mails.add(conn, _as(mails.NewMail, mail))

    async def invitations(self, tenant_id: UUID, now: datetime, after: _After, limit: int) -> Page[a.Invitation]:
        async with self._database.read([tenant_id]) as conn:
            found = await invitations.find(conn, TenantScope(tenant_id), now, _id(after), limit + 1)
        return _page([_as(a.Invitation, one) for one in found], limit, lambda one: (str(one.id),))

    async def revoke_invitation(self, tenant_id: UUID, invitation_id: UUID, now: datetime) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await invitations.revoke(conn, TenantScope(tenant_id), invitation_id, now):
                raise NotFound("There is no such open invitation.")

    async def invited(self, token_hash: bytes, now: datetime) -> a.PresentedInvitation | None:
        async with self._database.read() as conn:
            await access.present(conn, token_hash)
            found = await invitations.presented(conn, token_hash, now)
        return _as(a.PresentedInvitation, found) if found else None

    async def accept(
        self, invitation: a.PresentedInvitation, user_id: UUID, password_hash: str | None, now: datetime
    ) -> None:
        scope = TenantScope(invitation.tenant_id)
        async with self._database.unit_of_work([scope.tenant_id], user=user_id) as conn:
            if password_hash is not None:
                await identity.add_user(conn, user_id, invitation.email, password_hash)
            await invitations.accept(conn, scope, invitation.id, user_id, now)


class ApiRoles:
    """See RoleRepository."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def standing(self, tenant_id: UUID, role: str) -> Standing | None:
        async with self._database.read([tenant_id]) as conn:
            found = await access.role_standing(conn, TenantScope(tenant_id), role)
        return _as(Standing, found) if found else None

    async def add(
        self, tenant_id: UUID, name: str, description: str, permissions: Sequence[str], now: datetime
    ) -> a.Role:
        async with self._database.unit_of_work([tenant_id]) as conn:
            most = self._limits.max_roles_per_tenant
            made = await roles.add(conn, TenantScope(tenant_id), name, description, permissions, now, most)
        return _as(a.Role, made)

    async def list(self, tenant_id: UUID) -> Sequence[a.Role]:
        async with self._database.read([tenant_id]) as conn:
            return [_as(a.Role, one) for one in await roles.find(conn, TenantScope(tenant_id))]

    async def update(
        self, tenant_id: UUID, name: str, description: str, permissions: Sequence[str], now: datetime
    ) -> a.Role:
        async with self._database.unit_of_work([tenant_id]) as conn:
            found = await roles.update(conn, TenantScope(tenant_id), name, description, permissions, now)
        return _as(a.Role, _there(found, f"The tenant has made no role {name}."))

    async def delete(self, tenant_id: UUID, name: str) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await roles.delete(conn, TenantScope(tenant_id), name):
                raise NotFound(f"The tenant has made no role {name}.")

    async def add_grant(self, tenant_id: UUID, made: a.MadeGrant) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            row, most = _as(grants.MadeGrant, made), self._limits.max_grants_per_tenant
            await grants.add(conn, TenantScope(tenant_id), row, most)

    async def grants(self, tenant_id: UUID, where: a.GrantFilter, after: _After, limit: int) -> Page[a.MadeGrant]:
        wanted = _as(grants.GrantFilter, where)
        async with self._database.read([tenant_id]) as conn:
            found = await grants.find(conn, TenantScope(tenant_id), wanted, _id(after), limit + 1)
        return _page([_as(a.MadeGrant, one) for one in found], limit, lambda one: (str(one.grant.id),))

    async def grant(self, tenant_id: UUID, grant_id: UUID) -> a.MadeGrant:
        async with self._database.read([tenant_id]) as conn:
            found = await grants.get(conn, TenantScope(tenant_id), grant_id)
        return _as(a.MadeGrant, _there(found, "There is no such grant."))

    async def delete_grant(self, tenant_id: UUID, grant_id: UUID) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await grants.delete(conn, TenantScope(tenant_id), grant_id):
                raise NotFound("There is no such grant.")


class ApiServiceAccounts:
    """See ServiceAccountRepository."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._most = database, limits.max_service_accounts_per_tenant

    async def add(self, tenant_id: UUID, account: a.ServiceAccount) -> None:
        row = _as(service_accounts.ServiceAccount, account)
        async with self._database.unit_of_work([tenant_id]) as conn:
            await service_accounts.add(conn, TenantScope(tenant_id), row, self._most)

    async def list(self, tenant_id: UUID, query: str | None, after: _After, limit: int) -> Page[a.ServiceAccount]:
        async with self._database.read([tenant_id]) as conn:
            found = await service_accounts.find(conn, TenantScope(tenant_id), query, _id(after), limit + 1)
        return _page([_as(a.ServiceAccount, one) for one in found], limit, lambda one: (str(one.id),))

    async def get(self, tenant_id: UUID, account_id: UUID) -> a.ServiceAccount:
        async with self._database.read([tenant_id]) as conn:
            found = await service_accounts.get(conn, TenantScope(tenant_id), account_id)
        return _as(a.ServiceAccount, _there(found, "There is no such service account."))

    async def update(
        self, tenant_id: UUID, account_id: UUID, description: str, role: str, disabled: bool, now: datetime
    ) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            await service_accounts.update(conn, TenantScope(tenant_id), account_id, description, role, disabled, now)

    async def delete(self, tenant_id: UUID, account_id: UUID, now: datetime) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await service_accounts.delete(conn, TenantScope(tenant_id), account_id, now):
                raise NotFound("There is no such service account.")


class ApiKeys:
    """See ApiKeyRepository."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._most = database, limits.max_api_keys_per_subject

    async def add(self, tenant_id: UUID, key: a.ApiKey, key_hash: bytes) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            await api_keys.add(conn, TenantScope(tenant_id), _as(api_keys.ApiKey, key), key_hash, self._most)

    async def list(
        self, tenant_id: UUID, subject_kind: str | None, subject_id: UUID | None, after: _After, limit: int
    ) -> Page[a.ApiKey]:
        scope = TenantScope(tenant_id)
        async with self._database.read([tenant_id]) as conn:
            found = await api_keys.find(conn, scope, subject_kind, subject_id, _id(after), limit + 1)
        return _page([_as(a.ApiKey, one) for one in found], limit, lambda one: (str(one.id),))

    async def get(self, tenant_id: UUID, key_id: UUID) -> a.ApiKey:
        async with self._database.read([tenant_id]) as conn:
            found = await api_keys.get(conn, TenantScope(tenant_id), key_id)
        return _as(a.ApiKey, _there(found, "There is no such API key."))

    async def revoke(self, tenant_id: UUID, key_id: UUID, now: datetime) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            await api_keys.revoke(conn, TenantScope(tenant_id), key_id, now)
