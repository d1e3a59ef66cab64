"""RunRepository."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.domain.errors import Conflict, IdempotencyMismatch, NotFound
from models.domain.ids import uuid7
from models.domain.runs import NewRun, RunStatus, WorkflowRef
from serve import records as r
from tests.storage_kit import NOW, Api, new_run, new_tenant, new_version


@pytest.fixture
async def place(api: Api, tenant: r.NewAccount) -> UUID:
    """A tenant with the workflow ops/flow."""
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    return tenant.tenant_id


async def one(api: Api, request: r.AcceptRun) -> r.AcceptedRun:
    (answer,) = await api.runs.accept([request])
    assert isinstance(answer, r.AcceptedRun)
    return answer


async def test_an_accepted_run_can_be_read(api: Api, place: UUID, tenant: r.NewAccount) -> None:
    request = new_run(place, input={"list": [1, None, "ä"]}, cause={"kind": "api", "request_id": "7"})
    accepted = await one(api, request)
    ref = WorkflowRef("ops", "flow", "1.0.0")
    new = NewRun(place, request.run_id, ref, request.input, NOW, request.cause)
    assert accepted == r.AcceptedRun(request.run_id, tenant.shard, new)
    run = await api.runs.get(place, request.run_id)
    assert (run.workflow, run.input, run.cause, run.created_at) == (ref, request.input, request.cause, NOW)
    assert (run.status, run.last_seq, run.output, run.error) == (RunStatus.PENDING, 0, None, None)


async def test_each_request_of_a_group_has_its_own_answer(api: Api, place: UUID) -> None:
    other = await new_tenant(api)
    await api.workflows.put(other.tenant_id, new_version(), other.user_id, NOW)
    await api.workflows.put(place, new_version(name="off"), uuid4(), NOW)
    await api.workflows.set_enabled(place, "ops", "off", False, NOW)
    answers = await api.runs.accept(
        [
            new_run(place),
            new_run(place, name="missing"),
            new_run(other.tenant_id),
            new_run(place, name="off"),
            new_run(place, version="9.9.9"),
            new_run(place, version="1.0.0"),
            new_run(other.tenant_id, name="off"),
        ]
    )
    kinds = [type(answer) for answer in answers]
    assert kinds == [r.AcceptedRun, NotFound, r.AcceptedRun, Conflict, NotFound, r.AcceptedRun, NotFound]
    assert len((await api.runs.list(place, r.RunFilter(), None, 10)).items) == 2
    assert len((await api.runs.list(other.tenant_id, r.RunFilter(), None, 10)).items) == 1


async def test_the_latest_version_is_taken_at_once(api: Api, place: UUID) -> None:
    await api.workflows.put(place, new_version("1.2.0"), uuid4(), NOW)
    assert (await one(api, new_run(place))).new.workflow.version == "1.2.0"  # type: ignore[union-attr]
    assert (await one(api, new_run(place, version="1.0.0"))).new.workflow.version == "1.0.0"  # type: ignore[union-attr]


async def test_a_key_names_one_run(api: Api, place: UUID) -> None:
    first = new_run(place, key="k", body_hash=b"1")
    assert not (await one(api, first)).repeated
    again = await one(api, new_run(place, key="k", body_hash=b"1"))
    assert (again.run_id, again.repeated, again.new) == (first.run_id, True, None)
    (mismatch,) = await api.runs.accept([new_run(place, key="k", body_hash=b"2")])
    assert isinstance(mismatch, IdempotencyMismatch)
    assert not (await one(api, new_run(place, key="k", body_hash=b"1", route="/other"))).repeated
    assert len((await api.runs.list(place, r.RunFilter(), None, 10)).items) == 2


async def test_a_key_belongs_to_its_tenant(api: Api, place: UUID) -> None:
    other = await new_tenant(api)
    await api.workflows.put(other.tenant_id, new_version(), other.user_id, NOW)
    await one(api, new_run(place, key="k", body_hash=b"1"))
    assert not (await one(api, new_run(other.tenant_id, key="k", body_hash=b"2"))).repeated


async def test_a_key_in_one_group_names_its_first_request(api: Api, place: UUID) -> None:
    requests = [new_run(place, key="k", body_hash=b"1") for _ in range(5)] + [new_run(place, key="k", body_hash=b"2")]
    answers = await api.runs.accept(requests)
    assert [a.run_id for a in answers[:5]] == [requests[0].run_id] * 5  # type: ignore[union-attr]
    assert [a.repeated for a in answers[:5]] == [False, True, True, True, True]  # type: ignore[union-attr]
    assert isinstance(answers[5], IdempotencyMismatch)


async def test_a_key_is_remembered_for_a_day(api: Api, place: UUID) -> None:
    first = await one(api, new_run(place, key="k", body_hash=b"1"))
    almost = NOW + timedelta(seconds=86_400)
    assert (await one(api, new_run(place, key="k", body_hash=b"1", created_at=almost))).run_id == first.run_id
    later = almost + timedelta(seconds=1)
    fresh = await one(api, new_run(place, key="k", body_hash=b"2", created_at=later))
    assert not fresh.repeated
    assert (await one(api, new_run(place, key="k", body_hash=b"2", created_at=later))).run_id == fresh.run_id


async def test_a_refused_request_takes_no_key(api: Api, place: UUID) -> None:
    (refused,) = await api.runs.accept([new_run(place, name="later", key="k", body_hash=b"1")])
    assert isinstance(refused, NotFound)
    await api.workflows.put(place, new_version(name="later"), uuid4(), NOW)
    assert not (await one(api, new_run(place, name="later", key="k", body_hash=b"1"))).repeated


async def test_a_repeated_request_is_answered_although_the_workflow_is_disabled(api: Api, place: UUID) -> None:
    first = await one(api, new_run(place, key="k", body_hash=b"1"))
    await api.workflows.set_enabled(place, "ops", "flow", False, NOW)
    assert (await one(api, new_run(place, key="k", body_hash=b"1"))).run_id == first.run_id


async def test_pages_without_gap_or_double(api: Api, place: UUID) -> None:
    await api.runs.accept([new_run(place, run_id=uuid7(NOW + timedelta(seconds=n % 7))) for n in range(23)])
    seen: list[UUID] = []
    after: tuple[str, ...] | None = None
    while True:
        page = await api.runs.list(place, r.RunFilter(), after, 5)
        seen += [run.id for run in page.items]
        if page.next is None:
            break
        after = page.next
        await one(api, new_run(place, run_id=uuid7(NOW + timedelta(minutes=1))))
    assert len(seen) == len(set(seen)) == 23
    assert seen == sorted(seen, reverse=True)


async def test_filters(api: Api, place: UUID) -> None:
    await api.workflows.put(place, new_version(name="other"), uuid4(), NOW)
    early = new_run(place)
    late = new_run(place, name="other", run_id=uuid7(NOW + timedelta(hours=1)), created_at=NOW + timedelta(hours=1))
    await api.runs.accept([early, late])

    async def found(where: r.RunFilter) -> list[UUID]:
        return [run.id for run in (await api.runs.list(place, where, None, 10)).items]

    assert await found(r.RunFilter(name="other")) == [late.run_id]
    assert await found(r.RunFilter(namespace="nowhere")) == []
    assert await found(r.RunFilter(status="pending")) == [late.run_id, early.run_id]
    assert await found(r.RunFilter(status="faulted")) == []
    assert await found(r.RunFilter(created_from=NOW + timedelta(hours=1))) == [late.run_id]
    assert await found(r.RunFilter(created_to=NOW + timedelta(hours=1))) == [early.run_id]
    assert await found(r.RunFilter(query="nothing said")) == []


async def test_a_cancel_is_durable(api: Api, place: UUID, tenant: r.NewAccount) -> None:
    run = await one(api, new_run(place))
    assert await api.runs.request_cancel(place, run.run_id, NOW) == r.Cancellation(RunStatus.PENDING, tenant.shard)
    assert await api.runs.request_cancel(place, run.run_id, NOW + timedelta(hours=1))
    assert (await api.runs.get(place, run.run_id)).cancel_requested_at == NOW


async def test_what_is_not_there(api: Api, place: UUID) -> None:
    other = await new_tenant(api)
    run = await one(api, new_run(place))
    for tenant_id, run_id in ((place, uuid4()), (other.tenant_id, run.run_id)):
        with pytest.raises(NotFound):
            await api.runs.get(tenant_id, run_id)
        with pytest.raises(NotFound):
            await api.runs.journal(tenant_id, run_id, 0, 10)
        with pytest.raises(NotFound):
            await api.runs.request_cancel(tenant_id, run_id, NOW)
    assert await api.runs.journal(place, run.run_id, 0, 10) == []
