"""The gateway as clients of the API see it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest

from models.domain.errors import TooManyRequests
from models.domain.limits import Limits
from models.domain.plans import Plan
from models.domain.rate_limits import Rate
from serve.app import build_api
from serve.gateway.gateway import Gateway
from serve.gateway.policy import Policy, policy_of
from serve.guard import GuardedRoute, access_of
from tests.unit.serve.api import Api, Caller, assert_problem, running_api
from tests.unit.serve.fake_gateway import FakeChanges, FakePlans, FakeRates, FakeUsage

DOCUMENT = {
    "document": {"dsl": "1.0.3", "namespace": "ops", "name": "flow", "version": "1.0.0"},
    "do": [{"one": {"set": {"n": 1}}}],
}  # fmt: skip


def gateway(api: Api) -> Gateway:
    edge: Any = api.app
    return cast(Gateway, edge._app.state.deps.gateway)


def give(api: Api, caller: Caller, **rates: int) -> None:
    """A plan of the caller's tenant with these rates and quotas."""
    found: dict[str, Any] = {"tenant": 1_000_000, "user": 1_000_000, "api_key": 1_000_000, **rates}
    kinds = {name: Rate(value) if name in ("tenant", "user", "api_key") else value for name, value in found.items()}
    cast(FakePlans, api.ports.gateway.plans).plans[caller.tenant_id] = Plan("test", **kinds)
    gateway(api).meters.forget(caller.tenant_id)


def document(name: str = "flow", version: str = "1.0.0") -> bytes:
    return json.dumps({**DOCUMENT, "document": {**DOCUMENT["document"], "name": name, "version": version}}).encode()  # type: ignore[dict-item]


async def put(api: Api, caller: Caller, name: str = "flow", version: str = "1.0.0", **headers: str) -> httpx.Response:
    return await api.call(
        "PUT", "/v1/workflows", caller, content=document(name, version),
        headers={"content-type": "application/json", **headers},
    )  # fmt: skip


@pytest.fixture
async def small() -> AsyncIterator[Api]:
    async with running_api(
        limits=Limits(read_seconds=0.05, max_requests_in_flight=4, max_body_seconds=0.05)
    ) as running:
        yield running


async def test_answers_tell_the_limits_and_what_is_left(api: Api) -> None:
    give(api, api.owner, tenant=1_000, user=100)
    answer = await api.call("GET", "/v1/workflows")
    assert answer.headers["ratelimit-policy"] == '"tenant";q=1000;qu="units";w=60, "user";q=100;qu="units";w=60'
    assert answer.headers["ratelimit"] == '"tenant";r=999;t=1, "user";r=99;t=1'


async def test_a_used_up_limit_is_a_429_that_says_when_to_come_back(api: Api) -> None:
    give(api, api.owner, user=12)
    assert (await put(api, api.owner)).status_code == 201
    assert (await put(api, api.owner)).status_code == 200
    refused = await put(api, api.owner)
    body = assert_problem(refused, 429)
    assert "12 units in 60 seconds for this user" in body["detail"]
    assert int(refused.headers["retry-after"]) == 15
    assert refused.headers["ratelimit"].endswith('"user";r=2;t=50')
    assert (await api.call("GET", "/v1/workflows")).status_code == 200, "a read costs less"
    cast(Any, cast(FakeRates, api.ports.gateway.rates).clock).advance(20)
    api.clock.advance(1)
    assert (await put(api, api.owner)).status_code == 200


async def test_one_user_can_use_up_the_tenant_but_no_other_one(api: Api) -> None:
    give(api, api.owner, tenant=5)
    assert (await put(api, api.owner)).status_code == 201
    assert (await api.call("GET", "/v1/workflows", api.caller("viewer", api.owner.tenant_id))).status_code == 429
    assert (await api.call("GET", "/v1/workflows", api.stranger)).status_code == 200


async def test_more_can_be_charged_than_a_route_costs(api: Api) -> None:
    give(api, api.owner, user=10)
    caller = await cast(Any, api.app)._app.state.deps.admission.admit(api.owner.headers["authorization"])
    one, scope = gateway(api), {"path": "/graphql"}
    await one.enter(scope, caller, Policy(cost=0))
    await one.charge(scope, 7)
    assert dict(cast(Any, scope["tidewire.headers"]))[b"ratelimit"].endswith(b'"user";r=3;t=42')
    with pytest.raises(TooManyRequests):
        await one.charge(scope, 4)
    await one.traffic.write()
    rows = cast(FakeUsage, api.ports.gateway.usage).rows.values()
    (row,) = [one for one in rows if one.route_class == "graphql"]
    assert (row.route_class, row.requests, row.units, row.refused) == ("graphql", 1, 7, 1)


