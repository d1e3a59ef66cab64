"""Writes the entry of a request's audit trail at the end of the transaction that made its change."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from models.domain.audit import Actor, ActorKind, Change, Head, Trail, canonical, current_trail, entry_of
from storage.queries import load

if TYPE_CHECKING:
    from storage.postgres import WriteConn

_SQL = load("audit")
# A user may be a member of many tenants; what concerns only the user is told in so many of them.
_MOST_TENANTS = 20
_NAMED = (ActorKind.USER, ActorKind.SERVICE_ACCOUNT, ActorKind.CLIENT)

BEGIN = "SELECT set_config('tidewire.audited', 'on', true)"


def trail_here() -> Trail | None:
    """The trail that this task's transactions are told by."""
    trail = current_trail()
    return trail if trail is not None and trail.owner is asyncio.current_task() else None


async def write(conn: WriteConn, trail: Trail) -> None:
    """One entry for each tenant that the transaction changed; for one that changed nothing, the first time only."""
    changes = [Change.of(orjson.loads(line)) for line in await _changes(conn)]
    if not changes and (trail.written or trail.only_changes):
        return
    for tenant, told in (await _by_tenant(conn, trail, changes)).items():
        await append(conn, trail, tenant, told)


async def append(conn: WriteConn, trail: Trail, tenant: UUID, changes: list[Change]) -> None:
    """The next entry of the tenant. Others of the same tenant wait from here to the end of the transaction."""
    await conn.fetchval(_SQL["enter"], str(tenant))
    actor = await _named(conn, trail.actor or _actor_of(changes), tenant)
    row = await conn.fetchrow(_SQL["head"], tenant)
    entry = canonical(entry_of(trail, tenant, actor, changes, Head(row["seq"], row["hash"]))).decode()
    await conn.execute(_SQL["append"], tenant, row["seq"] + 1, entry)
    trail.written += 1


async def _changes(conn: WriteConn) -> list[str]:
    text: str | None = await conn.fetchval(_SQL["changes"])
    return text.splitlines() if text else []


async def _by_tenant(conn: WriteConn, trail: Trail, changes: list[Change]) -> dict[UUID, list[Change]]:
    found: dict[UUID, list[Change]] = defaultdict(list)
    if trail.tenant is not None:
        found[trail.tenant] = []
    nobodys = []
    for change in changes:
        tenant = change.tenant or (change.table == "tenants" and (change.after or change.before or {}).get("id"))
        if tenant:
            found[UUID(tenant)].append(change)
        else:
            nobodys.append(change)
    if nobodys and not found:
        users = {change.user for change in nobodys if change.user}
        for user in sorted(users):
            await conn.fetchval(_SQL["enter_as"], user)
            for row in await conn.fetch(_SQL["tenants_of_user"], UUID(user), _MOST_TENANTS):
                found[row["tenant_id"]] = []
    for told in found.values():
        told[:0] = nobodys
    return dict(sorted(found.items()))


def _actor_of(changes: list[Change]) -> Actor:
    user = next((change.user for change in changes if change.user), None)
    return Actor(ActorKind.USER, user) if user else Actor(ActorKind.ANONYMOUS)


async def _named(conn: WriteConn, actor: Actor, tenant: UUID) -> Actor:
    if actor.name or actor.id is None or actor.kind not in _NAMED:
        return actor
    name: Any = await conn.fetchval(_SQL["name"], actor.kind.value, UUID(actor.id), tenant)
    return Actor(actor.kind, actor.id, name or "")
