"""WebhookRepository, ConnectionRepository and ModelCatalog."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from cluster.adapters.actors import SessionSecrets, ShardDefinitions
from cluster.adapters.api_secrets import ApiSecrets
from models.domain.errors import Conflict, LimitExceeded, NotFound
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from serve import inference_ports as inference
from serve import records as r
from storage import connections
from tests.storage_kit import NOW, Api, new_tenant, new_version


async def test_hook_sources(api: Api, tenant: r.NewAccount) -> None:
    source = r.HookSource(tenant.tenant_id, "github", "github", b"sealed", NOW)
    assert await api.webhooks.put(source)
    assert not await api.webhooks.put(replace(source, secret_sealed=b"other", created_at=NOW + timedelta(days=1)))
    stored = replace(source, secret_sealed=b"other")
    assert await api.webhooks.get(tenant.tenant_id, "github") == stored
    assert await api.webhooks.list(tenant.tenant_id) == [stored]
    await api.webhooks.delete(tenant.tenant_id, "github")
    with pytest.raises(NotFound):
        await api.webhooks.delete(tenant.tenant_id, "github")
    with pytest.raises(NotFound):
        await api.webhooks.get(tenant.tenant_id, "github")


async def test_a_delivery_finds_its_source_by_the_public_name(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    source = r.HookSource(tenant.tenant_id, "github", "github", b"sealed", NOW)
    await api.webhooks.put(source)
    assert await api.webhooks.find(tenant.tenant_name, "github") == source
    assert await api.webhooks.find(tenant.tenant_name, "stripe") is None
    assert await api.webhooks.find(other.tenant_name, "github") is None
    assert await api.webhooks.find("nobody", "github") is None


async def test_connections(api: Api, tenant: r.NewAccount) -> None:
    place, later = tenant.tenant_id, NOW + timedelta(days=1)
    assert await api.connections.put(place, "crm", "https://a.example", {"quota": None}, b"sealed", NOW)
    assert not await api.connections.put(place, "crm", "https://b.example", {"breaker": {}}, None, later)
    expected = r.Connection("crm", "https://b.example", {"breaker": {}}, None, NOW, later)
    assert await api.connections.get(place, "crm") == expected
    assert await api.connections.list(place) == [expected]
    async with api.engine.unit_of_work() as conn:
        await connections.save_state(conn, TenantScope(place), "crm", {"breaker": "open"}, NOW)
        await connections.save_state(conn, TenantScope(place), "gone", {"breaker": "open"}, NOW)
    assert (await api.connections.get(place, "crm")).state == {"breaker": "open"}
    await api.connections.delete(place, "crm")
    with pytest.raises(NotFound):
        await api.connections.get(place, "crm")
    with pytest.raises(NotFound):
        await api.connections.delete(place, "crm")


def bundle(tenant: UUID, version: str = "1", sha: bytes = b"1", hours: int = 0) -> inference.ModelVersion:
    at = NOW + timedelta(hours=hours)
    return inference.ModelVersion(tenant, "delay", version, {"inputs": []}, f"models/{version}", sha, 100, at)


async def test_model_versions_never_change(api: Api, tenant: r.NewAccount) -> None:
    new = bundle(tenant.tenant_id)
    assert await api.models.add_version(new)
    assert not await api.models.add_version(replace(new, created_at=NOW + timedelta(days=1)))
    with pytest.raises(Conflict):
        await api.models.add_version(replace(new, sha256=b"2"))
    assert await api.models.list_versions(tenant.tenant_id, "delay") == [new]


async def test_model_aliases(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    first, second = bundle(place), bundle(place, "2", b"2", hours=1)
    for one in (first, second):
        await api.models.add_version(one)
    with pytest.raises(NotFound):
        await api.models.resolve(place, "delay", None)
    with pytest.raises(NotFound):
        await api.models.set_alias(place, "delay", "live", "3")
    await api.models.set_alias(place, "delay", "live", "2")
    await api.models.set_alias(place, "delay", "live", "1")
    assert await api.models.resolve(place, "delay", None) == first
    assert await api.models.resolve(place, "delay", "live") == first
    assert await api.models.resolve(place, "delay", "2") == second
    assert await api.models.aliases(place, "delay") == {"live": "1"}
    assert await api.models.list_models(place) == [inference.ModelSummary("delay", {"live": "1"}, second, 2)]
    assert await api.models.list_versions(place, "delay") == [second, first]


async def test_models_of_others(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    await api.models.add_version(bundle(tenant.tenant_id))
    await api.models.set_alias(tenant.tenant_id, "delay", "live", "1")
    assert await api.models.list_models(other.tenant_id) == []
    assert await api.models.list_versions(other.tenant_id, "delay") == []
    assert await api.models.aliases(other.tenant_id, "delay") == {}
    with pytest.raises(NotFound):
        await api.models.resolve(other.tenant_id, "delay", "1")
    with pytest.raises(NotFound):
        await api.models.set_alias(other.tenant_id, "delay", "live", "1")


async def test_secrets(api: Api, tenant: r.NewAccount) -> None:
    place, later, other = tenant.tenant_id, NOW + timedelta(days=1), await new_tenant(api)
    repository = ApiSecrets(api.app, replace(Limits(), max_secrets_per_tenant=2))
    assert await repository.put(place, "crm", b"sealed", NOW)
    assert not await repository.put(place, "crm", b"anew", later)
    assert await repository.put(place, "bank", b"other", NOW)
    with pytest.raises(LimitExceeded):
        await repository.put(place, "third", b"x", NOW)
    assert await repository.list(place) == [r.Secret("bank", NOW, NOW), r.Secret("crm", NOW, later)]
    assert await repository.list(other.tenant_id) == []
    store = SessionSecrets(api.engine)
    assert await store.sealed(place, ["crm", "gone"]) == {"crm": b"anew"}
    assert await store.sealed(other.tenant_id, ["crm"]) == {}
    with pytest.raises(NotFound):
        await repository.delete(other.tenant_id, "crm")
    await repository.delete(place, "crm")
    with pytest.raises(NotFound):
        await repository.delete(place, "crm")


async def test_what_a_version_uses_from_elsewhere(api: Api, tenant: r.NewAccount) -> None:
    place, version = tenant.tenant_id, new_version()
    call = {"t": {"call": "https://x.example/f.yaml"}}
    definition = {"document": {"version": "1.0.0"}, "do": [call]}
    function = {"uri": "https://x.example/f.yaml", "document": {"set": {"a": 1}}}
    kept = {"functions": {"https://x.example/f.yaml": function}, "schemas": {}}
    await api.workflows.put(place, replace(version, definition=definition, resources=kept), tenant.user_id, NOW)
    found = await ShardDefinitions(api.engine).definition(place, version.ref)
    assert found is not None
    assert found["use"]["functions"]["https://x.example/f.yaml"]["set"] == {"a": 1}
    assert (await api.workflows.version(place, version.ref)).definition == definition