async def test_sign_in_keeps_its_own_throttle_while_shared_limits_are_away(api: Api) -> None:
    cast(FakeRates, api.ports.gateway.rates).away = True
    answer = await api.http.post("/v1/auth/login", json={"email": "a@example.com", "password": "x" * 20})
    assert answer.status_code == 401
    assert (await api.call("GET", "/v1/workflows")).status_code == 200
    assert gateway(api).limiter.is_alone
    assert "tidewire_rate_limit_fallback 1.0" in (await api.http.get("/metrics")).text


async def test_a_read_is_answered_from_memory_until_it_changes(api: Api) -> None:
    await put(api, api.owner)
    counters = gateway(api).counters
    before = counters.hits._value.get()
    first, second = [await api.call("GET", "/v1/workflows/ops/flow") for _ in range(2)]
    assert counters.hits._value.get() == before + 1
    assert second.json() == first.json()
    assert second.headers["cache-control"] == "private, no-cache"
    known = await api.call("GET", "/v1/workflows/ops/flow", headers={"if-none-match": first.headers["etag"]})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", first.headers["etag"])
    await api.call("PATCH", "/v1/workflows/ops/flow", json={"enabled": False})
    changed = await api.call("GET", "/v1/workflows/ops/flow", headers={"if-none-match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["enabled"]) == (200, False)


async def test_a_change_is_told_to_other_replicas_and_theirs_is_heard(api: Api) -> None:
    changes = cast(FakeChanges, api.ports.gateway.changes)
    await put(api, api.owner)
    assert changes.told == [(api.owner.tenant_id, ("*",))]
    await api.call("GET", "/v1/workflows")
    key = next(iter(gateway(api).cache._answers))
    assert gateway(api).cache.find(key) is not None
    changes.heard.put_nowait((api.owner.tenant_id, ("workflow",)))
    for _ in range(5):
        await asyncio.sleep(0)
    assert gateway(api).cache.find(key) is None


async def test_starting_a_run_forgets_nothing(api: Api) -> None:
    await put(api, api.owner)
    told = len(cast(FakeChanges, api.ports.gateway.changes).told)
    await api.call("POST", "/v1/workflows/ops/flow/runs", json={})
    assert len(cast(FakeChanges, api.ports.gateway.changes).told) == told


_READS = (
    "/v1/workflows", "/v1/workflows?limit=1", "/v1/workflows?q=flow", "/v1/workflows?q=flow-1&limit=5",
    "/v1/workflows/ops/flow-{n}", "/v1/workflows/ops/%66low-{n}", "/v1/workflows/ops/flow-{n}/versions",
    "/v1/workflows/ops/flow-{n}/versions?limit=1", "/v1/workflows/ops/flow-{n}/versions/1.0.0", "/v1/models",
    "/v1/workflows?limit=0", "/v1/workflows/ops/..%2fflow-{n}",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_nobody_ever_gets_what_is_not_theirs(api: Api, seed: int) -> None:
    """Callers of many tenants and roles read and write at random; each answer is compared with the one that is made
    without any memory."""
    dice = random.Random(seed)
    tenants = [api.caller() for _ in range(4)]
    callers = tenants + [api.caller(role, one.tenant_id) for one in tenants for role in ("viewer", "editor", "nobody")]
    memory = gateway(api).cache
    for step in range(250):
        caller, n = dice.choice(callers), dice.randrange(3)
        if dice.random() < 0.15:
            await put(api, caller, f"flow-{n}", f"1.0.{step}")
            continue
        path = dice.choice(_READS).format(n=n)
        headers = {"accept-encoding": dice.choice(["gzip", "br", "identity"])}
        found = await api.call("GET", path, caller, headers=headers)
        memory.clear()
        fresh = await api.call("GET", path, caller, headers=headers)
        assert (found.status_code, found.content) == (fresh.status_code, fresh.content), path
        assert found.headers.get("etag") == fresh.headers.get("etag")
        for _ in range(2):
            again = await api.call("GET", path, dice.choice(callers), headers=headers)
            assert "set-cookie" not in again.headers


async def test_a_key_gives_the_same_answer_and_another_body_is_refused(api: Api) -> None:
    first = await put(api, api.owner, **{"idempotency-key": "k-1"})
    again = await put(api, api.owner, **{"idempotency-key": "k-1"})
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    other = await put(api, api.owner, "other", **{"idempotency-key": "k-1"})
    assert_problem(other, 422)
    assert_problem(await put(api, api.owner, **{"idempotency-key": "a b"}), 422)
    mine = await put(api, api.caller("editor", api.owner.tenant_id), **{"idempotency-key": "k-1"})
    assert mine.status_code == 200, "keys of another user are apart"


async def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    bad = await api.call("PUT", "/v1/workflows", content=b"{}", headers={
        "content-type": "application/json", "idempotency-key": "k-2",
    })
    assert_problem(bad, 422)
    assert (await put(api, api.owner, **{"idempotency-key": "k-2"})).status_code == 201


async def test_too_many_headers_are_a_431_with_the_name_of_the_limit(small: Api) -> None:
    answer = await small.call("GET", "/v1/workflows", headers={"x-long": "a" * 33_000})
    assert assert_problem(answer, 431)["limit"]["name"] == "max_header_bytes"


async def test_a_route_that_takes_too_long_is_a_504_with_the_name_of_the_limit(
    small: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(small.ports.workflows, "get", never)
    answer = await small.call("GET", "/v1/workflows/ops/flow")
    assert assert_problem(answer, 504)["limit"] == {"name": "read_seconds", "value": 0.05}


async def test_a_body_that_does_not_come_is_a_408(small: Api) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await small.call("PUT", "/v1/workflows", content=slow(), headers={"content-type": "application/json"})
    assert assert_problem(answer, 408)["limit"]["name"] == "max_body_seconds"


async def test_under_load_requests_are_refused_and_health_never(small: Api) -> None:
    load = gateway(small).load
    load.in_flight = 4
    refused = await small.call("GET", "/v1/workflows")
    assert_problem(refused, 503)
    assert refused.headers["retry-after"] == "1"
    assert (await small.http.get("/healthz")).status_code == 200
    load.in_flight = 0
    assert (await small.call("GET", "/v1/workflows")).status_code == 200
    assert load.in_flight == 0, "each request is counted out"


async def test_a_replica_that_stops_says_so(api: Api) -> None:
    gateway(api).load.is_draining = True
    answer = await api.http.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "draining")
    assert (await api.call("GET", "/v1/workflows")).status_code == 200, "what is under way still ends"


async def test_usage_tells_the_plan_what_is_used_and_what_is_left(api: Api) -> None:
    give(api, api.owner, tenant=1_000, runs=10)
    usage = cast(FakeUsage, api.ports.gateway.usage)
    usage.stored["runs"] = 4
    await api.call("GET", "/v1/workflows")
    await gateway(api).traffic.write()
    body = (await api.call("GET", "/v1/usage", params={"days": 1})).json()
    assert body["plan"] == "test"
    assert body["rates"][0] == {"scope": "tenant", "limit": 1_000, "window": 60, "remaining": 998}
    assert body["quotas"][0] == {
        "name": "runs", "limit": 10, "used": 4, "left": 6, "resets_at": "2026-02-01T00:00:00Z"
    }
    assert body["days"][0]["routes"] == [{"route_class": "read", "requests": 1, "units": 1, "refused": 0}]
    usage.stored["runs"] = 10
    await put(api, api.owner)
    refused = await api.call("POST", "/v1/workflows/ops/flow/runs", json={})
    assert assert_problem(refused, 422)["limit"] == {"name": "test.runs", "value": 10}


def test_every_route_has_a_policy_and_reads_that_are_remembered_are_no_writes() -> None:
    for route in build_api().routes:
        assert isinstance(route, GuardedRoute)
        method = next(iter(route.methods or ()))
        policy = policy_of(route.endpoint, method, access_of(route.endpoint).cost)
        assert policy == route.policy
        assert getattr(Limits(), policy.deadline) > 0
        assert policy.shows is None or method == "GET"
