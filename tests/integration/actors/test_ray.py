"""A shard as a real Ray actor, killed with SIGKILL in the middle of its runs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import ray

from actors.handles import shard_client
from actors.remote import start_shards, stop_actors
from actors.workflow_shard import ShardPorts, WorkflowShard
from cluster.adapters import actors as adapters
from models.domain.clock import SystemClock
from models.domain.limits import Limits
from storage.postgres import Database
from tests.integration.actors.kit import Target, call, document, world
from tests.servers.postgres import PostgresServer

NAMESPACE = "test-actors"


@asynccontextmanager
async def build(dsn: str, seconds: float, owner: str) -> AsyncIterator[WorkflowShard]:
    """What the actor's process opens."""
    database = Database(dsn, application=owner, max_size=6)
    await database.open()
    clock, limits = SystemClock(), Limits()
    try:
        yield WorkflowShard(
            owner,
            ShardPorts(
                adapters.ShardJournal(database, clock, limits), adapters.ShardLeases(database),
                adapters.ShardDefinitions(database), adapters.ShardTriggers(database),
                adapters.ShardHousekeeping(database), Target(seconds), clock, limits,
            ),
        )  # fmt: skip
    finally:
        await database.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    # Started here, because it takes seconds: one for all tests of the module.
    ray.init(
        num_cpus=1, include_dashboard=False, object_store_memory=80 * 1024 * 1024, logging_level="ERROR",
        log_to_driver=False, namespace=NAMESPACE,
    )  # fmt: skip
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
async def test_a_killed_actor_comes_back_and_ends_its_runs(postgres: PostgresServer, cluster: None) -> None:
    async with world(postgres) as w:
        account = await w.tenant(document(call("a"), call("b"), call("c")))
        dsn = postgres.dsn(w.name, "tidewire_engine")
        handles = start_shards(1, partial(build, dsn, 0.2), NAMESPACE)
        client = shard_client(adapters.Directory(w.api.app), SystemClock(), NAMESPACE)
        try:
            assert (await handles[0].stats.remote())["shards"] >= 0
            wakes = await w.accept(account, 100)
            ends = [asyncio.create_task(client.wait(wake.run_id, 40)) for wake in wakes]
            await asyncio.sleep(0)
            client.wake(wakes)
            await w.until_row("SELECT count(*) FROM journal WHERE type = 'task.completed'")
            pid = await handles[0].pid.remote()
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            before = await w.value("SELECT max(epoch) FROM journal")
            await w.until_row("SELECT count(*) FROM journal WHERE epoch > $1", before)
            assert time.monotonic() - killed < 10
            found = await asyncio.gather(*ends)
            assert [str(end.status) for end in found if end is not None] == ["completed"] * 100
            assert await handles[0].pid.remote() != pid
            assert await w.violations() == []
        finally:
            await client.close()
            await stop_actors(handles)
        assert await w.value("SELECT count(*) FROM shard_epoch WHERE owner IS NOT NULL") == 0
