"""Members, roles, grants, service accounts and API keys as the API needs them; cluster/adapters/api_authorization.py.

All change rows of one tenant in one transaction; whoever decides by them learns it within a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from serve import authorization_records as a
from serve.access_ports import Standing
from serve.mail.ports import NewMail
from serve.records import Page

_After = tuple[str, ...] | None


class MemberRepository(Protocol):
    """Who is in a tenant, and who is invited."""

    async def list(
        self, tenant_id: UUID, query: str | None, role: str | None, after: _After, limit: int
    ) -> Page[a.Member]:
        """By the age of the account; `query` is a part of address or name."""

    async def get(self, tenant_id: UUID, user_id: UUID) -> a.Member:
        """NotFound when not a member."""

    async def set_role(self, tenant_id: UUID, user_id: UUID, role: str, expected: str) -> None:
        """InvalidInput for no such role; Conflict when it was not `expected`, or when no owner would be left."""

    async def remove(self, tenant_id: UUID, user_id: UUID, expected: str, now: datetime) -> None:
        """With sessions, keys, grants and invitations. Conflict as in `set_role`."""

    async def invite(self, tenant_id: UUID, invitation: a.Invitation, token_hash: bytes, mail: NewMail) -> None:
        """With its mail. Replaces an open one to the address. Conflict when it is a member's; InvalidInput for no such
        role; LimitExceeded."""

    async def invitations(self, tenant_id: UUID, now: datetime, after: _After, limit: int) -> Page[a.Invitation]:
        """The open ones, oldest first."""

    async def revoke_invitation(self, tenant_id: UUID, invitation_id: UUID, now: datetime) -> None:
        """NotFound when there is no open one."""

    async def invited(self, token_hash: bytes, now: datetime) -> a.PresentedInvitation | None:
        """What a token invites to, None when it is unknown, used, revoked or expired."""

    async def accept(
        self, invitation: a.PresentedInvitation, user_id: UUID, password_hash: str | None, now: datetime
    ) -> None:
        """Makes the user a member; with a password hash, makes the user first. NotFound when it was used meanwhile,
        Conflict when the address got an account meanwhile."""


class RoleRepository(Protocol):
    """Roles that a tenant made, and rules beside them."""

    async def standing(self, tenant_id: UUID, role: str) -> Standing | None:
        """What whoever has the role has by it, None for no such role."""

    async def add(
        self, tenant_id: UUID, name: str, description: str, permissions: Sequence[str], now: datetime
    ) -> a.Role:
        """Conflict when the name is taken; LimitExceeded."""

    async def list(self, tenant_id: UUID) -> Sequence[a.Role]: ...

    async def update(
        self, tenant_id: UUID, name: str, description: str, permissions: Sequence[str], now: datetime
    ) -> a.Role:
        """NotFound."""

    async def delete(self, tenant_id: UUID, name: str) -> None:
        """NotFound; Conflict while somebody has it."""

    async def add_grant(self, tenant_id: UUID, made: a.MadeGrant) -> None:
        """InvalidInput for no such subject; Conflict when the rule is there; LimitExceeded."""

    async def grants(
        self, tenant_id: UUID, where: a.GrantFilter, after: _After, limit: int
    ) -> Page[a.MadeGrant]: ...

    async def grant(self, tenant_id: UUID, grant_id: UUID) -> a.MadeGrant:
        """NotFound."""

    async def delete_grant(self, tenant_id: UUID, grant_id: UUID) -> None:
        """NotFound."""


class ServiceAccountRepository(Protocol):
    """Programs that act in a tenant."""

    async def add(self, tenant_id: UUID, account: a.ServiceAccount) -> None:
        """Conflict when the name is taken; InvalidInput for no such role; LimitExceeded."""

    async def list(self, tenant_id: UUID, query: str | None, after: _After, limit: int) -> Page[a.ServiceAccount]: ...

    async def get(self, tenant_id: UUID, account_id: UUID) -> a.ServiceAccount:
        """NotFound."""

    async def update(
        self, tenant_id: UUID, account_id: UUID, description: str, role: str, disabled: bool, now: datetime
    ) -> None: ...

    async def delete(self, tenant_id: UUID, account_id: UUID, now: datetime) -> None:
        """With its keys and grants; NotFound."""


class ApiKeyRepository(Protocol):
    """Keys of users and service accounts; only hashes are stored."""

    async def add(self, tenant_id: UUID, key: a.ApiKey, key_hash: bytes) -> None:
        """LimitExceeded."""

    async def list(
        self, tenant_id: UUID, subject_kind: str | None, subject_id: UUID | None, after: _After, limit: int
    ) -> Page[a.ApiKey]: ...

    async def get(self, tenant_id: UUID, key_id: UUID) -> a.ApiKey:
        """NotFound when there is none, or it is revoked."""

    async def revoke(self, tenant_id: UUID, key_id: UUID, now: datetime) -> None: ...
