"""What waits and why, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from models.domain.errors import Conflict, LimitExceeded, TidewireError, TooManyRequests
from serve import flow_ports as f
from serve.records import AcceptedRun, AcceptRun
from tests.unit.serve.api import Api, assert_problem
from tests.unit.serve.fake_flow import FakeFlow
from tests.unit.serve.test_runs_route import PATH, put, start


def flow(api: Api) -> FakeFlow:
    assert isinstance(api.ports.flow, FakeFlow)
    return api.ports.flow


async def test_a_run_tells_what_it_waits_for(api: Api) -> None:
    await put(api)
    started = (await start(api)).json()
    shown = (await api.call("GET", f"/v1/runs/{started['id']}")).json()
    assert shown["waiting_for"] is None
    now = api.clock.now()
    flow(api).waiting[api.owner.tenant_id, UUID(started["id"])] = f.WaitingFor(
        "acme", 3, {"kind": "concurrency", "limit": 5}, now, None
    )
    shown = (await api.call("GET", f"/v1/runs/{started['id']}")).json()
    assert shown["waiting_for"]["position"] == 3
    assert shown["waiting_for"]["limit"] == {"kind": "concurrency", "limit": 5}


async def test_the_keys_of_a_workflow_by_page(api: Api) -> None:
    keys = [f.FlowKey(str(n), 1, n, 0, None, None) for n in range(5)]
    flow(api).keys[api.owner.tenant_id, "ops", "flow"] = keys
    first = (await api.call("GET", "/v1/workflows/ops/flow/flow?limit=3")).json()
    rest = (await api.call("GET", f"/v1/workflows/ops/flow/flow?limit=3&cursor={first['next']}")).json()
    assert [one["key"] for one in first["items"] + rest["items"]] == list("01234")
    assert (first["control"], rest["next"]) == ({"concurrency": {"limit": 1}}, None)
    strange = await api.call("GET", "/v1/workflows/ops/flow/flow", api.stranger)
    assert strange.json()["items"] == []


async def test_a_tenant_sees_its_queue_and_share(api: Api) -> None:
    assert (await api.call("GET", "/v1/usage/queue")).json()["share"] == 1.0
    oldest = api.clock.now() - timedelta(seconds=90)
    flow(api).queues[api.owner.tenant_id] = f.QueueUsage(100_000, 7, 20, oldest, 4)
    shown = (await api.call("GET", "/v1/usage/queue")).json()
    assert (shown["waiting"], shown["held"], shown["oldest_age"], shown["share"]) == (100_000, 7, 90.0, 0.25)


async def test_a_run_that_is_held_is_not_said_to_run(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(api)
    accept = api.runs.accept

    async def hold(requests: Sequence[AcceptRun]) -> list[object]:
        return [replace(one, held=True) for one in await accept(requests) if isinstance(one, AcceptedRun)]

    monkeypatch.setattr(api.runs, "accept", hold)
    answer = await api.call("POST", f"{PATH}?wait=0.01", json={})
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")


@pytest.mark.parametrize(
    ("refusal", "status", "slug"),
    [
        (TooManyRequests("The rateLimit is used up.", 12.3), 429, "too-many-requests"),
        (Conflict("A singleton runs."), 409, "conflict"),
        (LimitExceeded("max_waiting_runs_per_key", 3), 422, "limit-exceeded"),
    ],
)
async def test_refusals_are_told(
    api: Api, monkeypatch: pytest.MonkeyPatch, refusal: TidewireError, status: int, slug: str
) -> None:
    await put(api)

    async def refuse(requests: object) -> list[TidewireError]:
        return [refusal]

    monkeypatch.setattr(api.runs, "accept", refuse)
    answer = await start(api)
    body = assert_problem(answer, status)
    assert body["type"].endswith(slug)
    if status == 429:
        assert answer.headers["retry-after"] == "13"
