"""Human tasks over HTTP: who may answer, once, and links for people without an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.domain.human_tasks import Assignee, TaskStatus
from models.domain.ids import uuid7
from models.domain.runs import WorkflowRef
from serve.auth.task_links import TaskLink, issue_link, verify_link
from serve.auth.tokens import TokenKeys, generate_keys, issue
from serve.task_ports import HumanTask
from tests.unit.serve.api import Api, Caller, assert_problem
from tests.unit.serve.fake_tasks import FakeTasks

FORM = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}


def put(api: Api, caller: Caller, **changes: Any) -> HumanTask:
    """An open task of the caller's tenant."""
    now = api.clock.now()
    values: dict[str, Any] = {
        "id": uuid7(now), "run_id": uuid7(now), "shard": 3, "workflow": WorkflowRef("ops", "pay", "1.0.0"),
        "task": "/do/0/ask", "status": TaskStatus.OPEN, "title": "Pay?", "body": "",
        "assignee": Assignee("role", "owner"),
        "decisions": ["approve", "reject"], "form": None, "due_at": now + timedelta(hours=1), "created_at": now,
        "closed_at": None, "planned": [{"at": (now + timedelta(minutes=5)).isoformat(), "to": {"role": "admin"}}],
        "escalations": [], "answer": None, **changes,
    }  # fmt: skip
    task = HumanTask(**values)
    assert isinstance(api.ports.tasks, FakeTasks)
    api.ports.tasks.tasks[caller.tenant_id, task.id] = task
    return task


async def test_the_first_answer_counts_and_wakes_the_run(api: Api) -> None:
    task = put(api, api.owner)
    answer = await api.call("POST", f"/v1/tasks/{task.id}/answer", json={"decision": "approve", "comment": "ok"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    email = api.identity.users[api.owner.principal.user_id].email
    assert (body["status"], body["may_answer"]) == ("answered", False)
    assert body["answer"]["by"] == {"user": email}
    assert [(one.run_id, one.shard, one.new) for one in api.dispatcher.wakes] == [(task.run_id, 3, None)]
    again = await api.call("POST", f"/v1/tasks/{task.id}/answer", json={"decision": "reject"})
    assert_problem(again, 409)
    assert (await api.call("GET", f"/v1/tasks/{task.id}")).json()["answer"]["decision"] == "approve"


@pytest.mark.parametrize(
    ("assignee", "role", "status"),
    [
        (Assignee("role", "operator"), "operator", 200),
        (Assignee("role", "operator"), "admin", 403),
        (Assignee("user", "SELF"), "viewer", 200),
        (Assignee("user", "else@example.com"), "owner", 403),
    ],
)
async def test_only_those_it_is_with_may_answer(api: Api, assignee: Assignee, role: str, status: int) -> None:
    caller = api.caller(role, api.owner.tenant_id)
    if assignee.name == "SELF":
        assignee = Assignee("user", api.identity.users[caller.principal.user_id].email.upper())
    task = put(api, api.owner, assignee=assignee)
    shown = await api.call("GET", f"/v1/tasks/{task.id}", caller)
    assert shown.json()["may_answer"] is (status == 200)
    answer = await api.call("POST", f"/v1/tasks/{task.id}/answer", caller, json={"decision": "reject"})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"decision": "maybe", "data": {"amount": 1}}, "/decision"),
        ({"decision": "approve", "data": {"amount": "1"}}, "/data/amount"),
        ({"decision": "approve"}, "/data"),
        ({"decision": "approve", "comment": 5}, "/comment"),
        ({"decision": "approve", "colour": "red"}, "/colour"),
        ({}, "/decision"),
    ],
)
async def test_a_wrong_answer_says_where_and_changes_nothing(api: Api, body: dict[str, Any], pointer: str) -> None:
    task = put(api, api.owner, form=FORM)
    assert_problem(await api.call("POST", f"/v1/tasks/{task.id}/answer", json=body), 422, pointer)
    assert (await api.call("GET", f"/v1/tasks/{task.id}")).json()["status"] == "open"


async def test_tasks_of_others_are_not_there(api: Api) -> None:
    task = put(api, api.stranger)
    for method, path, body in (
        ("GET", "", None), ("POST", "/answer", {"decision": "approve"}), ("POST", "/links", {"name": "x"}),
        ("POST", "/assign", {"assignee": {"role": "admin"}}),
    ):  # fmt: skip
        assert_problem(await api.call(method, f"/v1/tasks/{task.id}{path}", json=body), 404)
    assert (await api.call("GET", "/v1/tasks")).json() == {"items": [], "next": None, "open": 0, "mine": 0}


