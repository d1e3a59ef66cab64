"""Operating runs over HTTP: what is sent to a run, planned, previewed and refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models.domain.dsl.problems import problem
from models.domain.journal import Entry
from models.domain.runs import RunStatus
from serve.operation_records import Undecided
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import Host, fails, ok
from tests.unit.serve.api import Api, assert_problem
from tests.unit.serve.test_runs_route import put, start

CALL = "call: http, with: {method: post, endpoint: 'https://a.example/x'}"
STEPS = f"- a: {{{CALL}}}\n- b: {{{CALL}}}"
YAML = """\
document: {dsl: '1.0.3', namespace: test, name: colours, version: 'VERSION'}
do:
- a: {call: http, with: {method: post, endpoint: 'https://a.example/x'}}
- b: {call: http, with: {method: post, endpoint: 'https://a.example/x'}}
"""


async def begun(api: Api) -> str:
    await put(api, YAML.replace("VERSION", "1.0.0"))
    return str((await start(api)).json()["id"])


async def faulted(api: Api) -> str:
    """A run whose step b failed, with its journal."""
    run_id = await begun(api)
    host = Host(with_tasks(STEPS), {}, {"a": ok({"n": 1}), "b": fails()}).run()
    error = {**problem("communication", "no"), "instance": "/do/1/b"}
    change(api, run_id, host.journal, status=RunStatus.FAULTED, error=error, last_seq=len(host.journal))
    return run_id


def change(api: Api, run_id: str, journal: list[Entry], **changes: Any) -> None:
    runs: Any = api.ports.runs
    runs.entries[UUID(run_id)] = journal
    runs.runs[UUID(run_id)] = replace(runs.runs[UUID(run_id)], **changes)


def sent(api: Api) -> list[tuple[str, Any]]:
    operations: Any = api.ports.operations
    return [(kind, data) for _, kind, data in operations.sent]


# ---------------------------------------------------------------- one run


async def test_pause_and_resume_reach_the_run(api: Api) -> None:
    run_id = await begun(api)
    answer = await api.call("POST", f"/v1/runs/{run_id}/pause", json={"reason": "lunch"})
    assert (answer.status_code, answer.json()["id"]) == (202, run_id)
    assert (await api.call("POST", f"/v1/runs/{run_id}/pause")).status_code == 202
    assert (await api.call("POST", f"/v1/runs/{run_id}/resume")).status_code == 202
    assert sent(api) == [("pause", {"reason": "lunch"}), ("pause", {"reason": ""}), ("resume", {})]
    assert [str(wake.run_id) for wake in api.dispatcher.wakes[1:]] == [run_id] * 3


async def test_a_run_that_has_ended_is_not_operated(api: Api) -> None:
    run_id = await faulted(api)
    for path in ("pause", "resume", "signals/go"):
        assert_problem(await api.call("POST", f"/v1/runs/{run_id}/{path}"), 409)
    assert_problem(await api.call("POST", f"/v1/runs/{run_id}/move", json={"version": "1.0.0"}), 409)


async def test_a_signal_is_a_cloud_event_about_the_run(api: Api) -> None:
    run_id = await begun(api)
    answer = await api.call("POST", f"/v1/runs/{run_id}/signals/order.paid", json={"by": "Ann"})
    assert answer.status_code == 202
    [(kind, event)] = sent(api)
    assert (kind, event["type"], event["subject"]) == ("event", "dev.tidewire.signal.order.paid", run_id)
    assert event["data"] == {"by": "Ann"}
    assert answer.json()["event"]["id"] == event["id"]
    assert_problem(await api.call("POST", f"/v1/runs/{run_id}/signals/no%20blank"), 422)


async def test_an_outcome_is_told_for_a_step_that_waits_for_it_only(api: Api) -> None:
    run_id = await begun(api)
    told = {"happened": True, "output": {"id": 1}}
    assert_problem(await api.call("POST", f"/v1/runs/{run_id}/steps/2/outcome", json=told), 409)
    operations: Any = api.ports.operations
    operations.open_steps[UUID(run_id)] = [Undecided(2, "/do/0/a", (), datetime(2026, 1, 1, tzinfo=UTC))]
    shown = (await api.call("GET", f"/v1/runs/{run_id}")).json()["undecided"]
    assert shown == [{"seq": 2, "task": "/do/0/a", "path": [], "since": "2026-01-01T00:00:00Z"}]
    assert (await api.call("POST", f"/v1/runs/{run_id}/steps/2/outcome", json=told)).status_code == 202
    assert sent(api)[-1][1] == {
        "step": 2, "happened": True, "output": {"id": 1}, "by": str(api.owner.principal.user_id),
    }  # fmt: skip


# ---------------------------------------------------------------- again


async def test_a_run_is_run_again_from_a_step(api: Api) -> None:
    run_id = await faulted(api)
    preview = await api.call("POST", f"/v1/runs/{run_id}/rerun", json={"task": "/do/1/b", "dry_run": True})
    assert preview.status_code == 200
    assert preview.json() == {
        "count": 1, "samples": [run_id], "repeated": [{"task": "/do/1/b", "calls": 1}], "refused": [],
    }  # fmt: skip
    answer = await api.call("POST", f"/v1/runs/{run_id}/rerun", json={"task": "/do/1/b", "step_input": {"x": 1}})
    assert (answer.status_code, answer.json()["rerun_of"]) == (201, run_id)
    shown = (await api.call("GET", f"/v1/runs/{answer.json()['id']}")).json()
    assert (shown["rerun_of"], shown["cause"]["kind"], shown["status"]) == (run_id, "rerun", "pending")


async def test_the_same_key_runs_again_once(api: Api) -> None:
    run_id = await faulted(api)
    asked: dict[str, Any] = {"json": {"task": "/do/1/b"}, "headers": {"idempotency-key": "k"}}
    first = await api.call("POST", f"/v1/runs/{run_id}/rerun", **asked)
    second = await api.call("POST", f"/v1/runs/{run_id}/rerun", **asked)
    assert first.json() == second.json()
    assert_problem(await api.call("POST", f"/v1/runs/{run_id}/rerun", headers=asked["headers"]), 422)


async def test_why_a_run_cannot_be_run_again_is_told(api: Api) -> None:
    run_id = await faulted(api)

    async def again(**body: Any) -> Any:
        return await api.call("POST", f"/v1/runs/{run_id}/rerun", json=body)

    assert "never began /do/9/z" in assert_problem(await again(task="/do/9/z"), 409)["detail"]
    assert_problem(await again(version="9.9.9"), 404)
    assert_problem(await again(task="/do/1/b", input={}), 422, "/input")
    assert_problem(await again(step_input={}), 422, "/step_input")
    assert_problem(await again(path=[1]), 422, "/path")
    refused = (await again(task="/do/9/z", dry_run=True)).json()["refused"]
    assert [one["id"] for one in refused] == [run_id]


async def test_many_are_run_again_by_a_job(api: Api) -> None:
    run_id = await faulted(api)
    body = {"where": {"status": "faulted", "name": "colours"}, "task": "/do/1/b"}
    preview = (await api.call("POST", "/v1/runs/rerun", json={**body, "dry_run": True})).json()
    assert (preview["count"], preview["samples"]) == (1, [run_id])
    answer = await api.call("POST", "/v1/runs/rerun", json=body)
    assert answer.status_code == 202
    job = answer.json()
    assert (job["kind"], job["state"], job["spec"]["where"]) == ("rerun", "queued", body["where"])
    assert (await api.call("GET", answer.headers["location"])).json() == job
    assert [one["id"] for one in (await api.call("GET", "/v1/jobs")).json()["items"]] == [job["id"]]
    assert (await api.call("POST", f"/v1/jobs/{job['id']}/stop")).json()["state"] == "stopped"
    assert_problem(await api.call("GET", f"/v1/jobs/{job['id']}", api.stranger), 404)
    assert_problem(await api.call("POST", "/v1/runs/rerun", json={"where": {}}), 422, "/where")


async def test_a_waiting_run_moves_where_its_position_is_there(api: Api) -> None:
    tasks = "- w: {wait: P3D}"
    run_id = await begun(api)
    host = Host(with_tasks(tasks), {}).run(until=1)
    change(api, run_id, host.journal, status=RunStatus.WAITING, last_seq=len(host.journal))
    for version, document in (("1.0.0", "w: {wait: P3D}"), ("1.1.0", "w: {wait: P1D}"), ("2.0.0", "x: {wait: P3D}")):
        text = YAML.replace("VERSION", version).partition("- a:")[0] + f"- {document}\n"
        workflows: Any = api.ports.workflows
        if version == "1.0.0":
            workflows.stored.clear()
        assert (await put(api, text)).status_code == 201
    path = f"/v1/runs/{run_id}/move"
    found = await api.call("POST", path, json={"version": "1.1.0", "dry_run": True})
    assert (found.status_code, found.json()) == (200, {"id": run_id, "version": "1.1.0"})
    assert (await api.call("POST", path, json={"version": "1.1.0"})).status_code == 202
    assert sent(api) == [("move", {"version": "1.1.0"})]
    refused = assert_problem(await api.call("POST", path, json={"version": "2.0.0"}), 409)
    assert "/do/0/w is not there" in refused["detail"]
    assert_problem(await api.call("POST", path, json={"version": "3.0.0"}), 404)


# ---------------------------------------------------------------- dead letters


async def test_a_dead_letter_is_edited_and_retried_from_its_step(api: Api) -> None:
    run_id = await faulted(api)
    [letter] = (await api.call("GET", "/v1/dead-letters")).json()["items"]
    assert (letter["run_id"], letter["task"], letter["state"]) == (run_id, "/do/1/b", "open")
    both: dict[str, Any] = {"input": {}, "step_input": {}}
    assert_problem(await api.call("PATCH", f"/v1/dead-letters/{run_id}", json=both), 422)
    edited = await api.call("PATCH", f"/v1/dead-letters/{run_id}", json={"step_input": {"x": 1}})
    assert edited.json()["edits"] == {"step_input": {"x": 1}}
    answer = await api.call("POST", f"/v1/dead-letters/{run_id}/retry")
    assert (answer.status_code, answer.json()["rerun_of"]) == (201, run_id)
    assert str(api.dispatcher.wakes[-1].run_id) == answer.json()["id"]
    closed = (await api.call("GET", f"/v1/dead-letters/{run_id}")).json()
    assert (closed["state"], closed["retried_as"]) == ("retried", answer.json()["id"])
    assert_problem(await api.call("POST", f"/v1/dead-letters/{run_id}/retry"), 409)
    assert_problem(await api.call("POST", f"/v1/dead-letters/{run_id}/discard"), 409)


async def test_dead_letters_are_handled_in_bulk(api: Api) -> None:
    run_id = await faulted(api)
    body = {"where": {"name": "colours"}}
    preview = (await api.call("POST", "/v1/dead-letters/retry", json={**body, "dry_run": True})).json()
    assert (preview["count"], preview["repeated"]) == (1, [{"task": "/do/1/b", "calls": 1}])
    assert (await api.call("POST", "/v1/dead-letters/retry", json=body)).json()["kind"] == "retry"
    assert (await api.call("POST", "/v1/dead-letters/discard", json=body)).json()["kind"] == "discard"
    discarded = await api.call("POST", f"/v1/dead-letters/{run_id}/discard")
    assert discarded.json()["state"] == "discarded"
    assert (await api.call("GET", "/v1/dead-letters")).json()["items"] == []
    assert len((await api.call("GET", "/v1/dead-letters", params={"state": "discarded"})).json()["items"]) == 1


# ---------------------------------------------------------------- samples and dry runs


async def test_a_run_begins_with_a_sample(api: Api) -> None:
    await begun(api)
    path = "/v1/workflows/test/colours/samples/big"
    data = {"input": {"order": 7}, "outputs": {"/do/0/a": {"pinned": 1}}}
    assert (await api.call("PUT", path, json=data)).status_code == 201
    assert (await api.call("PUT", path, json=data)).status_code == 200
    assert (await api.call("GET", path)).json()["outputs"] == data["outputs"]
    assert_problem(await api.call("PUT", path, json={"input": 1, "outputs": {"a": 1}}), 422, "/outputs")
    answer = await api.call("POST", "/v1/workflows/test/colours/runs", params={"sample": "big", "dry_run": "true"})
    shown = (await api.call("GET", f"/v1/runs/{answer.json()['id']}")).json()
    assert (shown["input"], shown["dry_run"], shown["cause"]["sample"]) == ({"order": 7}, True, "big")
    assert_problem(await api.call("POST", f"/v1/runs/{answer.json()['id']}/rerun"), 409)
    assert_problem(await start(api, params={"sample": "none"}), 404)
    assert (await api.call("DELETE", path)).status_code == 204
    assert (await api.call("GET", "/v1/workflows/test/colours/samples")).json()["items"] == []


@pytest.mark.parametrize("role", ["viewer", "analyst", "data_scientist"])
async def test_who_only_reads_operates_nothing(api: Api, role: str) -> None:
    run_id = await faulted(api)
    caller = api.caller(role, api.owner.tenant_id)
    assert (await api.call("GET", f"/v1/dead-letters/{run_id}", caller)).status_code == 200
    for path in (f"runs/{run_id}/pause", f"runs/{run_id}/rerun", f"dead-letters/{run_id}/retry"):
        assert_problem(await api.call("POST", f"/v1/{path}", caller), 403)
