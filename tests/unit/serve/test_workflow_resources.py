"""Functions and schemas from elsewhere: read when a version is put, and kept with it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from models.domain.clock import ManualClock
from models.domain.dsl.engine import RunState, replay, start
from models.domain.dsl.engine import compile_workflow as compile_
from models.domain.dsl.expressions import InProcessJq
from models.domain.dsl.protocol import AppendJournal, RunInfo
from models.domain.dsl.resources import raw_address, with_resources
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import RunStatus, WorkflowRef
from tests.unit.serve.api import Api, assert_problem
from tests.unit.serve.fakes import FakeResources, FakeWorkflows
from tests.unit.serve.test_runs_route import put

REF = WorkflowRef("ops", "flow", "1.0.0")
CATALOG = "https://catalog.example/c"
GREET = f"{CATALOG}/functions/greet/1.0.0/function.yaml"
SHOUT = "https://functions.example/shout.yaml"
SCHEMA = "https://schemas.example/person.json"
FUNCTION = {
    "input": {"schema": {"resource": {"endpoint": SCHEMA}}},
    "do": [
        {"hello": {"set": {"text": '${ "Hello " + .name }'}}},
        {"loud": {"call": SHOUT, "with": {"text": "${ .text }"}}},
    ],
}
DOCUMENTS = {
    GREET: FUNCTION,
    SHOUT: {"set": {"text": "${ .text | ascii_upcase }"}},
    SCHEMA: {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
}


def flow(**more: Any) -> dict[str, Any]:
    head = {"dsl": "1.0.3", "namespace": "ops", "name": "flow", "version": "1.0.0"}
    task = {"call": "greet:1.0.0@mine", "with": {"name": "${ .who }"}}
    use = {"catalogs": {"mine": {"endpoint": {"uri": CATALOG, "authentication": {"bearer": {"use": "token"}}}}},
           "secrets": ["token"]}  # fmt: skip
    return {"document": head, "use": use, "do": [{"greet": task}], **more}


@pytest.fixture
def resources(api: Api) -> FakeResources:
    found = api.ports.resources
    assert isinstance(found, FakeResources)
    found.documents.update(DOCUMENTS)
    return found


async def put_flow(api: Api, definition: dict[str, Any]) -> httpx.Response:
    return await put(api, yaml.safe_dump(definition))


def run(definition: dict[str, Any], kept: Any, input: Any) -> tuple[RunState, list[Entry]]:
    workflow = compile_(with_resources(definition, kept), Limits(), InProcessJq())

    info, at = RunInfo(uuid4(), REF), ManualClock().now()
    state, commands = start(workflow, info, input, at)
    journal = [entry for one in commands if isinstance(one, AppendJournal) for entry in one.entries]
    assert replay(workflow, info, input, journal, at)[0] == state
    return state, journal


async def test_what_a_version_uses_is_kept_with_it(api: Api, resources: FakeResources) -> None:
    assert (await put_flow(api, flow())).status_code == 201
    workflows = api.ports.workflows
    assert isinstance(workflows, FakeWorkflows)
    kept = workflows.resources[REF]
    assert kept["functions"]["greet:1.0.0@mine"] == {"uri": GREET, "document": FUNCTION}
    assert set(kept["functions"]) == {"greet:1.0.0@mine", SHOUT}
    assert set(kept["schemas"]) == {SCHEMA}
    assert (GREET, {"bearer": {"use": "token"}}) in resources.asked
    state, journal = run(flow(), kept, {"who": "Ada"})
    assert (state.status, state.output) == (RunStatus.COMPLETED, {"text": "HELLO ADA"})
    called = [entry.data["function"] for entry in journal if "function" in entry.data]
    assert [one["uri"] for one in called] == [GREET, SHOUT]
    assert all(len(one["sha256"]) == 64 for one in called)
    state, _ = run(flow(), kept, {"other": 1})
    assert state.error is not None
    assert state.error["type"].endswith("/validation")


async def test_the_same_version_again_reads_nothing(api: Api, resources: FakeResources) -> None:
    await put_flow(api, flow())
    resources.documents.clear()
    asked = len(resources.asked)
    assert (await put_flow(api, flow())).status_code == 200
    assert len(resources.asked) == asked


@pytest.mark.parametrize(
    ("change", "pointer", "told"),
    [
        ({GREET: None}, "/do/0/greet/call", "is no function"),
        ({GREET: {"set": {}}}, "/do/0/greet/call", "/set: Set at least one property"),
        ({GREET: {"call": "shuot"}}, "/do/0/greet/call", "There is no function"),
        ({SCHEMA: {"type": 7}}, "/do/0/greet/call", "This is no JSON Schema"),
        ({SHOUT: {"call": "greet:1.0.0@mine"}}, "/do/0", "calls itself"),
    ],
)
async def test_what_is_no_good_is_told_at_the_call(
    api: Api, resources: FakeResources, change: dict[str, Any], pointer: str, told: str
) -> None:
    resources.documents.update(change)
    problem = assert_problem(await put_flow(api, flow()), 422)
    assert problem["errors"][0]["pointer"].startswith(pointer)
    assert told in problem["errors"][0]["detail"]


async def test_what_cannot_be_read_stores_nothing(api: Api, resources: FakeResources) -> None:
    del resources.documents[SHOUT]
    problem = assert_problem(await put_flow(api, flow()), 422)
    assert "could not be talked to" in problem["errors"][0]["detail"]
    assert_problem(await api.call("GET", "/v1/workflows/ops/flow"), 404)


async def test_schemas_of_the_workflow_itself(api: Api, resources: FakeResources) -> None:
    definition = flow(input={"schema": {"resource": {"endpoint": SCHEMA}}}, do=[{"x": {"set": {"call": SHOUT}}}])
    assert (await put_flow(api, definition)).status_code == 201
    assert [uri for uri, _ in resources.asked] == [SCHEMA]
    workflows = api.ports.workflows
    assert isinstance(workflows, FakeWorkflows)
    state, _ = run(definition, workflows.resources[REF], {"no": "name"})
    assert state.error is not None
    assert state.error["type"].endswith("/validation")


async def test_schemas_of_what_is_done_for_each(api: Api, resources: FakeResources) -> None:
    named = {"schema": {"resource": {"endpoint": {"uri": SCHEMA}}}}
    each = {"output": named, "do": [{"x": {"set": {"a": 1}, "export": named}}]}
    subscription = {"consume": {"amount": 1}, "foreach": each}
    hear = {"document": {"endpoint": "https://x.example"}, "operation": "hear", "subscription": subscription}
    listen = {"listen": {"to": {"any": []}}, "foreach": each}
    definition = flow(do=[{"hear": {"call": "asyncapi", "with": hear}}, {"listen": listen}])
    assert (await put_flow(api, definition)).status_code == 201
    workflows = api.ports.workflows
    assert isinstance(workflows, FakeWorkflows)
    whole = with_resources(definition, workflows.resources[REF])
    assert "resource" not in json.dumps(whole["do"])
    assert json.dumps(whole["do"]).count('"required": ["name"]') == 4


async def test_expressions_where_nothing_runs_yet(api: Api, resources: FakeResources) -> None:
    definition = flow(input={"schema": {"resource": {"endpoint": "${ .schema }"}}})
    problem = assert_problem(await put_flow(api, definition), 422)
    assert problem["errors"][0]["pointer"] == "/input/schema/resource"


async def test_at_most_so_many(api: Api, resources: FakeResources) -> None:
    tasks = [{f"t{n}": {"call": f"https://functions.example/{n}.yaml"}} for n in range(51)]
    resources.documents.update({f"https://functions.example/{n}.yaml": {"set": {"a": 1}} for n in range(51)})
    response = await put_flow(api, flow(do=tasks))
    assert response.status_code in (413, 422)
    assert "max_definition_resources" in response.text


@pytest.mark.parametrize(
    ("shown", "raw"),
    [
        ("https://github.com/o/r/tree/main/functions/log/1.0.0/function.yaml",
         "https://raw.githubusercontent.com/o/r/refs/heads/main/functions/log/1.0.0/function.yaml"),
        ("https://github.com/o/r/functions/x/function.yaml",
         "https://raw.githubusercontent.com/o/r/refs/heads/main/functions/x/function.yaml"),
        ("https://github.com/o/r/validate@v1.0.0", "https://raw.githubusercontent.com/o/r/refs/tags/v1.0.0/validate"),
        ("https://gitlab.com/g/o/r/-/tree/main/a.yaml", "https://gitlab.com/g/o/r/-/raw/main/a.yaml"),
        ("https://x.example/tree/a.yaml", "https://x.example/tree/a.yaml"),
    ],
)  # fmt: skip
def test_pages_that_show_a_document_lead_to_it(shown: str, raw: str) -> None:
    assert raw_address(shown) == raw
