"""What provisioning needs from storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from models.domain.federation import Rules
from models.domain.scim_resources import ScimGroup, ScimUser, StoredGroup, StoredUser


@dataclass(frozen=True, slots=True)
class ScimToken:
    """A token of a provisioning client, without the token."""

    id: UUID
    name: str
    provider_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScimCaller:
    """The tenant that a token stands for, and the rules of its provider as they are stored."""

    tenant_id: UUID
    token_id: UUID
    rules: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What narrows a list in the database: the user name, or the external id. None for neither."""

    name: str | None = None
    external_id: str | None = None


class ScimRepository(Protocol):
    """Users and groups of a tenant as its provisioning client sees them."""

    async def caller(self, token_hash: bytes, now: datetime) -> ScimCaller | None:
        """Who a token stands for; None when it is unknown or has expired."""

    async def add_token(self, tenant_id: UUID, token: ScimToken, token_hash: bytes, by: UUID) -> None:
        """LimitExceeded; Conflict when the provider is not there."""

    async def tokens(self, tenant_id: UUID) -> Sequence[ScimToken]:
        """Oldest first."""

    async def delete_token(self, tenant_id: UUID, token_id: UUID) -> None:
        """NotFound."""

    async def users(self, tenant_id: UUID, where: Lookup, offset: int, limit: int) -> tuple[int, Sequence[StoredUser]]:
        """How many there are, and some of them, oldest first."""

    async def user(self, tenant_id: UUID, user_id: UUID) -> StoredUser:
        """NotFound."""

    async def add_user(self, tenant_id: UUID, user: ScimUser, rules: Rules, now: datetime) -> StoredUser:
        """Makes the person a member; Conflict when the client has made the same one before."""

    async def put_user(
        self, tenant_id: UUID, user_id: UUID, user: ScimUser, version: int | None, rules: Rules, now: datetime
    ) -> StoredUser:
        """NotFound; Conflict when it is not at this version any more, or the name is taken. One that becomes inactive
        is a member no more, and its sessions in the tenant end."""

    async def delete_user(self, tenant_id: UUID, user_id: UUID, version: int | None, now: datetime) -> None:
        """As one that becomes inactive, and is forgotten. NotFound, Conflict."""

    async def groups(
        self, tenant_id: UUID, where: Lookup, offset: int, limit: int
    ) -> tuple[int, Sequence[StoredGroup]]:
        """How many there are, and some of them, oldest first."""

    async def group(self, tenant_id: UUID, group_id: UUID) -> StoredGroup:
        """NotFound."""

    async def add_group(self, tenant_id: UUID, group: ScimGroup, rules: Rules, now: datetime) -> StoredGroup:
        """Its members get the roles that the rules give. Conflict, InvalidInput for members that are not there."""

    async def put_group(
        self, tenant_id: UUID, group_id: UUID, group: ScimGroup, version: int | None, rules: Rules, now: datetime
    ) -> StoredGroup:
        """NotFound, Conflict, InvalidInput."""

    async def delete_group(
        self, tenant_id: UUID, group_id: UUID, version: int | None, rules: Rules, now: datetime
    ) -> None:
        """NotFound, Conflict."""
