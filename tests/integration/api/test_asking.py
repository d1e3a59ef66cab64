"""A person is asked and a run waits for its turn: over HTTP, PostgreSQL, and a shard in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from actors.workflow_shard import ShardPorts, WorkflowShard
from cluster.adapters import actors as adapters
from models.domain.clock import SystemClock
from models.domain.limits import Limits
from models.domain.ports import Wake
from tests.integration.actors.kit import QUICK, Target
from tests.integration.actors.kit import until as until_owned
from tests.integration.api.conftest import Client
from tests.integration.api.test_tenants_apart import signed_up
from tests.storage_kit import Api


class Desk:
    """Hands wakes to the shard."""

    def __init__(self, shard: WorkflowShard) -> None:
        self._shard = shard

    def wake(self, wakes: list[Wake]) -> None:
        self._shard.wake("api", wakes, ())

    async def wait(self, run_id: UUID, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
async def shard(api: Api, app: FastAPI) -> AsyncIterator[WorkflowShard]:
    database, clock = api.engine, SystemClock()
    ports = ShardPorts(
        adapters.ShardJournal(database, clock, Limits()), adapters.ShardLeases(database),
        adapters.ShardDefinitions(database), adapters.ShardTriggers(database), adapters.ShardHousekeeping(database),
        Target(), clock, QUICK,
    )  # fmt: skip
    made = WorkflowShard(f"shard-0#{uuid4().hex[:8]}", ports)
    made.start()
    await until_owned(lambda: len(made.leases.epochs) == 64)
    app.state.deps.run_acceptor._dispatcher = Desk(made)
    yield made
    await made.stop()


def document(*tasks: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    about = {"dsl": "1.0.3", "namespace": "ops", "name": "flow", "version": "1.0.0", "metadata": metadata}
    return {"document": about, "do": list(tasks)}


async def until(caller: httpx.AsyncClient, path: str, is_so: Callable[[Any], bool], seconds: float = 15) -> Any:
    """The answer, as soon as it is what is waited for."""
    async with asyncio.timeout(seconds):
        while True:
            found = (await caller.get(path)).json()
            if is_so(found):
                return found
            await asyncio.sleep(0.02)


async def test_a_run_asks_by_inbox_and_goes_on_by_link(client: Client, shard: WorkflowShard) -> None:
    owner, principal, _ = await signed_up(client, "Owner")
    asks = {
        "call": "approval",
        "with": {"title": '${ "Pay " + .who + "?" }', "assignee": {"role": "owner"}, "form": {"type": "object"}},
    }
    stored = await owner.put("/v1/workflows", json=document({"ask": asks}))
    assert stored.status_code == 201, stored.text
    run = (await owner.post("/v1/workflows/ops/flow/runs", json={"who": "Ada"})).json()["id"]
    page = await until(owner, "/v1/tasks?mine=true", lambda found: found["items"])
    [task] = page["items"]
    assert (task["title"], task["run_id"], task["may_answer"], page["mine"]) == ("Pay Ada?", run, True, 1)
    [told] = (await owner.get("/v1/notifications")).json()["items"]
    assert told["link"] == f"/tasks/{task['id']}"
    made = (await owner.post(f"/v1/tasks/{task['id']}/links", json={"name": "Grace"})).json()
    nobody = client("")
    assert (await nobody.get(made["path"])).json()["title"] == "Pay Ada?"
    assert (await nobody.post(made["path"], json={"decision": "approve", "data": 1})).status_code == 422
    answers = await asyncio.gather(
        nobody.post(made["path"], json={"decision": "approve", "data": {"amount": 5}}),
        owner.post(f"/v1/tasks/{task['id']}/answer", json={"decision": "approve", "data": {"amount": 5}}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    ended = await until(owner, f"/v1/runs/{run}", lambda found: found["ended_at"])
    by_link = answers[0].status_code == 200
    expected = {"link": "Grace"} if by_link else {"user": answers[1].json()["answer"]["by"]["user"]}
    assert ended["output"]["by"] == expected
    assert ended["output"]["data"] == {"amount": 5}
    assert principal.role == "owner"


async def test_a_run_waits_its_turn_and_shows_it(client: Client, shard: WorkflowShard) -> None:
    owner, _, _ = await signed_up(client, "Owner")
    ask = {"ask": {"call": "approval", "with": {"title": "Go?", "assignee": {"role": "owner"}}}}
    flow = {"key": "${ .customer }", "concurrency": {"limit": 1}, "queue": {"limit": 2}}
    stored = await owner.put("/v1/workflows", json=document(ask, flowControl=flow))
    assert stored.status_code == 201, stored.text
    answers = [await owner.post("/v1/workflows/ops/flow/runs", json={"customer": "acme"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 422]
    assert answers[3].json()["limit"] == {"name": "max_waiting_runs_per_key", "value": 2}
    first, second, third = (answer.json()["id"] for answer in answers[:3])
    await until(owner, f"/v1/runs/{first}", lambda found: found["status"] == "waiting")
    shown = (await owner.get(f"/v1/runs/{third}")).json()
    assert shown["status"] == "pending"
    assert shown["waiting_for"]["position"] == 2
    assert shown["waiting_for"]["key"] == "acme"
    assert shown["waiting_for"]["limit"] == {"kind": "concurrency", "limit": 1}
    usage = (await owner.get("/v1/usage/queue")).json()
    assert (usage["waiting"], usage["held"], usage["running"]) == (2, 2, 1)
    # The second gives up its place; when the first has ended the third starts.
    assert (await owner.post(f"/v1/runs/{second}/cancel")).status_code == 202
    await until(owner, f"/v1/runs/{second}", lambda found: found["status"] == "cancelled")
    [task] = (await owner.get(f"/v1/tasks?run_id={first}")).json()["items"]
    assert (await owner.post(f"/v1/tasks/{task['id']}/answer", json={"decision": "approve"})).status_code == 200
    await until(owner, f"/v1/runs/{third}", lambda found: found["status"] == "waiting")
    [key] = (await owner.get("/v1/workflows/ops/flow/flow")).json()["items"]
    assert (key["running"], key["waiting"], key["refused"]) == (1, 0, 1)