async def test_lists_by_page_and_filter(api: Api) -> None:
    tasks = [put(api, api.owner, title=f"T{n}", assignee=Assignee("role", ("owner", "admin")[n % 2])) for n in range(5)]
    first = (await api.call("GET", "/v1/tasks?limit=3")).json()
    rest = (await api.call("GET", f"/v1/tasks?limit=3&cursor={first['next']}")).json()
    assert {one["id"] for one in first["items"] + rest["items"]} == {str(one.id) for one in tasks}
    assert (first["open"], first["mine"], rest["next"]) == (5, 3, None)
    mine = (await api.call("GET", "/v1/tasks?mine=true&status=open")).json()["items"]
    assert [one["may_answer"] for one in mine] == [True] * 3
    assert [one["title"] for one in (await api.call("GET", "/v1/tasks?q=t3")).json()["items"]] == ["T3"]
    one = (await api.call("GET", f"/v1/tasks?run_id={tasks[0].run_id}")).json()["items"]
    assert [task["id"] for task in one] == [str(tasks[0].id)]


async def test_goes_to_somebody_else_by_hand(api: Api) -> None:
    task = put(api, api.owner)
    moved = await api.call("POST", f"/v1/tasks/{task.id}/assign", json={"assignee": {"user": "new@example.com"}})
    assert moved.json()["assignee"] == {"user": "new@example.com"}
    assert moved.json()["escalations"][0]["from"] == {"role": "owner"}
    operator = api.caller("operator", api.owner.tenant_id)
    refused = await api.call("POST", f"/v1/tasks/{task.id}/assign", operator, json={"assignee": {"role": "owner"}})
    assert_problem(refused, 403)
    for wrong in ({}, {"role": "boss"}, {"role": "admin", "user": "a@b.c"}):
        assert_problem(await api.call("POST", f"/v1/tasks/{task.id}/assign", json={"assignee": wrong}), 422)


async def link(api: Api, task: HumanTask, **body: Any) -> Any:
    answer = await api.call("POST", f"/v1/tasks/{task.id}/links", json={"name": "Ada", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_link_answers_once_without_an_account(api: Api) -> None:
    task = put(api, api.owner)
    made = await link(api, task, decisions=["approve"])
    asked = (await api.http.get(made["path"])).json()
    assert (asked["title"], asked["decisions"], asked["status"]) == ("Pay?", ["approve"], "open")
    assert_problem(await api.http.post(made["path"], json={"decision": "reject"}), 422, "/decision")
    done = await api.http.post(made["path"], json={"decision": "approve"})
    assert done.json()["answer"]["by"] == {"link": "Ada"}
    assert api.dispatcher.wakes[-1].run_id == task.run_id
    assert_problem(await api.http.post(made["path"], json={"decision": "approve"}), 409)
    assert (await api.http.get(made["path"])).json()["status"] == "answered"


async def test_a_link_ends_with_its_time_and_never_outlives_the_task(api: Api) -> None:
    task = put(api, api.owner)
    short = await link(api, task, expires_in=60)
    long = await link(api, task, expires_in=31_000_000)
    api.clock.advance(61)
    assert_problem(await api.http.get(short["path"]), 401)
    assert (await api.http.get(long["path"])).status_code == 200
    api.clock.advance(3600)
    assert_problem(await api.http.post(long["path"], json={"decision": "approve"}), 401)


async def test_a_link_that_was_changed_or_made_elsewhere_is_refused(api: Api) -> None:
    task = put(api, api.owner)
    token = (await link(api, task))["token"]
    now = api.clock.now()
    strange = TokenKeys.from_json(generate_keys())
    wanted = TaskLink(api.owner.tenant_id, task.id, "Eve", ["approve"], int(now.timestamp()) + 600)
    head, claims, sign = token.split(".")
    forged = [
        issue_link(strange, wanted, now), f"{head}.{claims[:-2]}AA.{sign}", f"{head}.{claims}.", "x", token + "x",
        issue(api.ports.keys, api.owner.principal, now, 900, "tidewire-api"),
    ]  # fmt: skip
    for one in forged:
        assert_problem(await api.http.get(f"/v1/task-links/{one}"), 401)
        assert_problem(await api.http.post(f"/v1/task-links/{one}", json={"decision": "approve"}), 401)
    # Nor does a link sign anybody in.
    answer = await api.http.get("/v1/tasks", headers={"authorization": f"Bearer {token}"})
    assert_problem(answer, 401)
    assert verify_link(api.ports.keys, token, now).task_id == task.id
    assert (await api.call("GET", f"/v1/tasks/{task.id}")).json()["status"] == "open"


async def test_a_link_offers_only_what_the_task_does(api: Api) -> None:
    task = put(api, api.owner)
    answer = await api.call("POST", f"/v1/tasks/{task.id}/links", json={"name": "Ada", "decisions": ["approve", "no"]})
    assert_problem(answer, 422, "/decisions/1")
    closed = put(api, api.owner, status=TaskStatus.CANCELLED)
    assert_problem(await api.call("POST", f"/v1/tasks/{closed.id}/links", json={"name": "Ada"}), 409)
