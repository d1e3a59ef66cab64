"""Idempotency keys under copies that come at the same time, alone and in groups."""

from __future__ import annotations

import asyncio
import random

from models.domain.errors import IdempotencyMismatch
from serve import records as r
from tests.storage_kit import NOW, Api, new_run, new_tenant, new_version


async def test_fifty_copies_are_one_run(api: Api, tenant: r.NewAccount) -> None:
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    for key in ("a", "b", "c", "d"):
        copies = [new_run(tenant.tenant_id, key=key, body_hash=b"1") for _ in range(50)]
        answers = await asyncio.gather(*(api.runs.accept([copy]) for copy in copies))
        told = [answer for (answer,) in answers if isinstance(answer, r.AcceptedRun)]
        assert len(told) == 50
        assert len({answer.run_id for answer in told}) == 1
        assert sum(not answer.repeated for answer in told) == 1
    assert len((await api.runs.list(tenant.tenant_id, r.RunFilter(), None, 200)).items) == 4


async def test_one_of_two_bodies_wins(api: Api, tenant: r.NewAccount) -> None:
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    copies = [new_run(tenant.tenant_id, key="k", body_hash=b"%d" % (n % 2)) for n in range(40)]
    answers = await asyncio.gather(*(api.runs.accept([copy]) for copy in copies))
    kinds = [[type(answer) for (answer,) in answers[parity::2]] for parity in (0, 1)]
    assert sorted(kinds, key=str) == sorted([[r.AcceptedRun] * 20, [IdempotencyMismatch] * 20], key=str)


async def test_groups_with_the_same_keys_in_any_order_wait_and_do_not_deadlock(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    places = [tenant.tenant_id, other.tenant_id]
    for place in places:
        await api.workflows.put(place, new_version(), tenant.user_id, NOW)
    dice = random.Random(7)
    groups = []
    for _ in range(12):
        group = [new_run(place, key=f"k{n}", body_hash=b"1") for n in range(30) for place in places]
        dice.shuffle(group)
        groups.append(group)
    answers = await asyncio.gather(*(api.runs.accept(group) for group in groups))
    told = [answer for group in answers for answer in group]
    assert all(isinstance(answer, r.AcceptedRun) for answer in told)
    for place in places:
        found = await api.runs.list(place, r.RunFilter(), None, 200)
        assert {run.id for run in found.items} == {
            answer.run_id
            for asked, answered in zip(groups, answers, strict=True)
            for request, answer in zip(asked, answered, strict=True)
            if request.tenant_id == place and isinstance(answer, r.AcceptedRun)
        }
        assert len(found.items) == 30


async def test_pages_stay_whole_while_runs_come(api: Api, tenant: r.NewAccount) -> None:
    place = tenant.tenant_id
    await api.workflows.put(place, new_version(), tenant.user_id, NOW)
    await api.runs.accept([new_run(place) for _ in range(97)])
    before = {run.id for run in (await api.runs.list(place, r.RunFilter(), None, 200)).items}
    seen: list[object] = []
    after: tuple[str, ...] | None = None
    while True:
        page, _ = await asyncio.gather(
            api.runs.list(place, r.RunFilter(), after, 10), api.runs.accept([new_run(place) for _ in range(5)])
        )
        seen += [run.id for run in page.items]
        if page.next is None:
            break
        after = page.next
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
