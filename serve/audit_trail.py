"""Tells the audit log what each changing request does: all POST, PUT, PATCH and DELETE, but those that say why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request

from models.domain.audit import Actor, ActorKind, Origin, Trail, current_trail, following
from models.domain.authorization import resource_of
from models.domain.identity import Principal
from serve.audit_ports import AuditRepository
from serve.context import log_failure, request_id
from serve.requests import device_of

T = TypeVar("T")
_F = TypeVar("_F", bound=Callable[..., Any])
_UNAUDITED = "tidewire_unaudited"
_RESOURCE = "tidewire_audited_resource"
_ONLY_CHANGES = "tidewire_audited_changes"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def unaudited(reason: str) -> Callable[[_F], _F]:
    """The route leaves no entry in the audit log, because of `reason`; refused calls of it do."""

    def mark(endpoint: _F) -> _F:
        setattr(endpoint, _UNAUDITED, reason)
        return endpoint

    return mark


def unaudited_because(endpoint: Callable[..., Any]) -> str | None:
    """Why calls of the endpoint leave no entry; None when they do."""
    return getattr(endpoint, _UNAUDITED, None)


def audited(resource: str, *, only_changes: bool = False) -> Callable[[_F], _F]:
    """The entries of the route are about this type of resource, not that of its permission.

    `only_changes`: a call that changes nothing in the database leaves none.
    """

    def mark(endpoint: _F) -> _F:
        setattr(endpoint, _RESOURCE, resource)
        setattr(endpoint, _ONLY_CHANGES, only_changes)
        return endpoint

    return mark


@dataclass(frozen=True, slots=True)
class Asking:
    """Who calls from where; `principal` None on public routes."""

    request: Request
    principal: Principal | None
    trusted_hops: int
    now: datetime

    def origin(self) -> Origin:
        """Where it comes from."""
        device = device_of(self.request, self.trusted_hops)
        session = str(self.principal.session_id) if self.principal is not None else None
        return Origin(device.address, device.user_agent, request_id(), session)


@dataclass(frozen=True, slots=True)
class Telling:
    """What entries of one route say before anybody has called it."""

    action: str
    permission: str | None
    resource: str
    only_changes: bool = False

    @classmethod
    def of(
        cls, endpoint: Callable[..., Any], action: str, methods: Iterable[str], permission: str | None
    ) -> Telling | None:
        """None for a route that leaves no entries."""
        if unaudited_because(endpoint) is not None or _READING.issuperset(methods):
            return None
        resource: str = getattr(endpoint, _RESOURCE, resource_of(permission) if permission else "account")
        return cls(action, permission, resource, getattr(endpoint, _ONLY_CHANGES, False))

    async def around(self, asking: Asking, audit: AuditRepository, call: Callable[[], Awaitable[T]]) -> T:
        """Calls; the transactions of the call write the entry, or this does when there were none."""
        trail = self.trail(asking)
        with following(trail):
            answer = await call()
        told = trail.written or trail.tenant is None or trail.only_changes
        if not told and getattr(answer, "status_code", 200) < 400:
            await tell_late(audit, trail)
        return answer

    def trail(self, asking: Asking) -> Trail:
        """The trail of one call. On public routes a path may hold a secret, so it names nothing."""
        trail = Trail(
            self.action, asking.now, asking.origin(), asyncio.current_task(),
            permission=self.permission, resource_type=self.resource, only_changes=self.only_changes,
        )  # fmt: skip
        if asking.principal is not None:
            trail.tenant, trail.actor = asking.principal.tenant_id, actor_of(asking.principal)
            trail.resource_id = "/".join(str(one) for one in asking.request.path_params.values()) or None
        return trail


def actor_of(principal: Principal) -> Actor:
    """Who acts; the name is looked up when the entry is written."""
    return Actor(ActorKind(principal.subject.value), str(principal.user_id))


def tell(
    *,
    tenant: UUID | None = None,
    actor: Actor | None = None,
    resource_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """For routes that know more than the guard and the database: completes the entry of the request being served.

    Before the transaction, or it comes too late. `before` and `after` are told beside the rows that changed; never
    secrets. Without an audited request it does nothing.
    """
    trail = current_trail()
    if trail is None:
        return
    trail.tenant, trail.actor = tenant or trail.tenant, actor or trail.actor
    trail.resource_id = resource_id or trail.resource_id
    trail.before, trail.after = before or trail.before, after or trail.after


async def tell_late(audit: AuditRepository, trail: Trail) -> None:
    """In a transaction of its own: what was done was not in one of this process's database. Never fails the call."""
    try:
        await audit.append(trail)
    except Exception as error:
        log_failure("the audit log", error)
