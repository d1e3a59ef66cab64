"""Starting, finding, following and cancelling runs over HTTP."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from models.domain.errors import Unavailable
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from tests.unit.serve.api import Api, assert_problem, running_api

DOCUMENT = """\
document: {dsl: '1.0.3', namespace: test, name: colours, version: '1.0.0'}
do:
- setRed:
    set: {colour: red}
"""
PATH = "/v1/workflows/test/colours/runs"


async def put(api: Api, text: str = DOCUMENT, **more: Any) -> Any:
    return await api.call("PUT", "/v1/workflows", content=text, headers={"content-type": "application/yaml"}, **more)


async def start(api: Api, body: Any = None, **more: Any) -> Any:
    return await api.call("POST", PATH, json={} if body is None else body, **more)


async def test_a_run_is_accepted_and_its_shard_is_woken(api: Api) -> None:
    assert (await put(api)).status_code == 201
    answer = await start(api, {"n": 1})
    assert answer.status_code == 201
    run = answer.json()
    assert run["status"] == "pending"
    assert answer.headers["location"] == f"/v1/runs/{run['id']}"
    [wake] = api.dispatcher.wakes
    assert (str(wake.run_id), wake.tenant_id, wake.shard) == (run["id"], api.owner.tenant_id, 7)
    shown = (await api.call("GET", f"/v1/runs/{run['id']}")).json()
    assert shown["input"] == {"n": 1}
    assert shown["workflow"] == {"namespace": "test", "name": "colours", "version": "1.0.0"}
    assert shown["cause"]["kind"] == "api"


async def test_a_body_may_be_missing(api: Api) -> None:
    await put(api)
    answer = await api.call("POST", PATH)
    assert answer.status_code == 201
    assert (await api.call("GET", f"/v1/runs/{answer.json()['id']}")).json()["input"] == {}


async def test_with_wait_the_end_is_answered(api: Api) -> None:
    await put(api)
    api.dispatcher.end_all = RunStatus.COMPLETED
    answer = await start(api, params={"wait": 5})
    assert answer.status_code == 200
    assert answer.json() == {"id": answer.json()["id"], "status": "completed", "output": {"done": True}, "error": None}


async def test_a_run_that_takes_longer_is_answered_with_202(api: Api) -> None:
    await put(api)
    answer = await start(api, params={"wait": 1})
    assert answer.status_code == 202
    assert answer.json()["status"] == "running"


async def test_the_same_key_is_one_run_and_another_body_is_refused(api: Api) -> None:
    await put(api)
    key = {"idempotency-key": "k-1"}
    first, again = await start(api, {"n": 1}, headers=key), await start(api, {"n": 1}, headers=key)
    assert first.json() == again.json()
    assert first.status_code == again.status_code == 201
    assert len(api.dispatcher.wakes) == 1
    assert_problem(await start(api, {"n": 2}, headers=key), 422)
    assert_problem(await start(api, {"n": 1}, headers=key, params={"version": "1.0.0"}), 422)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
async def test_an_unusable_key_is_refused(api: Api, key: str) -> None:
    await put(api)
    assert_problem(await start(api, headers={"idempotency-key": key}), 422, "/Idempotency-Key")


async def test_another_tenants_key_is_another_run(api: Api) -> None:
    await put(api)
    await put(api, caller=api.stranger)
    key = {"idempotency-key": "k-1"}
    mine, theirs = await start(api, headers=key), await start(api, headers=key, caller=api.stranger)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_requests_that_come_together_share_a_transaction(api: Api) -> None:
    await put(api)
    answers = await asyncio.gather(*(start(api, {"n": n}) for n in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum(api.runs.batches) == 20
    assert len(api.runs.batches) < 20


async def test_one_request_that_the_database_refuses_harms_no_other(api: Api) -> None:
    await put(api)
    answers = await asyncio.gather(
        *(start(api, {"n": n}) for n in range(5)), api.call("POST", "/v1/workflows/test/nothing/runs")
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 201, 201, 404]


async def test_a_database_that_is_away_is_503_and_says_when_to_come_again(api: Api) -> None:
    await put(api)
    api.runs.broken = Unavailable()
    answer = await start(api)
    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "1"


async def test_a_fault_of_ours_tells_nothing_about_the_inside(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    await put(api)
    api.runs.broken = RuntimeError("password=hunter2")
    answer = await start(api, headers={"x-request-id": "r-77"})
    assert "hunter2" not in answer.text
    assert assert_problem(answer, 500)["request_id"] == "r-77"
    assert "hunter2" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert "r-77" in caplog.text


async def test_a_disabled_workflow_starts_nothing(api: Api) -> None:
    await put(api)
    assert (await api.call("PATCH", "/v1/workflows/test/colours", json={"enabled": False})).json()["enabled"] is False
    assert_problem(await start(api), 409)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"wait": "-1"}, "/wait"), ({"wait": "61"}, "/wait"), ({"wait": "nan"}, "/wait"), ({"wait": "soon"}, "/wait"),
        ({"version": "v" * 256}, "/version"),
    ],
)  # fmt: skip
async def test_bad_parameters_are_pointed_at(api: Api, query: dict[str, str], pointer: str) -> None:
    await put(api)
    body = assert_problem(await start(api, params=query), 422, pointer)
    assert body["errors"][0]["in"] == "query"
    assert api.runs.runs == {}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400), (b"\xff\xfe", 400), (b'{"a": NaN}', 400), (b'{"a": "\\u0000"}', 400), (b'{"\\u0000": 1}', 400),
        (b'{"a": 123456789012345678901}', 400), (b'"\\ud800"', 400), (b"[" * 200 + b"]" * 200, 422),
        (b'"' + b"x" * 1_000_001 + b'"', 413), (b"{} {}", 400),
    ],
)  # fmt: skip
async def test_bad_bodies_are_refused_and_start_nothing(api: Api, content: bytes, status: int) -> None:
    await put(api)
    answer = await api.call("POST", PATH, content=content, headers={"content-type": "application/json"})
    assert_problem(answer, status)
    assert api.runs.runs == {}


async def test_a_body_that_lies_about_its_length_is_counted(api: Api) -> None:
    await put(api)

    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 100_000

    answer = await api.call("POST", PATH, content=endless(), headers={"content-type": "application/json"})
    assert assert_problem(answer, 413)["limit"] == {"name": "max_data_bytes", "value": 1_000_000}


async def test_another_media_type_is_refused(api: Api) -> None:
    await put(api)
    answer = await api.call("POST", PATH, content=b"<a/>", headers={"content-type": "text/xml"})
    assert_problem(answer, 415)


async def test_pages_follow_each_other(api: Api) -> None:
    await put(api)
    started = {(await start(api)).json()["id"] for _ in range(7)}
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await api.call("GET", "/v1/runs", params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == 7
    assert set(seen) == started


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "201"}, {"cursor": "AAAA"}, {"cursor": "W251bGxd"}, {"status": "happy"},
        {"from": "2026-01-01"}, {"to": "yesterday"}, {"to": "1764000000"}, {"q": "x" * 501}, {"name": "n" * 64},
        {"statsu": "faulted"},
    ],
)  # fmt: skip
async def test_bad_filters_are_refused(api: Api, query: dict[str, str]) -> None:
    [name] = query
    assert_problem(await api.call("GET", "/v1/runs", params=query), 422, f"/{name}")


async def test_nul_in_an_address_is_refused(api: Api) -> None:
    assert_problem(await api.call("GET", "/v1/runs?name=a%00b"), 400)
    assert_problem(await api.call("GET", "/v1/workflows/a%00b/c"), 400)


async def test_a_journal_is_read_page_by_page(api: Api) -> None:
    await put(api)
    run_id = uuid.UUID((await start(api)).json()["id"])
    at = api.clock.now()
    api.runs.entries[run_id] = [Entry(seq, EntryType.TASK_STARTED, at, "/do/0/setRed") for seq in (1, 2, 3)]
    first = (await api.call("GET", f"/v1/runs/{run_id}/journal", params={"limit": 2})).json()
    assert [item["seq"] for item in first["items"]] == [1, 2]
    assert first["items"][0]["task"] == "/do/0/setRed"
    assert first["items"][0]["at"] == "2026-01-01T00:00:00Z"
    rest = (await api.call("GET", f"/v1/runs/{run_id}/journal", params={"after": first["next"], "limit": 2})).json()
    assert [item["seq"] for item in rest["items"]] == [3]
    assert rest["next"] is None
    same = (await api.call("GET", f"/v1/runs/{run_id}/journal", params={"cursor": first["next"]})).json()
    assert same["items"] == rest["items"]


async def test_a_cancel_wakes_the_shard_and_a_run_that_ended_is_left_alone(api: Api) -> None:
    await put(api)
    run_id = uuid.UUID((await start(api)).json()["id"])
    api.dispatcher.wakes.clear()
    assert (await api.call("POST", f"/v1/runs/{run_id}/cancel")).status_code == 202
    assert [wake.run_id for wake in api.dispatcher.wakes] == [run_id]
    api.runs.runs[run_id] = replace(api.runs.runs[run_id], status=RunStatus.COMPLETED)
    assert_problem(await api.call("POST", f"/v1/runs/{run_id}/cancel"), 409)


async def test_when_too_much_waits_the_door_says_so() -> None:
    async with running_api(limits=Limits(max_waiting_requests=0)) as api:
        await put(api)
        assert "max_waiting_requests" in assert_problem(await start(api), 503)["detail"]
