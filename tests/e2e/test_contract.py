"""The calls that outside clients rely on behave as the contract says, on a whole running system."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx
import pytest

from tests.e2e.client import PASSWORD, Tenant, event, sign_up, workflow
from tests.servers.system import System
from tests.servers.target import Target

COLOURS = (
    "- setRed:\n    set:\n      colour: red\n- setShape:\n    set:\n      colour: ${ .colour }\n      shape: circle"
)


def test_sign_in_gives_tokens_that_work(system: System, tenant: Tenant) -> None:
    answer = httpx.post(f"{system.url}/v1/auth/login", json={"email": tenant.email, "password": PASSWORD})
    assert answer.status_code == 200
    tokens = answer.json()
    assert tokens["token_type"].lower() == "bearer"
    assert tokens["expires_in"] == 900
    me = httpx.get(f"{system.url}/v1/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert me.json()["tenant"]["name"] == tenant.name


def test_a_wrong_password_and_an_unknown_user_answer_alike(system: System, tenant: Tenant) -> None:
    answers = [
        httpx.post(f"{system.url}/v1/auth/login", json={"email": email, "password": "wrong password 1"})
        for email in (tenant.email, "nobody@nowhere.example")
    ]
    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


def test_versions_are_immutable(tenant: Tenant) -> None:
    source = workflow("colours", COLOURS)
    assert tenant.put_workflow(source).status_code == 201
    assert tenant.put_workflow(source).status_code == 200
    assert tenant.put_workflow(source.replace("circle", "square")).status_code == 409
    assert tenant.put_workflow(workflow("colours", COLOURS, "1.1.0")).status_code == 201


def test_a_run_completes_and_its_journal_tells_each_task(tenant: Tenant) -> None:
    tenant.put_workflow(workflow("colours", COLOURS))
    run = tenant.run("test/colours")
    assert (run["status"], run["output"]) == ("completed", {"colour": "red", "shape": "circle"})
    entries = tenant.journal(run["id"])
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    told = [(entry["type"], entry["task"]) for entry in entries]
    assert ("task.started", "/do/0/setRed") in told
    assert ("task.completed", "/do/1/setShape") in told


def test_a_run_started_without_wait_is_accepted_at_once(tenant: Tenant) -> None:
    tenant.put_workflow(workflow("colours", COLOURS))
    answer = tenant.start("test/colours")
    assert answer.status_code == 201
    assert tenant.wait_ended(answer.json()["id"])["status"] == "completed"


def test_wait_answers_202_when_the_run_takes_longer(tenant: Tenant) -> None:
    tenant.put_workflow(workflow("slow", "- pause:\n    wait:\n      seconds: 30"))
    answer = tenant.start("test/slow", wait=1)
    assert answer.status_code == 202
    run_id = answer.json()["id"]
    assert tenant.http.post(f"/v1/runs/{run_id}/cancel").status_code < 300
    assert tenant.wait_ended(run_id)["status"] == "cancelled"


def test_the_error_of_a_faulted_run_is_the_dsl_error(tenant: Tenant) -> None:
    tenant.put_workflow(
        workflow(
            "broken",
            "- fail:\n    raise:\n      error:\n        type: https://example.com/errors/broken\n"
            "        status: 418\n        title: Broken",
        )
    )
    run = tenant.run("test/broken")
    assert run["status"] == "faulted"
    assert run["error"]["type"] == "https://example.com/errors/broken"
    assert run["error"]["status"] == 418
    assert run["error"]["instance"] == "/do/0/fail"


def test_an_idempotency_key_starts_one_run(tenant: Tenant) -> None:
    tenant.put_workflow(workflow("colours", COLOURS))
    path, key = "/v1/workflows/test/colours/runs", {"idempotency-key": uuid.uuid4().hex}
    first = tenant.http.post(path, json={"n": 1}, headers=key)
    again = tenant.http.post(path, json={"n": 1}, headers=key)
    other = tenant.http.post(path, json={"n": 2}, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert other.status_code == 422


def test_an_http_call_reaches_the_target_once(tenant: Tenant, target: Target) -> None:
    target.answer = lambda request: (200, {"path": request["path"]})
    tenant.put_workflow(
        workflow(
            "caller",
            f"- ask:\n    call: http\n    with:\n      method: post\n"
            f"      endpoint: http://{target.host}/orders/{{id}}\n      body:\n        n: 1",
        )
    )
    run = tenant.run("test/caller", {"id": 7})
    assert run["status"] == "completed", run
    assert run["output"] == {"path": "/orders/7"}


def test_private_targets_are_refused_before_a_byte_is_sent(tenant: Tenant) -> None:
    tenant.put_workflow(
        workflow("prober", "- ask:\n    call: http\n    with:\n      method: get\n      endpoint: http://127.0.0.1:1/")
    )
    run = tenant.run("test/prober")
    assert run["status"] == "faulted"
    assert "egress" in str(run["error"]).lower()


def test_runs_are_found_by_status_and_text(tenant: Tenant) -> None:
    tenant.put_workflow(workflow("colours", COLOURS))
    run = tenant.run("test/colours", {"note": "pelican crossing"})
    tenant.run("test/colours", {"note": "zebra crossing"})
    deadline = time.monotonic() + 15
    while True:
        found = tenant.http.get("/v1/runs", params={"q": "pelican", "status": "completed"}).json()["items"]
        if found or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert [item["id"] for item in found] == [run["id"]]


def test_pages_of_runs_follow_each_other_without_gap_or_double(tenant: Tenant) -> None:
    tenant.put_workflow(workflow("colours", COLOURS))
    started = {tenant.run("test/colours")["id"] for _ in range(7)}
    seen: list[str] = []
    cursor: Any = None
    while True:
        page = tenant.http.get("/v1/runs", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == started


def test_duplicate_events_are_accepted_and_counted_once(tenant: Tenant) -> None:
    one = event("test.tick", {"v": 1})
    for body in (one, one, [one, event("test.tick", {"v": 2})]):
        assert tenant.http.post("/v1/events", json=body).status_code == 202
    assert count_of(tenant, "events", "test.tick") == 2


def count_of(tenant: Tenant, metric: str, kind: str, seconds: float = 20) -> int:
    """The count once it has stopped at or above zero; the stream is given some seconds."""
    deadline = time.monotonic() + seconds
    last = -1
    while time.monotonic() < deadline:
        answer = tenant.http.get(f"/v1/metrics/{metric}", params={"by": "type", "step": 10})
        assert answer.status_code == 200, answer.text
        counts = [
            sum(point["count"] for point in series["points"])
            for series in answer.json()["series"]
            if series["dimensions"].get("type") == kind
        ]
        if counts and counts[0] == last:
            return last
        last = counts[0] if counts else -1
        time.sleep(1.2)
    return last


def test_an_event_starts_the_workflow_that_waits_for_it(tenant: Tenant) -> None:
    schedule = "schedule:\n  on:\n    one:\n      with:\n        type: test.order\n"
    tenant.put_workflow(workflow("on-order", "- keep:\n    set:\n      got: ${ .[0].data.n }", extra=schedule))
    assert tenant.http.post("/v1/events", json=event("test.order", {"n": 41})).status_code == 202
    deadline = time.monotonic() + 20
    while True:
        runs = tenant.http.get("/v1/runs", params={"name": "on-order"}).json()["items"]
        if runs or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert len(runs) == 1
    assert tenant.wait_ended(runs[0]["id"])["output"] == {"got": 41}


def test_a_notification_reaches_the_inbox(tenant: Tenant) -> None:
    tenant.put_workflow(
        workflow(
            "teller",
            "- tell:\n    call: notify\n    with:\n      to: all\n      title: Look here\n      severity: warning",
        )
    )
    assert tenant.run("test/teller")["status"] == "completed"
    inbox = tenant.http.get("/v1/notifications").json()
    assert [item["title"] for item in inbox["items"]] == ["Look here"]
    assert inbox["unread"] == 1
    note = inbox["items"][0]["id"]
    assert tenant.http.post(f"/v1/notifications/{note}/read").status_code < 300
    assert tenant.http.get("/v1/notifications").json()["unread"] == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
def test_operators_find_their_pages(system: System, path: str) -> None:
    assert httpx.get(f"{system.url}{path}").status_code == 200


def test_a_bad_definition_is_refused_with_every_fault(tenant: Tenant) -> None:
    bad = workflow("bad", "- one:\n    set:\n      a: ${ .b | }\n- two:\n    call: nothing\n- three:\n    wat: 1")
    answer = tenant.put_workflow(bad)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"].startswith("application/problem+json")
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert any(pointer.startswith("/do/0/one") for pointer in pointers)
    assert any(pointer.startswith("/do/2/three") for pointer in pointers)


def test_another_tenants_things_are_not_there(system: System, tenant: Tenant) -> None:
    tenant.put_workflow(workflow("colours", COLOURS))
    run = tenant.run("test/colours")
    other = sign_up(system.url)
    for path in (f"/v1/runs/{run['id']}", f"/v1/runs/{run['id']}/journal", "/v1/workflows/test/colours"):
        assert other.http.get(path).status_code == 404
    assert other.http.post(f"/v1/runs/{run['id']}/cancel").status_code == 404
    assert other.http.get("/v1/runs").json()["items"] == []
    other.http.close()
