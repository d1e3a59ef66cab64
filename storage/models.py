"""Deployed models: immutable versions, and aliases that point at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.errors import Conflict
from models.domain.identity import TenantScope
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("models")
LIVE = "live"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version; `sha256` is the digest of the bundle under `object_key`."""

    tenant_id: UUID
    model: str
    version: str
    manifest: Mapping[str, Any]
    object_key: str
    sha256: bytes
    size_bytes: int
    created_at: datetime
    created_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model with its newest version, the number of its versions, and alias -> version."""

    latest: ModelVersion
    versions: int
    aliases: Mapping[str, str]


async def add_version(conn: WriteConn, new: ModelVersion) -> bool:
    """True when new, False when the same bundle was there already; Conflict for other content."""
    if await conn.fetchval(
        _SQL["add_version"], new.tenant_id, new.model, new.version, new.manifest, new.object_key, new.sha256,
        new.size_bytes, new.created_at, new.created_by,
    ):  # fmt: skip
        return True
    row = await conn.fetchrow(_SQL["version"], new.tenant_id, new.model, new.version)
    if row["sha256"] != new.sha256:
        raise Conflict(f"Version {new.version} of the model {new.model} exists with other content.")
    return False


async def set_alias(
    conn: WriteConn, scope: TenantScope, model: str, alias: str, version: str, now: datetime
) -> bool:
    """Points the alias at the version; False when there is no such version."""
    return bool(await conn.fetchval(_SQL["set_alias"], scope.tenant_id, model, alias, version, now))


async def find(conn: ReadConn, scope: TenantScope) -> Sequence[Model]:
    """All models of the tenant, by name."""
    aliases: dict[str, dict[str, str]] = {}
    for row in await conn.fetch(_SQL["all_aliases"], scope.tenant_id):
        aliases.setdefault(row["model"], {})[row["alias"]] = row["version"]
    rows = await conn.fetch(_SQL["latest"], scope.tenant_id)
    return [Model(_version(row), row["versions"], aliases.get(row["model"], {})) for row in rows]


async def versions(conn: ReadConn, scope: TenantScope, model: str) -> Sequence[ModelVersion]:
    """Newest first; empty when there is no such model."""
    return [_version(row) for row in await conn.fetch(_SQL["versions"], scope.tenant_id, model)]


async def aliases(conn: ReadConn, scope: TenantScope, model: str) -> dict[str, str]:
    """alias -> version."""
    return {row["alias"]: row["version"] for row in await conn.fetch(_SQL["aliases"], scope.tenant_id, model)}


async def resolve(conn: ReadConn, scope: TenantScope, model: str, version: str | None) -> ModelVersion | None:
    """The version of that name, else the one that the alias of that name (default LIVE) points at."""
    row = None
    if version is not None:
        row = await conn.fetchrow(_SQL["version"], scope.tenant_id, model, version)
    if row is None:
        row = await conn.fetchrow(_SQL["aliased"], scope.tenant_id, model, version or LIVE)
    return _version(row) if row else None


def _version(row: Mapping[str, Any]) -> ModelVersion:
    return ModelVersion(
        row["tenant_id"], row["model"], row["version"], row["manifest"], row["object_key"], row["sha256"],
        row["size_bytes"], row["created_at"], row["created_by"],
    )  # fmt: skip
