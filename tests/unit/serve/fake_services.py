"""Models, objects, shards and the other services of the API, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from models.domain.errors import Conflict, InvalidInput, Unavailable
from models.domain.ports import Ended, Wake
from models.domain.runs import RunStatus
from serve import inference_ports as inference
from tests.unit.serve.fakes import there


@dataclass
class FakeCatalog:
    stored: dict[tuple[UUID, str, str], inference.ModelVersion] = field(default_factory=dict)
    named: dict[tuple[UUID, str, str], str] = field(default_factory=dict)

    async def add_version(self, version: inference.ModelVersion) -> bool:
        known = self.stored.setdefault((version.tenant_id, version.model, version.version), version)
        if known.sha256 != version.sha256:
            raise Conflict("This version exists with other content.")
        return known is version

    async def set_alias(self, tenant_id: UUID, model: str, alias: str, version: str) -> None:
        there(self.stored.get((tenant_id, model, version)))
        self.named[tenant_id, model, alias] = version

    async def list_models(self, tenant_id: UUID) -> list[inference.ModelSummary]:
        found = []
        for model in sorted({model for tenant, model, _ in self.stored if tenant == tenant_id}):
            versions = await self.list_versions(tenant_id, model)
            aliases = await self.aliases(tenant_id, model)
            found.append(inference.ModelSummary(model, aliases, versions[0], len(versions)))
        return found

    async def list_versions(self, tenant_id: UUID, model: str) -> list[inference.ModelVersion]:
        return [one for (tenant, name, _), one in self.stored.items() if (tenant, name) == (tenant_id, model)][::-1]

    async def aliases(self, tenant_id: UUID, model: str) -> dict[str, str]:
        return {
            alias: version
            for (tenant, name, alias), version in self.named.items()
            if (tenant, name) == (tenant_id, model)
        }

    async def resolve(self, tenant_id: UUID, model: str, version: str | None) -> inference.ModelVersion:
        exact = self.stored.get((tenant_id, model, version or ""))
        aliased = self.named.get((tenant_id, model, version or "live"))
        return there(exact or self.stored.get((tenant_id, model, aliased or "")))


@dataclass
class FakeObjects:
    blobs: dict[str, bytes] = field(default_factory=dict)

    async def put(self, key: str, data: bytes) -> None:
        self.blobs[key] = data

    async def get(self, key: str) -> bytes:
        return there(self.blobs.get(key))


@dataclass
class FakeDispatcher:
    wakes: list[Wake] = field(default_factory=list)
    ends: dict[UUID, Ended] = field(default_factory=dict)
    end_all: RunStatus | None = None

    def wake(self, wakes: Sequence[Wake]) -> None:
        self.wakes.extend(wakes)

    async def wait(self, run_id: UUID, seconds: float) -> Ended | None:
        if self.end_all is not None:
            return Ended(run_id, self.end_all, {"done": True}, None)
        return None


class FakeSealer:
    def seal(self, plain: bytes, context: str) -> bytes:
        return context.encode() + b"\0" + plain[::-1]

    def open(self, sealed: bytes, context: str) -> bytes:
        bound, _, plain = sealed.partition(b"\0")
        if bound != context.encode():
            raise InvalidInput("The seal is broken.")
        return plain[::-1]


class FakeAttempts:
    """Never shared: every call fails, so that the counter of the process takes over."""

    async def hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        raise Unavailable

    async def forgive(self, key: str) -> None:
        raise Unavailable


@dataclass
class FakeReadiness:
    parts: dict[str, str] = field(default_factory=lambda: {"postgres": "ok", "redis": "ok"})

    async def check(self) -> Mapping[str, str]:
        return self.parts
