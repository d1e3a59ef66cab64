"""Provisioning over PostgreSQL, for the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cluster.adapters.mapping import as_ as _as
from cluster.adapters.mapping import there as _there
from models.domain.errors import NotFound
from models.domain.federation import Rules
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from models.domain.scim_resources import ScimGroup, ScimUser, StoredGroup, StoredUser
from serve import scim_ports as s
from storage import identity, scim, scim_groups
from storage.postgres import Database

_NO_USER, _NO_GROUP = "There is no such user.", "There is no such group."


class ApiScim:
    """Users, groups and tokens of provisioning clients."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def caller(self, token_hash: bytes, now: datetime) -> s.ScimCaller | None:
        async with self._database.unit_of_work() as conn:
            tenant_id = await scim.tenant_of_token(conn, token_hash)
            if tenant_id is None:
                return None
            await identity.enter(conn, tenant_id)
            found = await scim.caller(conn, tenant_id, token_hash, now)
        return s.ScimCaller(tenant_id, *found) if found else None

    async def add_token(self, tenant_id: UUID, token: s.ScimToken, token_hash: bytes, by: UUID) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            most = self._limits.max_scim_tokens
            await scim.add_token(conn, TenantScope(tenant_id), _as(scim.Token, token), token_hash, by, most)

    async def tokens(self, tenant_id: UUID) -> Sequence[s.ScimToken]:
        async with self._database.read([tenant_id]) as conn:
            return [_as(s.ScimToken, one) for one in await scim.tokens(conn, TenantScope(tenant_id))]

    async def delete_token(self, tenant_id: UUID, token_id: UUID) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await scim.delete_token(conn, TenantScope(tenant_id), token_id):
                raise NotFound("There is no such token.")

    async def users(
        self, tenant_id: UUID, where: s.Lookup, offset: int, limit: int
    ) -> tuple[int, Sequence[StoredUser]]:
        async with self._database.read([tenant_id]) as conn:
            return await scim.users(conn, TenantScope(tenant_id), where.name, where.external_id, offset, limit)

    async def user(self, tenant_id: UUID, user_id: UUID) -> StoredUser:
        async with self._database.read([tenant_id]) as conn:
            return _there(await scim.user(conn, TenantScope(tenant_id), user_id), _NO_USER)

    async def add_user(self, tenant_id: UUID, user: ScimUser, rules: Rules, now: datetime) -> StoredUser:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            new_id = await scim.add_user(conn, scope, user, rules, now)
            return _there(await scim.user(conn, scope, new_id), _NO_USER)

    async def put_user(
        self, tenant_id: UUID, user_id: UUID, user: ScimUser, version: int | None, rules: Rules, now: datetime
    ) -> StoredUser:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            await scim.put_user(conn, scope, user_id, user, version, rules, now)
            return _there(await scim.user(conn, scope, user_id), _NO_USER)

    async def delete_user(self, tenant_id: UUID, user_id: UUID, version: int | None, now: datetime) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await scim.delete_user(conn, TenantScope(tenant_id), user_id, version, now):
                raise NotFound(_NO_USER)

    async def groups(
        self, tenant_id: UUID, where: s.Lookup, offset: int, limit: int
    ) -> tuple[int, Sequence[StoredGroup]]:
        async with self._database.read([tenant_id]) as conn:
            return await scim_groups.groups(
                conn, TenantScope(tenant_id), where.name, where.external_id, offset, limit
            )

    async def group(self, tenant_id: UUID, group_id: UUID) -> StoredGroup:
        async with self._database.read([tenant_id]) as conn:
            return _there(await scim_groups.group(conn, TenantScope(tenant_id), group_id), _NO_GROUP)

    async def add_group(self, tenant_id: UUID, group: ScimGroup, rules: Rules, now: datetime) -> StoredGroup:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            new_id = await scim_groups.add_group(conn, scope, group, rules, now)
            return _there(await scim_groups.group(conn, scope, new_id), _NO_GROUP)

    async def put_group(
        self, tenant_id: UUID, group_id: UUID, group: ScimGroup, version: int | None, rules: Rules, now: datetime
    ) -> StoredGroup:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            await scim_groups.put_group(conn, scope, group_id, group, version, rules, now)
            return _there(await scim_groups.group(conn, scope, group_id), _NO_GROUP)

    async def delete_group(
        self, tenant_id: UUID, group_id: UUID, version: int | None, rules: Rules, now: datetime
    ) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            if not await scim_groups.delete_group(conn, TenantScope(tenant_id), group_id, version, rules):
                raise NotFound(_NO_GROUP)
