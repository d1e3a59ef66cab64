"""EventRepository."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.domain.errors import InvalidInput
from models.domain.runs import WorkflowRef
from serve import records as r
from tests.storage_kit import NOW, Api, new_event, new_tenant, new_version

LATE = {"on": {"any": [{"type": "com.example.late"}]}}


def request(tenant: UUID, *ids: str, **more: Any) -> r.IngestEvents:
    return r.IngestEvents(tenant, [new_event(one, **more) for one in ids], NOW)


async def ingested(api: Api, *requests: r.IngestEvents) -> list[tuple[int, int, int]]:
    answers = await api.events.ingest(requests)
    return [(answer.accepted, answer.duplicates, len(answer.wakes)) for answer in answers]


async def told(api: Api, tenant: UUID) -> list[str]:
    async with api.engine.read() as conn:
        rows = await conn.fetch(
            "SELECT payload FROM outbox WHERE tenant_id = $1 AND topic = 'events' ORDER BY seq", tenant
        )
    return [row["payload"]["id"] for row in rows]


async def count_runs(api: Api, tenant: UUID) -> int:
    return len((await api.runs.list(tenant, r.RunFilter(), None, 10_000)).items)


async def test_what_is_new_is_told_once_and_in_order(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    assert await ingested(api, request(place, "b", "a", "b")) == [(2, 1, 0)]
    assert await ingested(api, request(place, "a", "c"), request(place, "c", "d")) == [(1, 1, 0), (1, 1, 0)]
    assert await told(api, place) == ["b", "a", "c", "d"]


async def test_the_key_is_tenant_source_and_id(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    await ingested(api, request(tenant.tenant_id, "a"))
    answers = await ingested(
        api, request(tenant.tenant_id, "a", source="/elsewhere"), request(other.tenant_id, "a"),
        request(tenant.tenant_id, "a", kind="com.example.other"),
    )  # fmt: skip
    assert answers == [(1, 0, 0), (1, 0, 0), (0, 1, 0)]


async def test_events_start_runs(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    await api.workflows.put(place, new_version("1.0.0", triggers=LATE), tenant.user_id, NOW)
    await api.workflows.put(place, new_version(name="other", triggers={"on": {"any": []}}), tenant.user_id, NOW)
    (answer,) = await api.events.ingest([request(place, "a", data={"minutes": 90})])
    assert [(w.tenant_id, w.shard) for w in answer.wakes] == [(place, tenant.shard)] * 2
    started = [wake.new for wake in answer.wakes]
    assert [run.workflow for run in started if run] == [
        WorkflowRef("ops", "flow", "1.0.0"), WorkflowRef("ops", "other", "1.0.0")
    ]  # fmt: skip
    for wake in answer.wakes:
        run = await api.runs.get(place, wake.run_id)
        assert run.input == [new_event("a", data={"minutes": 90}).envelope]
        assert run.cause == {"kind": "event", "source": "/test", "id": "a", "type": "com.example.late"}
        assert wake.new is not None
        assert (wake.new.input, wake.new.id) == (run.input, run.id)


async def test_triggers_follow_the_workflow(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    assert await ingested(api, request(place, "0")) == [(1, 0, 0)]
    await api.workflows.put(place, new_version("1.0.0", triggers=LATE), tenant.user_id, NOW)
    assert await ingested(api, request(place, "1")) == [(1, 0, 1)]
    assert await ingested(api, request(place, "2", kind="com.example.early")) == [(1, 0, 0)]
    await api.workflows.set_enabled(place, "ops", "flow", False, NOW)
    assert await ingested(api, request(place, "3")) == [(1, 0, 0)]
    await api.workflows.set_enabled(place, "ops", "flow", True, NOW)
    await api.workflows.put(place, new_version("1.1.0", triggers=LATE), tenant.user_id, NOW)
    (answer,) = await api.events.ingest([request(place, "4")])
    assert [wake.new.workflow.version for wake in answer.wakes if wake.new] == ["1.1.0"]
    await api.workflows.put(place, new_version("0.1.0", triggers={"on": {"any": []}}), tenant.user_id, NOW)
    assert await ingested(api, request(place, "5", kind="com.example.early")) == [(1, 0, 0)]
    await api.workflows.put(place, new_version("2.0.0"), tenant.user_id, NOW)
    assert await ingested(api, request(place, "6")) == [(1, 0, 0)]


async def test_other_tenants_triggers_stay_quiet(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    await api.workflows.put(other.tenant_id, new_version(triggers=LATE), other.user_id, NOW)
    answers = await ingested(api, request(tenant.tenant_id, "a"), request(other.tenant_id, "a"))
    assert answers == [(1, 0, 0), (1, 0, 1)]
    assert await count_runs(api, tenant.tenant_id) == 0


async def test_exactly_once_under_concurrency(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    await api.workflows.put(place, new_version(triggers=LATE), tenant.user_id, NOW)
    ids = [str(n) for n in range(1_000)]
    tries = [request(place, *(ids if n % 2 else ids[::-1])) for n in range(10)]
    answers = await asyncio.gather(*(api.events.ingest([one, tries[0]]) for one in tries))
    parts = [part for answer in answers for part in answer]
    assert sum(part.accepted for part in parts) == 1_000
    assert sum(part.duplicates for part in parts) == 1_000 * 19
    assert sum(len(part.wakes) for part in parts) == await count_runs(api, place) == 1_000
    assert sorted(await told(api, place)) == sorted(ids)


async def test_all_or_nothing(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    with pytest.raises(InvalidInput):
        await api.events.ingest([request(place, "a"), request(place, "b\0")])
    assert await told(api, place) == []
    assert await ingested(api, request(place, "a")) == [(1, 0, 0)]


async def test_pages_latest_first(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    for n in range(5):
        events = [new_event(f"{n}-{i}", source=f"/s{i}") for i in range(3)]
        await api.events.ingest([r.IngestEvents(place, events, NOW + timedelta(seconds=n))])
    seen: list[str] = []
    after: tuple[str, ...] | None = None
    while True:
        page = await api.events.list(place, None, None, after, 4)
        seen += [event.envelope["id"] for event in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == [f"{n}-{i}" for n in range(4, -1, -1) for i in range(2, -1, -1)]
    only = await api.events.list(place, "com.example.late", "/s1", None, 10)
    assert [event.envelope["id"] for event in only.items] == [f"{n}-1" for n in range(4, -1, -1)]
    assert (await api.events.list(place, "com.example.early", None, None, 10)).items == []
    assert (await api.events.list(uuid4(), None, None, None, 10)).items == []


@pytest.mark.parametrize("cursor", ["yesterday", "2026-01-01", "2026-01-01T00:00:00"])
async def test_a_made_up_cursor_is_refused(api: Api, tenant: r.NewAccount, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        await api.events.list(tenant.tenant_id, None, None, (cursor, "", ""), 10)
