"""The language from outside: the specification's conformance scenarios, events, runs of runs and scripts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Tenant, event, workflow
from tests.specification.gherkin import Scenario, scenarios
from tests.specification.player import Outcome, Player

FEATURES = Path(__file__).parents[1] / "specification" / "features"


def _calls(scenario: Scenario) -> bool:
    return any("call: " in (step.block or "") for step in scenario.steps)


SCENARIOS = [
    pytest.param(one, id=f"{path.stem}: {one.name}")
    for path in sorted(FEATURES.glob("*.feature"))
    for one in scenarios(path)
    if not _calls(one)
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_conformance(tenant: Tenant, scenario: Scenario) -> None:
    def execute(name: str, definition: Any, given: Any) -> Outcome:
        answer = tenant.put_workflow(json.dumps(definition), "application/json")
        assert answer.status_code in (200, 201), answer.text
        head = definition["document"]
        ended = tenant.run(f"{head['namespace']}/{head['name']}", given)
        completed = [one["task"] for one in tenant.journal(ended["id"]) if one["type"] == "task.completed"]
        names = [task.rpartition("/")[2] for task in completed]
        return Outcome(ended["status"], ended["output"], ended["error"], names)

    Player(scenario, execute)


def put(tenant: Tenant, name: str, body: str, extra: str = "") -> None:
    answer = tenant.put_workflow(workflow(name, body, extra=extra))
    assert answer.status_code in (200, 201), answer.text


def wait_status(tenant: Tenant, run_id: str, status: str) -> None:
    deadline = time.monotonic() + 20
    while tenant.http.get(f"/v1/runs/{run_id}").json()["status"] != status:
        assert time.monotonic() < deadline, tenant.http.get(f"/v1/runs/{run_id}").text
        time.sleep(0.05)


def test_an_event_reaches_the_run_that_listens_for_it(tenant: Tenant) -> None:
    put(
        tenant,
        "hear",
        "- hear:\n    listen:\n      to:\n        one:\n          with: {type: com.test.paid}\n"
        "          correlate: {order: {from: .data.order, expect: '${ .order }'}}",
    )
    runs = {order: tenant.start("test/hear", {"order": order}).json()["id"] for order in ("a", "b")}
    for run_id in runs.values():
        wait_status(tenant, run_id, "waiting")
    told = tenant.http.post("/v1/events", json=event("com.test.paid", {"order": "b"}))
    assert told.status_code in (200, 201, 202), told.text
    assert tenant.wait_ended(runs["b"])["output"] == [{"order": "b"}]
    assert tenant.http.get(f"/v1/runs/{runs['a']}").json()["status"] == "waiting"


def test_a_run_starts_another_and_takes_its_output(tenant: Tenant) -> None:
    put(tenant, "child", "- double: {set: {x: '${ .n * 2 }'}}")
    go = "{namespace: test, name: child, version: latest, input: {n: '${ .n }'}}"
    put(tenant, "parent", f"- go: {{run: {{workflow: {go}}}}}")
    ended = tenant.run("test/parent", {"n": 21})
    assert (ended["status"], ended["output"]) == ("completed", {"x": 42})
    runs = tenant.http.get("/v1/runs").json()["items"]
    assert [one["cause"].get("run") for one in runs if one["workflow"]["name"] == "child"] == [ended["id"]]


def test_a_script_runs(tenant: Tenant) -> None:
    code = "console.log([...process.argv.slice(2)].map(x => x ** 2).join())"
    put(tenant, "script", f"- go: {{run: {{script: {{language: javascript, arguments: ['3', '4'], code: '{code}'}}}}}}")
    ended = tenant.run("test/script")
    assert (ended["status"], ended["output"]) == ("completed", "9,16\n"), ended


def test_two_events_together_start_one_run(tenant: Tenant) -> None:
    on = "schedule: {on: {all: [{with: {type: com.test.x}}, {with: {type: com.test.y}}]}}\n"
    put(tenant, "both", "- keep: {set: {types: '${ [.[] | .type] }'}}", on)
    for kind in ("com.test.x", "com.test.y"):
        assert tenant.http.post("/v1/events", json=event(kind, {})).status_code in (200, 201, 202)
    deadline = time.monotonic() + 20
    while not (found := tenant.http.get("/v1/runs").json()["items"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert tenant.wait_ended(found[0]["id"])["output"] == {"types": ["com.test.x", "com.test.y"]}
