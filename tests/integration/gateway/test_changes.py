"""A change of anything that answers are remembered of reaches every replica by the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from models.domain.identity import TenantScope
from serve import inference_ports as inference
from serve import records as r
from storage import metric_definitions, samples, secrets, usage
from storage.outbox import ends
from storage.push_writer import PushWriter
from storage.redis_changes import RedisChanges
from storage.relay import Relay, RelayConfig
from storage.relay_sinks import PushSink
from tests.storage_kit import NOW, Api, new_version

Change = Callable[[Api, r.NewAccount], Awaitable[object]]


async def put_workflow(api: Api, tenant: r.NewAccount) -> None:
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)


async def disable(api: Api, tenant: r.NewAccount) -> None:
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    await api.workflows.set_enabled(tenant.tenant_id, "ops", "flow", False, NOW)


async def put_secret(api: Api, tenant: r.NewAccount) -> None:
    async with api.app.unit_of_work([tenant.tenant_id]) as conn:
        await secrets.put(conn, TenantScope(tenant.tenant_id), "key", b"sealed", NOW, 10)


async def put_sample(api: Api, tenant: r.NewAccount) -> None:
    await put_workflow(api, tenant)
    async with api.app.unit_of_work([tenant.tenant_id]) as conn:
        scope = TenantScope(tenant.tenant_id)
        await samples.put(conn, scope, ("ops", "flow"), samples.Sample("one", {}, {}, NOW), 10)


async def define(api: Api, tenant: r.NewAccount) -> None:
    async with api.app.unit_of_work([tenant.tenant_id]) as conn:
        await metric_definitions.define(conn, TenantScope(tenant.tenant_id), "delay", {"type": "a"}, 10, NOW)


async def add_model(api: Api, tenant: r.NewAccount) -> None:
    await api.models.add_version(inference.ModelVersion(tenant.tenant_id, "delay", "1", {}, "key", b"1", 1, NOW))
    await api.models.set_alias(tenant.tenant_id, "delay", "live", "1")


async def set_plan(api: Api, tenant: r.NewAccount) -> None:
    async with api.engine.unit_of_work() as conn:
        await usage.set_plan(conn, tenant.tenant_name, "small", {"runs": 7})


CASES: dict[str, Change] = {
    "workflow": put_workflow, "workflow ": disable, "secret": put_secret, "sample": put_sample,
    "metric_definition": define, "model": add_model, "plan": set_plan,
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
async def test_a_change_is_told_to_who_listens(api: Api, tenant: r.NewAccount, redis: Redis, kind: str) -> None:
    changes = RedisChanges(redis)
    writer = PushWriter(redis)
    await writer.forget_position()
    relay = Relay(api.engine, [PushSink(writer)], RelayConfig())
    heard: set[str] = set()
    async with asyncio.timeout(10), aclosing(changes.follow()) as following:
        assert await anext(following) is None
        await CASES[kind](api, tenant)
        async with api.engine.read() as conn:
            newest = (await ends(conn)).newest
        assert newest is not None
        await relay.run_once()
        async for change in following:
            assert change is not None
            if change[0] == tenant.tenant_id:
                heard.update(change[1])
                break
    assert kind.strip() in heard or (kind == "sample" and "workflow" in heard)


async def test_what_one_replica_tells_the_others_hear(redis: Redis) -> None:
    changes, tenant = RedisChanges(redis), uuid4()
    async with asyncio.timeout(5), aclosing(changes.follow()) as following:
        assert await anext(following) is None
        for _ in range(3):
            changes.tell(tenant, ["workflow", "*"])
        heard = await anext(following)
        while heard is None or heard[0] != tenant:
            heard = await anext(following)
    assert heard == (tenant, ("workflow", "*"))
    await changes.close()
