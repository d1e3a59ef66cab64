"""Clients that were not written for Tidewire work with it unchanged."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from centrifuge import Client, PublicationContext, SubscribedContext, SubscriptionEventHandler, SubscriptionState

from tests.e2e.client import Tenant, workflow
from tests.models.bundles import write_model_folder
from tests.servers.system import System


class Recorder(SubscriptionEventHandler):
    """Notes publications and says when a subscription is there."""

    def __init__(self) -> None:
        self.publications: list[Any] = []
        self.offsets: list[int] = []
        self.subscribed: list[SubscribedContext] = []
        self.changed = asyncio.Condition()

    async def on_publication(self, ctx: PublicationContext) -> None:
        async with self.changed:
            self.publications.append(ctx.pub.data)
            self.offsets.append(ctx.pub.offset)
            self.changed.notify_all()

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        async with self.changed:
            self.subscribed.append(ctx)
            self.changed.notify_all()

    def notes(self) -> list[str]:
        return [data["notification"]["title"] for data in self.publications]

    async def until(self, condition: Any, seconds: float = 30) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)


def push_address(system: System) -> str:
    told = httpx.get(f"{system.url}/v1/config").json()["push_url"]
    return urllib.parse.urljoin(f"ws://127.0.0.1:{system.port}/", told or "/connection/websocket")


async def leave(client: Client) -> None:
    """Disconnects and waits until the client has closed what it opened."""
    await client.disconnect()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        await asyncio.wait(tasks, timeout=10)


def tell(tenant: Tenant, title: str) -> None:
    run = tenant.run("test/teller", {"title": title})
    assert run["status"] == "completed", run


async def test_centrifuge_python_subscribes_and_recovers_after_a_cut(system: System, tenant: Tenant) -> None:
    tenant.put_workflow(
        workflow("teller", "- tell:\n    call: notify\n    with:\n      to: all\n      title: ${ .title }")
    )
    token = tenant.http.headers["authorization"].removeprefix("Bearer ")
    client = Client(push_address(system), token=token, max_reconnect_delay=0.5, proxy=None)
    recorder = Recorder()
    subscription = client.new_subscription(f"inbox:{tenant.id}.{tenant.user_id}", recorder, recoverable=True)
    await client.connect()
    await subscription.subscribe()
    await recorder.until(lambda: recorder.subscribed)
    await asyncio.to_thread(tell, tenant, "one")
    await recorder.until(lambda: recorder.notes() == ["one"])

    await client.disconnect()
    await asyncio.to_thread(tell, tenant, "two")
    await asyncio.to_thread(tell, tenant, "three")
    await client.connect()
    await recorder.until(lambda: len(recorder.notes()) >= 3)
    assert recorder.notes() == ["one", "two", "three"]
    assert recorder.offsets == list(range(recorder.offsets[0], recorder.offsets[0] + 3))
    assert recorder.subscribed[-1].recovered
    await leave(client)


async def test_a_channel_of_another_tenant_is_refused(system: System, tenant: Tenant) -> None:
    token = tenant.http.headers["authorization"].removeprefix("Bearer ")
    client = Client(push_address(system), token=token, proxy=None)
    subscription = client.new_subscription("runs:00000000-0000-7000-8000-000000000000")
    await client.connect()
    await subscription.subscribe()
    async with asyncio.timeout(10):
        while subscription.state == SubscriptionState.SUBSCRIBING:  # noqa: ASYNC110 - the client tells nobody
            await asyncio.sleep(0.02)
    assert subscription.state == SubscriptionState.UNSUBSCRIBED
    await leave(client)


@pytest.fixture
def model(tenant: Tenant, tmp_path: Path) -> tuple[Tenant, str]:
    """A small model, deployed as a data scientist does it."""
    from models.learned.client import deploy_folder

    folder = write_model_folder(tmp_path / "doubler", "doubler")
    token = tenant.http.headers["authorization"].removeprefix("Bearer ")
    deploy_folder(str(tenant.http.base_url), token, folder)
    return tenant, "doubler"


def test_tritonclient_infers(system: System, model: tuple[Tenant, str]) -> None:
    tenant, name = model
    headers = {"Authorization": tenant.http.headers["authorization"]}
    client = triton.InferenceServerClient(f"127.0.0.1:{system.port}", network_timeout=60, connection_timeout=60)
    assert client.is_server_live(headers=headers)
    assert client.is_model_ready(name, headers=headers)
    metadata = client.get_model_metadata(name, headers=headers)
    assert [item["name"] for item in metadata["inputs"]] == ["x"]
    for binary in (True, False):
        given = triton.InferInput("x", [3, 1], "FP64")
        given.set_data_from_numpy(np.array([[1.0], [2.0], [3.0]]), binary_data=binary)
        wanted = triton.InferRequestedOutput(metadata["outputs"][0]["name"], binary_data=binary)
        # A copy: the client leaves what it adds in the dict it is given.
        result = client.infer(name, [given], outputs=[wanted], headers=dict(headers))
        answer = result.as_numpy(metadata["outputs"][0]["name"])
        assert np.allclose(answer.ravel(), [2.0, 4.0, 6.0])
    client.close()


def test_curl_infers_with_json(model: tuple[Tenant, str]) -> None:
    tenant, name = model
    body = {"inputs": [{"name": "x", "shape": [2, 1], "datatype": "FP64", "data": [5, 6]}]}
    answer = tenant.http.post(f"/v2/models/{name}/infer", content=json.dumps(body))
    assert answer.status_code == 200, answer.text
    assert np.allclose(answer.json()["outputs"][0]["data"], [10, 12])


def test_a_workflow_step_predicts(model: tuple[Tenant, str]) -> None:
    tenant, name = model
    tenant.put_workflow(
        workflow(
            "asker", f"- ask:\n    call: predict\n    with:\n      model: {name}\n      inputs:\n        x: ${{ .x }}"
        )
    )
    run = tenant.run("test/asker", {"x": 21.0}, wait=60)
    assert run["status"] == "completed", run
    assert "42" in json.dumps(run["output"])
