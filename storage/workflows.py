"""Workflows and their immutable versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.authorization import WHOLE, Reach
from models.domain.errors import Conflict
from models.domain.identity import TenantScope
from models.domain.runs import WorkflowRef
from models.domain.versions import precedence
from storage import triggers
from storage.postgres import ReadConn, WriteConn
from storage.queries import load
from storage.reach import parameters

_SQL = load("workflows")


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A checked definition; `triggers` maps kinds (on, cron, every, after) to their spec, `resources` is what it uses
    from elsewhere, None if nothing."""

    ref: WorkflowRef
    title: str
    summary: str
    media_type: str
    source: str
    definition: Mapping[str, Any]
    content_hash: bytes
    triggers: Mapping[str, Any]
    resources: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow with its newest version."""

    namespace: str
    name: str
    latest_version: str
    title: str
    summary: str
    enabled: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One version without its text."""

    version: str
    media_type: str
    content_hash: bytes
    created_at: datetime
    created_by: UUID | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its text as it was put, and the definition it means."""

    version: str
    media_type: str
    source: str
    definition: Any
    content_hash: bytes
    created_at: datetime


async def put(conn: WriteConn, scope: TenantScope, new: NewVersion, user_id: UUID | None, now: datetime) -> bool:
    """True when stored, False when the very same was there; Conflict when the version has other content.

    The highest version by semantic versioning becomes the latest, and its triggers are the ones that fire.
    """
    place = (scope.tenant_id, new.ref.namespace, new.ref.name)
    added = await conn.execute(_SQL["add"], *place, new.ref.version, new.title, new.summary, now)
    is_first = added.endswith(" 1")
    held = await conn.fetchrow(_SQL["lock"], *place)
    if not await _add_version(conn, place, new, user_id, now):
        return False
    if is_first or precedence(new.ref.version) >= precedence(held["latest_version"]):
        await conn.execute(_SQL["set_latest"], *place, new.ref.version, new.title, new.summary, now)
        await triggers.replace(conn, scope, new.ref, new.triggers, held["enabled"], now)
        await conn.execute(_SQL["next_generation"], scope.tenant_id)
    return True


async def _add_version(
    conn: WriteConn, place: tuple[UUID, str, str], new: NewVersion, user_id: UUID | None, now: datetime
) -> bool:
    version = new.ref.version
    if await conn.fetchval(
        _SQL["add_version"], *place, version, new.media_type, new.source, new.definition, new.content_hash, now, user_id
    ):
        if new.resources is not None:
            await conn.execute(_SQL["add_resources"], *place, version, new.resources)
        return True
    if await conn.fetchval(_SQL["content_hash"], *place, version) != new.content_hash:
        raise Conflict(f"Version {version} exists with other content; versions never change, so choose a new number.")
    return False


async def set_enabled(
    conn: WriteConn, scope: TenantScope, namespace: str, name: str, enabled: bool, now: datetime
) -> Workflow | None:
    """A disabled workflow starts no runs; None when there is no such workflow."""
    row = await conn.fetchrow(_SQL["set_enabled"], scope.tenant_id, namespace, name, enabled, now)
    if row is None:
        return None
    await triggers.set_running(conn, scope, namespace, name, enabled, now)
    await conn.execute(_SQL["next_generation"], scope.tenant_id)
    return Workflow(**row)


async def get(conn: ReadConn, scope: TenantScope, namespace: str, name: str) -> Workflow | None:
    """The workflow, or None."""
    row = await conn.fetchrow(_SQL["get"], scope.tenant_id, namespace, name)
    return Workflow(**row) if row else None


async def find(
    conn: ReadConn, scope: TenantScope, text: str | None, after: tuple[str, str] | None, limit: int,
    reach: Reach = WHOLE,
) -> Sequence[Workflow]:  # fmt: skip
    """By namespace and name, those after `after` within `reach`; `text` is part of names, title or summary."""
    namespace, name = after or (None, None)
    rows = await conn.fetch(_SQL["list"], scope.tenant_id, text, namespace, name, limit, *parameters(reach))
    return [Workflow(**row) for row in rows]


async def versions(
    conn: ReadConn, scope: TenantScope, namespace: str, name: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[VersionSummary]:
    """Newest first, those put before `before`."""
    at, version = before or (None, None)
    rows = await conn.fetch(_SQL["versions"], scope.tenant_id, namespace, name, at, version, limit)
    return [VersionSummary(**row) for row in rows]


async def version(conn: ReadConn, scope: TenantScope, ref: WorkflowRef) -> Version | None:
    """The version, or None."""
    row = await conn.fetchrow(_SQL["version"], scope.tenant_id, ref.namespace, ref.name, ref.version)
    return Version(**row) if row else None


async def resources(conn: ReadConn, scope: TenantScope, ref: WorkflowRef) -> Mapping[str, Any]:
    """What the version uses from elsewhere, as it was when the version was put; empty if nothing."""
    found = await conn.fetchval(_SQL["resources"], scope.tenant_id, ref.namespace, ref.name, ref.version)
    return found or {}
