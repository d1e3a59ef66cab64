"""TaskRepository and FlowRepository over PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from cluster.adapters.api_flow import ApiFlow
from cluster.adapters.api_tasks import ApiTasks
from models.domain.errors import Conflict, NotFound
from models.domain.human_tasks import (
    Answer,
    Assignee,
    TaskClosed,
    TaskMoved,
    TaskOpened,
    TaskStatus,
    parse_ask,
    task_id,
)
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from serve import records as r
from serve.task_ports import TaskFilter
from storage import human_tasks
from tests.storage_kit import NOW, Api, new_run, new_tenant, new_version

REF = WorkflowRef("ops", "flow", "1.0.0")


@pytest.fixture
async def tenant(api: Api) -> r.NewAccount:
    return await new_tenant(api)


@pytest.fixture
def tasks(api: Api) -> ApiTasks:
    return ApiTasks(api.app)


async def opened(api: Api, tenant: r.NewAccount, minute: int = 0, **asked: Any) -> UUID:
    """A task as a shard opens it; the id."""
    run, at = uuid7(NOW), NOW + timedelta(minutes=minute)
    ask = parse_ask({"title": "Go?", "assignee": {"role": "owner"}, "due": "PT1H", **asked}, at, Limits())
    one = TaskOpened(task_id(run, 2, at), 2, "/do/0/ask", (0, 1), ask, at)
    await changed(api, tenant, run, one)
    return one.id


async def changed(api: Api, tenant: r.NewAccount, run: UUID, *changes: Any) -> None:
    async with api.engine.unit_of_work() as conn:
        await human_tasks.change(
            conn, [human_tasks.RunChanges(tenant.tenant_id, run, tenant.shard, REF, changes)]
        )


def saying(decision: str) -> Answer:
    return Answer(decision, {"a": 1}, "fine", {"user": "a@b.c"}, "2026-01-01T12:00:00Z")


async def test_one_answer_wins_and_says_who(api: Api, tenant: r.NewAccount, tasks: ApiTasks) -> None:
    place, one = tenant.tenant_id, await opened(api, tenant, form={"type": "object"})
    tried = [tasks.answer(place, one, saying(what), NOW) for what in ("approve", "reject", "approve")]
    answers = await asyncio.gather(*tried, return_exceptions=True)
    lost = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(error) for error in lost] == [Conflict, Conflict]
    assert "a@b.c" in str(lost[0])
    found = await tasks.get(place, one)
    assert found.status is TaskStatus.ANSWERED
    assert found.answer is not None
    assert (found.answer["data"], found.closed_at, found.form) == ({"a": 1}, NOW, {"type": "object"})


async def test_nobody_answers_when_it_is_due_or_elsewhere(api: Api, tenant: r.NewAccount, tasks: ApiTasks) -> None:
    one, other = await opened(api, tenant), await new_tenant(api)
    with pytest.raises(Conflict, match="over"):
        await tasks.answer(tenant.tenant_id, one, saying("approve"), NOW + timedelta(hours=1))
    for method in (tasks.answer(other.tenant_id, one, saying("approve"), NOW), tasks.get(other.tenant_id, one)):
        with pytest.raises(NotFound):
            await method


async def test_lists_are_newest_first_by_page(api: Api, tenant: r.NewAccount, tasks: ApiTasks) -> None:
    place = tenant.tenant_id
    ids = [await opened(api, tenant, n, title=f"Task {n}") for n in range(5)]
    mine = await opened(api, tenant, 9, assignee={"user": tenant.email.upper()})
    theirs = await opened(api, tenant, 10, assignee={"role": "analyst"})
    await tasks.answer(place, ids[0], saying("approve"), NOW)
    first = await tasks.list(place, TaskFilter(), None, 4)
    rest = await tasks.list(place, TaskFilter(), first.next, 4)
    assert [one.id for one in [*first.items, *rest.items]] == [theirs, mine, *reversed(ids)]
    assert rest.next is None
    own = await tasks.list(place, TaskFilter("open", tenant.email, "owner"), None, 10)
    assert [one.id for one in own.items] == [mine, *reversed(ids[1:])]
    assert [one.id for one in (await tasks.list(place, TaskFilter(query="TASK 3"), None, 10)).items] == [ids[3]]
    run = own.items[0].run_id
    assert [one.id for one in (await tasks.list(place, TaskFilter(run_id=run), None, 10)).items] == [mine]
    assert await tasks.count(place, tenant.email, "owner") == (6, 5)


async def test_assigning_tells_the_next_and_is_remembered(api: Api, tenant: r.NewAccount, tasks: ApiTasks) -> None:
    place, one = tenant.tenant_id, await opened(api, tenant, assignee={"role": "analyst"})
    moved = await tasks.assign(place, one, Assignee("user", tenant.email), "chief@example.com", NOW)
    assert moved.assignee == Assignee("user", tenant.email)
    [step] = moved.escalations
    assert (step["from"], step["by"]) == ({"role": "analyst"}, {"user": "chief@example.com"})
    page, unread = await api.notifications.list(place, tenant.user_id, True, None, 10)
    assert (unread, page.items[0].link) == (1, f"/tasks/{one}")
    await tasks.answer(place, one, saying("approve"), NOW)
    with pytest.raises(Conflict):
        await tasks.assign(place, one, Assignee("role", "owner"), "chief@example.com", NOW)


async def test_a_shard_moves_and_closes_the_task_it_opened_and_no_later_one(
    api: Api, tenant: r.NewAccount, tasks: ApiTasks
) -> None:
    """A step that is tried again asks anew: what closes the first question must not close the second."""
    run, place = uuid7(NOW), ("/do/0/ask", ())
    ask = parse_ask({"title": "Go?", "assignee": {"role": "owner"}}, NOW, Limits())
    first, second = (TaskOpened(task_id(run, seq, NOW), seq, *place, ask, NOW) for seq in (2, 9))
    moved = TaskMoved(3, *place, {"role": "admin"}, 1, NOW)
    await changed(
        api, tenant, run, first, moved, TaskClosed(5, *place, TaskStatus.CANCELLED, NOW), second
    )
    found = [await tasks.get(tenant.tenant_id, one.id) for one in (first, second)]
    assert [one.status for one in found] == [TaskStatus.CANCELLED, TaskStatus.OPEN]
    assert [one.assignee.name for one in found] == ["admin", "owner"]
    await changed(api, tenant, run, TaskClosed(20, "", (), TaskStatus.CANCELLED, NOW))
    assert (await tasks.get(tenant.tenant_id, second.id)).status is TaskStatus.CANCELLED


async def test_what_waits_and_why(api: Api, tenant: r.NewAccount) -> None:
    flow, place = ApiFlow(api.app), tenant.tenant_id
    control = {"key": "${ .k }", "concurrency": {"limit": 1}}
    definition = {"document": {"version": "1.0.0", "metadata": {"flowControl": control}}}
    await api.workflows.put(place, replace(new_version(), definition=definition), tenant.user_id, NOW)
    requests = [new_run(place, input={"k": key}) for key in "aaabb"]
    accepted = await api.runs.accept(requests)
    assert all(isinstance(one, r.AcceptedRun) for one in accepted)
    assert await flow.waiting_for(place, requests[0].run_id, NOW) is None
    third = await flow.waiting_for(place, requests[2].run_id, NOW)
    assert third is not None
    assert (third.key, third.position, third.limit) == ("a", 2, {"kind": "concurrency", "limit": 1})
    shown = await flow.flow(place, "ops", "flow", None, 1)
    assert (shown.control, shown.keys.next) == (control, ("a",))
    assert [(one.key, one.running, one.waiting) for one in shown.keys.items] == [("a", 1, 2)]
    [last] = (await flow.flow(place, "ops", "flow", shown.keys.next, 1)).keys.items
    assert (last.key, last.waiting) == ("b", 1)
    used = await flow.usage(place)
    assert (used.waiting, used.held, used.running) == (5, 3, 0)
    other = await new_tenant(api)
    assert await flow.waiting_for(other.tenant_id, requests[2].run_id, NOW) is None
    with pytest.raises(NotFound):
        await flow.flow(other.tenant_id, "ops", "flow", None, 1)
