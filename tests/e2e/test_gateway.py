"""The gateway of a whole system: one trace from a webhook to the call of a run, keys, plans, remembered reads."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.client import Tenant, event, workflow
from tests.servers.system import System
from tests.servers.target import Target

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def until(found: Any, seconds: float = 20) -> Any:
    """What `found()` says as soon as it says something."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


def test_one_trace_leads_from_an_event_to_the_call_of_a_run_and_of_its_child(
    system: System, tenant: Tenant, target: Target
) -> None:
    kind = f"com.example.trace-{uuid.uuid4().hex[:8]}"
    call = "- ask:\n    call: http\n    with: {method: post, endpoint: 'http://%s/%s'}\n"
    child = workflow("traced-child", call % (target.host, f"{kind}/child"))
    parent = workflow(
        "traced", (call % (target.host, kind)) + "- more:\n    run:\n      workflow: {namespace: test, name: "
        "traced-child, version: '1.0.0'}\n", extra=f"schedule:\n  on: {{one: {{with: {{type: {kind}}}}}}}\n",
    )  # fmt: skip
    for source in (child, parent):
        answer = tenant.put_workflow(source)
        assert answer.status_code == 201, answer.text
    answer = tenant.http.post(
        "/v1/events", json=event(kind, {}), headers={"traceparent": PARENT, "content-type": "application/json"}
    )
    assert answer.status_code == 202, answer.text
    assert answer.headers["traceparent"].split("-")[1] == TRACE

    def asked() -> list[dict[str, Any]]:
        mine = [one for one in target.requests if kind in one["path"]]
        return mine if len(mine) == 2 else []

    requests = until(asked)
    spans = [one["headers"]["traceparent"].split("-") for one in requests]
    assert {span[1] for span in spans} == {TRACE}
    assert len({span[2] for span in spans}) == 2
    runs = tenant.http.get("/v1/runs").json()["items"]
    assert {run["cause"]["traceparent"].split("-")[1] for run in runs} == {TRACE}
    assert len(runs) == 2


def test_copies_of_a_request_at_the_same_time_change_once(tenant: Tenant) -> None:
    body = workflow("once", "- one: {set: {n: 1}}")
    headers = {"content-type": "application/yaml", "idempotency-key": uuid.uuid4().hex}

    def put(_: int) -> Any:
        return tenant.http.put("/v1/workflows", content=body, headers=headers)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(put, range(50)))
    given = [one for one in answers if one.status_code == 201]
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.content for one in given}) == 1
    assert sum("idempotent-replayed" not in one.headers for one in given) == 1
    other = tenant.http.put("/v1/workflows", content=body + "# more\n", headers=headers)
    assert other.status_code == 422


def test_a_plan_holds_within_seconds_and_usage_tells_it(system: System, tenant: Tenant) -> None:
    command = [sys.executable, "-m", "cluster", "tenants", "plan", tenant.name, "small", "--change", "user=20",
               "--change", "runs=1", "--data", str(system.data)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    until(lambda: tenant.http.get("/v1/me").headers["ratelimit-policy"].find("q=20;") > 0, 25)
    usage = tenant.http.get("/v1/usage").json()
    assert usage["plan"] == "small"
    assert [one["limit"] for one in usage["quotas"]] == [1, 500_000, 1_000_000_000]
    refused = until(lambda: (answer := tenant.http.get("/v1/me")).status_code == 429 and answer)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["type"] == "urn:tidewire:problem:too-many-requests"


def test_a_read_is_answered_from_memory_and_never_old(tenant: Tenant) -> None:
    tenant.put_workflow(workflow("seen", "- one: {set: {n: 1}}"))
    first = tenant.http.get("/v1/workflows/test/seen")
    again = tenant.http.get("/v1/workflows/test/seen", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    for n in range(2, 12):
        tenant.put_workflow(workflow("seen", "- one: {set: {n: 1}}", version=f"1.0.{n}"))
        assert tenant.http.get("/v1/workflows/test/seen").json()["latest_version"] == f"1.0.{n}"
