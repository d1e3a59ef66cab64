"""Members, roles, grants, service accounts and keys in memory; what they do to rights is seen over a real database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from models.domain.authorization import role_permissions
from models.domain.errors import Conflict, NotFound
from models.domain.identity import ROLES
from serve import authorization_records as a
from serve.access_ports import Standing
from serve.mail.ports import NewMail
from serve.records import Page
from tests.unit.serve.fake_access import FakeAccess
from tests.unit.serve.fakes import FakeIdentity, page

_After = tuple[str, ...] | None
_JOINED = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


@dataclass
class FakeMembers:
    identity: FakeIdentity
    open: dict[tuple[UUID, UUID], tuple[a.Invitation, bytes]] = field(default_factory=dict)

    def _members(self, tenant_id: UUID) -> list[a.Member]:
        return [
            a.Member(user, self.identity.users[user].email, "", one.role, False, _JOINED)
            for user, memberships in sorted(self.identity.members.items())
            for one in memberships
            if one.tenant_id == tenant_id
        ]

    async def list(
        self, tenant_id: UUID, query: str | None, role: str | None, after: _After, limit: int
    ) -> Page[a.Member]:
        found = [one for one in self._members(tenant_id) if (query or "") in one.email and role in (None, one.role)]
        return page(found, [(str(one.user_id),) for one in found], after, limit)

    async def get(self, tenant_id: UUID, user_id: UUID) -> a.Member:
        for one in self._members(tenant_id):
            if one.user_id == user_id:
                return one
        raise NotFound("There is no such member.")

    async def set_role(self, tenant_id: UUID, user_id: UUID, role: str, expected: str) -> None:
        owners = [one for one in self._members(tenant_id) if one.role == "owner" and one.user_id != user_id]
        if expected == "owner" and role != "owner" and not owners:
            raise Conflict("A tenant keeps at least one owner.")
        self.identity.members[user_id] = [
            replace(one, role=role) if one.tenant_id == tenant_id else one for one in self.identity.members[user_id]
        ]

    async def remove(self, tenant_id: UUID, user_id: UUID, expected: str, now: datetime) -> None:
        kept = [one for one in self.identity.members[user_id] if one.tenant_id != tenant_id]
        self.identity.members[user_id] = kept

    async def invite(self, tenant_id: UUID, invitation: a.Invitation, token_hash: bytes, mail: NewMail) -> None:
        self.open[tenant_id, invitation.id] = (invitation, token_hash)

    async def invitations(self, tenant_id: UUID, now: datetime, after: _After, limit: int) -> Page[a.Invitation]:
        found = [one for (tenant, _), (one, _) in self.open.items() if tenant == tenant_id]
        return page(found, [(str(one.id),) for one in found], after, limit)

    async def revoke_invitation(self, tenant_id: UUID, invitation_id: UUID, now: datetime) -> None:
        if self.open.pop((tenant_id, invitation_id), None) is None:
            raise NotFound("There is no such open invitation.")

    async def invited(self, token_hash: bytes, now: datetime) -> a.PresentedInvitation | None:
        for (tenant, _), (one, stored) in self.open.items():
            if stored == token_hash:
                user = await self.identity.user_by_email(one.email)
                known = user.id if user else None
                return a.PresentedInvitation(tenant, one.id, one.email, one.role, one.created_by, "t", "T", known)
        return None

    async def accept(
        self, invitation: a.PresentedInvitation, user_id: UUID, password_hash: str | None, now: datetime
    ) -> None:
        del self.open[invitation.tenant_id, invitation.id]


@dataclass
class FakeRoles:
    access: FakeAccess
    made: dict[tuple[UUID, str], a.Role] = field(default_factory=dict)
    rules: dict[tuple[UUID, UUID], a.MadeGrant] = field(default_factory=dict)

    async def standing(self, tenant_id: UUID, role: str) -> Standing | None:
        made = self.access.roles.get((tenant_id, role))
        if made is None and role not in ROLES:
            return None
        return Standing(role, role_permissions(role, made), [], 0)

    async def add(
        self, tenant_id: UUID, name: str, description: str, permissions: Sequence[str], now: datetime
    ) -> a.Role:
        if (tenant_id, name) in self.made:
            raise Conflict(f"There is a role {name} already.")
        self.made[tenant_id, name] = a.Role(name, description, permissions, now, now)
        self.access.roles[tenant_id, name] = frozenset(permissions)
        return self.made[tenant_id, name]

    async def list(self, tenant_id: UUID) -> Sequence[a.Role]:
        return [one for (tenant, _), one in sorted(self.made.items()) if tenant == tenant_id]

    async def update(
        self, tenant_id: UUID, name: str, description: str, permissions: Sequence[str], now: datetime
    ) -> a.Role:
        if (tenant_id, name) not in self.made:
            raise NotFound(f"The tenant has made no role {name}.")
        del self.made[tenant_id, name]
        return await self.add(tenant_id, name, description, permissions, now)

    async def delete(self, tenant_id: UUID, name: str) -> None:
        if self.made.pop((tenant_id, name), None) is None:
            raise NotFound(f"The tenant has made no role {name}.")

    async def add_grant(self, tenant_id: UUID, made: a.MadeGrant) -> None:
        self.rules[tenant_id, made.grant.id] = made
        self.access.grants.setdefault(tenant_id, []).append(made.grant)

    async def grants(self, tenant_id: UUID, where: a.GrantFilter, after: _After, limit: int) -> Page[a.MadeGrant]:
        found = [one for (tenant, _), one in sorted(self.rules.items()) if tenant == tenant_id]
        return page(found, [(str(one.grant.id),) for one in found], after, limit)

    async def grant(self, tenant_id: UUID, grant_id: UUID) -> a.MadeGrant:
        if (tenant_id, grant_id) not in self.rules:
            raise NotFound("There is no such grant.")
        return self.rules[tenant_id, grant_id]

    async def delete_grant(self, tenant_id: UUID, grant_id: UUID) -> None:
        self.access.grants[tenant_id].remove(self.rules.pop((tenant_id, grant_id)).grant)


@dataclass
class FakeServiceAccounts:
    access: FakeAccess
    accounts: dict[tuple[UUID, UUID], a.ServiceAccount] = field(default_factory=dict)

    async def add(self, tenant_id: UUID, account: a.ServiceAccount) -> None:
        if any(tenant == tenant_id and one.name == account.name for (tenant, _), one in self.accounts.items()):
            raise Conflict(f"There is a service account {account.name} already.")
        self.accounts[tenant_id, account.id] = account
        self.access.service_accounts[tenant_id, account.id] = account.role

    async def list(self, tenant_id: UUID, query: str | None, after: _After, limit: int) -> Page[a.ServiceAccount]:
        mine = [one for (tenant, _), one in sorted(self.accounts.items()) if tenant == tenant_id]
        found = [one for one in mine if (query or "") in one.name]
        return page(found, [(str(one.id),) for one in found], after, limit)

    async def get(self, tenant_id: UUID, account_id: UUID) -> a.ServiceAccount:
        if (tenant_id, account_id) not in self.accounts:
            raise NotFound("There is no such service account.")
        return self.accounts[tenant_id, account_id]

    async def update(
        self, tenant_id: UUID, account_id: UUID, description: str, role: str, disabled: bool, now: datetime
    ) -> None:
        changed = replace(self.accounts[tenant_id, account_id], description=description, role=role, disabled=disabled)
        self.accounts[tenant_id, account_id] = changed
        self.access.service_accounts[tenant_id, account_id] = role

    async def delete(self, tenant_id: UUID, account_id: UUID, now: datetime) -> None:
        if self.accounts.pop((tenant_id, account_id), None) is None:
            raise NotFound("There is no such service account.")
        del self.access.service_accounts[tenant_id, account_id]


@dataclass
class FakeApiKeys:
    keys: dict[tuple[UUID, UUID], a.ApiKey] = field(default_factory=dict)

    async def add(self, tenant_id: UUID, key: a.ApiKey, key_hash: bytes) -> None:
        self.keys[tenant_id, key.id] = key

    async def list(
        self, tenant_id: UUID, subject_kind: str | None, subject_id: UUID | None, after: _After, limit: int
    ) -> Page[a.ApiKey]:
        found = [
            one
            for (tenant, _), one in sorted(self.keys.items())
            if tenant == tenant_id and subject_id in (None, one.subject_id)
        ]
        return page(found, [(str(one.id),) for one in found], after, limit)

    async def get(self, tenant_id: UUID, key_id: UUID) -> a.ApiKey:
        if (tenant_id, key_id) not in self.keys:
            raise NotFound("There is no such API key.")
        return self.keys[tenant_id, key_id]

    async def revoke(self, tenant_id: UUID, key_id: UUID, now: datetime) -> None:
        del self.keys[tenant_id, key_id]
