"""The language from outside: the specification's conformance scenarios, events, runs of runs and scripts."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Tenant, event, workflow
from tests.servers.target import Target
from tests.specification.gherkin import Scenario, scenarios
from tests.specification.player import Outcome, Player

FEATURES = Path(__file__).parents[1] / "specification" / "features"
SCENARIOS = [
    pytest.param(one, id=f"{path.stem}: {one.name}")
    for path in sorted(FEATURES.glob("*.feature"))
    for one in scenarios(path)
]
PET = {"id": 1, "name": "Milou", "status": "available"}
ELSEWHERE = ("https://petstore.swagger.io", "https://httpbin.org")


def swagger(host: str) -> dict[str, Any]:
    """The document of the pet store, as far as it is asked for."""
    status = {
        "name": "status",
        "in": "query",
        "type": "array",
        "items": {"type": "string"},
        "collectionFormat": "multi",
    }
    place = {"name": "petId", "in": "path", "required": True, "type": "integer"}
    done = {"200": {"description": "done"}}
    return {
        "swagger": "2.0",
        "info": {"title": "Pets", "version": "1"},
        "host": host,
        "basePath": "/v2",
        "schemes": ["http"],
        "paths": {
            "/pet/findByStatus": {
                "get": {"operationId": "findPetsByStatus", "parameters": [status], "responses": done}
            },
            "/pet/{petId}": {"get": {"operationId": "getPetById", "parameters": [place], "responses": done}},
        },
    }


def pet_store(target: Target) -> Callable[[dict[str, Any]], tuple[int, Any]]:
    """What the services of the scenarios answer."""

    def answer(request: dict[str, Any]) -> tuple[int, Any]:
        path = request["path"].partition("?")[0]
        if path.startswith("/basic-auth/"):
            pair = base64.b64encode(":".join(path.split("/")[2:]).encode()).decode()
            return (200, {}) if request["headers"].get("authorization") == f"Basic {pair}" else (401, {})
        known = {
            "/v2/swagger.json": swagger(target.host),
            "/v2/pet/findByStatus": [PET],
            "/v2/pet/1": PET,
            "/v2/pet/2": {**PET, "id": 2},
        }
        return (200, known[path]) if path in known else (404, {})

    return answer


@pytest.fixture
def pets(target: Target) -> Iterator[Target]:
    """The target as all services that the scenarios call."""
    before, target.answer = target.answer, pet_store(target)
    yield target
    target.answer = before


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_conformance(tenant: Tenant, pets: Target, scenario: Scenario) -> None:
    def execute(name: str, definition: Any, given: Any) -> Outcome:
        text = json.dumps(definition)
        for place in ELSEWHERE:
            text = text.replace(place, f"http://{pets.host}")
        answer = tenant.put_workflow(text, "application/json")
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
