"""A shard as a real Ray actor, killed with SIGKILL in the middle of its runs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import ray

from actors.call_host import CallHost, SendBy
from actors.handles import SessionClient, shard_client
from actors.jq_sandbox import JqSandbox
from actors.remote import start_session_hosts, start_shards, stop_actors
from actors.secret_values import SecretValues
from actors.session_host import SessionHost, SessionPorts
from actors.workflow_shard import ShardPorts, WorkflowShard
from cluster.adapters import actors as adapters
from cluster.adapters.api_secrets import ApiSecrets
from cluster.wiring import performers
from models.domain.clock import SystemClock
from models.domain.egress import EgressPolicy
from models.domain.errors import AnswerLost, Fault, InvalidInput, NotFound, TooManyRequests, Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse, OutboundCall
from models.domain.secrets import SecretReferences
from models.domain.secrets import secret_context as context_of_secret
from serve.routes.connections import secret_context
from storage.postgres import Database
from storage.sealer import AesGcmSealer
from tests.integration.actors.kit import Target, call, document, world
from tests.integration.calls.greeter import PROTO, SERVICE, Greeter
from tests.servers.postgres import PostgresServer

NAMESPACE = "test-actors"
# What Ray itself does to sockets and old interfaces.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning"
)


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


class Answering:
    """An outbound that reaches nobody and answers at once."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        if request.url.endswith(".proto"):
            return HttpResponse(200, {}, PROTO.encode())
        if request.url.endswith("/away"):
            raise AnswerLost(f"{request.url} did not answer in time.")
        return HttpResponse(200, {"seen": request.headers.get("authorization", "")}, request.url.encode())


class OneModel:
    """A model host that has one model."""

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        if model != "delay":
            raise InvalidInput("The request does not fit the model.", [Fault("/inputs", f"no {model}")])
        return {"tenant": str(tenant_id), "version": version, "seen": dict(request)}


@asynccontextmanager
async def build_host(dsn: str, key: bytes, allow: tuple[str, ...] = ()) -> AsyncIterator[SessionHost]:
    """What a session host's process opens."""
    database = Database(dsn, application="sessions", max_size=2)
    await database.open()
    connections, clock, limits = adapters.SessionConnections(database), SystemClock(), Limits()
    sealer, outbound, jq = AesGcmSealer([key]), Answering(), JqSandbox(limits)
    values = SecretValues(adapters.SessionSecrets(database), sealer, SecretReferences(key), clock)

    def calls(send_by: SendBy) -> CallHost:
        return CallHost(outbound, values, performers(EgressPolicy(allow), jq, limits), send_by, clock, limits)

    try:
        yield SessionHost(SessionPorts(connections, sealer, outbound, OneModel(), clock, limits, calls))
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
            assert time.monotonic() - killed < 30
            found = await asyncio.gather(*ends)
            assert [str(end.status) for end in found if end is not None] == ["completed"] * 100
            assert await handles[0].pid.remote() != pid
            assert await w.violations() == []
        finally:
            await client.close()
            await stop_actors(handles)
        assert await w.value("SELECT count(*) FROM shard_epoch WHERE owner IS NOT NULL") == 0


async def test_sessions_live_in_an_actor_and_its_errors_come_through(postgres: PostgresServer, cluster: None) -> None:
    async with world(postgres) as w:
        account, key = await w.tenant(), bytes(32)
        sealed = AesGcmSealer([key]).seal(b'{"token":"t"}', secret_context(account.tenant_id, "crm"))
        settings = {"auth": {"kind": "bearer"}, "quota": {"requests": 1, "per_seconds": 600}}
        at = w.clock.now()
        await w.api.connections.put(account.tenant_id, "crm", "https://a.example/v1", settings, sealed, at)
        hosts = start_session_hosts(1, partial(build_host, postgres.dsn(w.name, "tidewire_engine"), key), NAMESPACE)
        client = SessionClient(1, NAMESPACE)
        asked = HttpRequest("GET", "/x", {}, None, 5.0, False, None)
        try:
            answer = await client.send(account.tenant_id, "crm", asked)
            assert answer == HttpResponse(200, {"seen": "Bearer t"}, b"https://a.example/v1/x")
            with pytest.raises(TooManyRequests, match="quota of the connection crm") as refused:
                await client.send(account.tenant_id, "crm", asked)
            assert refused.value.retry_after > 500
            with pytest.raises(NotFound):
                await client.send(account.tenant_id, "other", asked)
            predicted = await client.infer(account.tenant_id, "delay", None, {"inputs": {"distance": 3}})
            assert predicted == {
                "tenant": str(account.tenant_id), "version": None, "seen": {"inputs": {"distance": 3}},
            }  # fmt: skip
            with pytest.raises(InvalidInput) as wrong:
                await client.infer(account.tenant_id, "other", "2", {})
            assert wrong.value.faults == (Fault("/inputs", "no other"),)
            shown = await w.api.connections.get(account.tenant_id, "crm")
            assert shown.state is not None
            assert (shown.state["breaker"]["state"], shown.state["quota"]["used"]) == ("closed", 1)
        finally:
            await stop_actors(hosts)
        with pytest.raises(Unavailable):
            await SessionClient(1, NAMESPACE).send(account.tenant_id, "crm", asked)


async def test_calls_with_secrets_are_made_by_the_actor(postgres: PostgresServer, cluster: None) -> None:
    async with world(postgres) as w:
        account, key = await w.tenant(), bytes(32)
        tenant = account.tenant_id
        sealed = AesGcmSealer([key]).seal(b'"the secret token"', context_of_secret(tenant, "token"))
        await ApiSecrets(w.api.app, Limits()).put(tenant, "token", sealed, w.clock.now())
        greeter = Greeter()
        stack = ExitStack()
        port = stack.enter_context(greeter.running())
        factory = partial(build_host, postgres.dsn(w.name, "tidewire_engine"), key, (f"127.0.0.1:{port}",))
        hosts = start_session_hosts(1, factory, NAMESPACE)
        client = SessionClient(1, NAMESPACE)
        greet = {
            "proto": {"uri": "https://a.example/greet.proto", "authentication": None}, "service": SERVICE,
            "host": "127.0.0.1", "port": port, "method": "Greet", "arguments": {"who": {"name": "Ada"}},
        }  # fmt: skip

        def ask(uri: str, name: str = "token") -> OutboundCall:
            request = {
                "method": "POST", "uri": uri, "output": "response", "authentication": {"bearer": {"use": name}},
            }  # fmt: skip
            return OutboundCall("http", request, "key", "/do/0/a", (), 5.0)

        try:
            answer = await client.call(tenant, ask("https://a.example/x"))
            assert (answer["output"]["headers"], answer["output"]["statusCode"]) == ({"seen": "Bearer ***"}, 200)
            missing = await client.call(tenant, ask("https://a.example", "gone"))
            assert "PUT /v1/secrets/gone" in missing["error"]["detail"]
            with pytest.raises(AnswerLost, match="did not answer"):
                await client.call(tenant, ask("https://a.example/away"))
            assert await client.fetch(tenant, "https://a.example/doc", None) == "https://a.example/doc"
            with pytest.raises(Unavailable):
                await client.fetch(tenant, "https://a.example/away", None)
            greeted = await client.call(tenant, OutboundCall("grpc", greet, "key", "/do/0/a", (), 20.0))
            assert greeted["output"]["text"] == "Hello Ada"
        finally:
            await stop_actors(hosts)
            stack.close()
