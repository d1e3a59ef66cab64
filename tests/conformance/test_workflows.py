"""WorkflowRepository."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from models.domain.errors import Conflict, NotFound
from models.domain.runs import WorkflowRef
from serve import records as r
from tests.storage_kit import NOW, Api, new_tenant, new_version


async def test_a_version_is_stored_once(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    assert await api.workflows.put(place, new_version(), tenant.user_id, NOW)
    assert not await api.workflows.put(place, new_version(), tenant.user_id, NOW)
    with pytest.raises(Conflict, match=r"1\.0\.0"):
        await api.workflows.put(place, new_version(content="b"), tenant.user_id, NOW)
    stored = await api.workflows.version(place, WorkflowRef("ops", "flow", "1.0.0"))
    assert (stored.source, stored.definition) == ("a", {"document": {"version": "1.0.0"}})
    assert (stored.media_type, stored.content_hash, stored.created_at) == ("application/json", b"a", NOW)


async def test_the_highest_version_is_the_latest(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    for version in ("1.9.0", "1.10.0-rc.1", "1.2.3"):
        await api.workflows.put(place, new_version(version), tenant.user_id, NOW)
    found = await api.workflows.get(place, "ops", "flow")
    assert (found.latest_version, found.title, found.enabled) == ("1.10.0-rc.1", "Flow 1.10.0-rc.1", True)
    await api.workflows.put(place, new_version("1.10.0"), tenant.user_id, NOW + timedelta(hours=1))
    found = await api.workflows.get(place, "ops", "flow")
    assert (found.latest_version, found.created_at, found.updated_at) == ("1.10.0", NOW, NOW + timedelta(hours=1))


async def test_versions_newest_first_in_pages(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    for n in range(7):
        at = NOW + timedelta(seconds=n // 2)
        await api.workflows.put(place, new_version(f"1.{n}.0"), tenant.user_id, at)
    first = await api.workflows.versions(place, "ops", "flow", None, 4)
    second = await api.workflows.versions(place, "ops", "flow", first.next, 4)
    assert [v.version for v in (*first.items, *second.items)] == [f"1.{n}.0" for n in range(6, -1, -1)]
    assert second.next is None
    assert first.items[0].created_by == tenant.user_id


async def test_workflows_by_name_in_pages(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    for name in ("c", "a", "b", "e", "d"):
        await api.workflows.put(place, new_version(name=name), tenant.user_id, NOW)
    first = await api.workflows.list(place, None, None, 3)
    second = await api.workflows.list(place, None, first.next, 3)
    assert [w.name for w in first.items] == ["a", "b", "c"]
    assert [w.name for w in second.items] == ["d", "e"]
    assert second.next is None


@pytest.mark.parametrize(("text", "count"), [("FLOW", 2), ("s/late", 1), ("late", 1), ("does", 2), ("%", 0), ("_", 0)])
async def test_search_by_part(api: Api, tenant: r.NewAccount, text: str, count: int) -> None:
    for name in ("late", "early"):
        await api.workflows.put(tenant.tenant_id, new_version(name=name), tenant.user_id, NOW)
    assert len((await api.workflows.list(tenant.tenant_id, text, None, 10)).items) == count


async def test_disabling(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    await api.workflows.put(place, new_version(), tenant.user_id, NOW)
    assert not (await api.workflows.set_enabled(place, "ops", "flow", False, NOW)).enabled
    await api.workflows.put(place, new_version("2.0.0"), tenant.user_id, NOW)
    assert not (await api.workflows.get(place, "ops", "flow")).enabled
    assert (await api.workflows.set_enabled(place, "ops", "flow", True, NOW)).enabled


async def test_schedules_belong_to_the_latest_version_of_an_enabled_workflow(api: Api, tenant: r.NewAccount) -> None:
    place, hourly = tenant.tenant_id, {"seconds": 3600}

    async def due() -> dict[str, object]:
        async with api.engine.read() as conn:
            rows = await conn.fetch("SELECT kind, next_at, shard FROM workflow_triggers WHERE tenant_id = $1", place)
        assert all(row["shard"] == tenant.shard for row in rows)
        return {row["kind"]: row["next_at"] for row in rows}

    await api.workflows.put(place, new_version(triggers={"every": hourly, "on": {"any": []}}), tenant.user_id, NOW)
    assert await due() == {"every": NOW + timedelta(hours=1), "on": None}
    await api.workflows.put(place, new_version("0.9.0", triggers={"cron": {"cron": "* * * * *"}}), tenant.user_id, NOW)
    assert set(await due()) == {"every", "on"}
    await api.workflows.set_enabled(place, "ops", "flow", False, NOW)
    assert await due() == {"every": None, "on": None}
    await api.workflows.put(place, new_version("1.1.0", triggers={"every": hourly}), tenant.user_id, NOW)
    assert await due() == {"every": None}
    await api.workflows.set_enabled(place, "ops", "flow", True, NOW + timedelta(days=1))
    assert await due() == {"every": NOW + timedelta(days=1, hours=1)}
    await api.workflows.put(place, new_version("2.0.0"), tenant.user_id, NOW)
    assert await due() == {}


async def test_what_is_not_there(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    await api.workflows.put(other.tenant_id, new_version(), other.user_id, NOW)
    place = tenant.tenant_id
    with pytest.raises(NotFound):
        await api.workflows.get(place, "ops", "flow")
    with pytest.raises(NotFound):
        await api.workflows.versions(place, "ops", "flow", None, 10)
    with pytest.raises(NotFound):
        await api.workflows.version(place, WorkflowRef("ops", "flow", "1.0.0"))
    with pytest.raises(NotFound):
        await api.workflows.set_enabled(place, "ops", "flow", True, NOW)
    assert (await api.workflows.list(place, None, None, 10)).items == []
    assert await api.workflows.put(place, new_version(), uuid4(), NOW)
