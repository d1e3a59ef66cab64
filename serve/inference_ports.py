"""What the model path needs from other rooms; cluster/wiring.py says who provides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from models.domain.ports import ModelPredictor


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One immutable deployed version; `sha256` is the digest of the bundle under `object_key`."""

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
class ModelSummary:
    """A model of a tenant: its aliases (alias -> version) and its newest version."""

    model: str
    aliases: Mapping[str, str]
    latest: ModelVersion
    versions: int


class ModelCatalog(Protocol):
    """The versions and aliases of a tenant's models, kept in PostgreSQL."""

    async def add_version(self, version: ModelVersion) -> bool:
        """True when new, False when the same bundle was there already; Conflict for other content."""

    async def set_alias(self, tenant_id: UUID, model: str, alias: str, version: str) -> None:
        """Points the alias at a version; NotFound when there is no such version."""

    async def list_models(self, tenant_id: UUID) -> list[ModelSummary]:
        """All models of the tenant by name."""

    async def list_versions(self, tenant_id: UUID, model: str) -> list[ModelVersion]:
        """Newest first; empty when there is no such model."""

    async def aliases(self, tenant_id: UUID, model: str) -> dict[str, str]:
        """alias -> version."""

    async def resolve(self, tenant_id: UUID, model: str, version: str | None) -> ModelVersion:
        """The named version, or the one the alias of that name (default `live`) points at; NotFound."""


class ModelServing(ModelPredictor, Protocol):
    """A predictor that can also be asked whether a model is loaded and able to answer."""

    async def ready(self, tenant_id: UUID, model: str, version: str | None) -> bool:
        """Loads the version when it is not loaded yet; False when that fails."""

    async def check(self, object_key: str, sha256: bytes) -> None:
        """Loads a stored bundle that is no version yet, and tries its example; InvalidInput tells what is wrong."""
