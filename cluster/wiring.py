"""The composition root: what each process builds, from one picklable value.

A factory is a partial of a function here over a Runtime. It is called in the process and loop that use what it builds,
and imports what it builds only there: a shard has no use for the 40 MB of the API, nor the push gateway for both.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cluster.crash.watch import Watch, watch_of
from cluster.runtime import Runtime
from models.domain.clock import SystemClock
from models.domain.egress import EgressPolicy
from models.domain.limits import Limits
from models.domain.secrets import SecretReferences

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from actors.call_host import Performer
    from actors.jq_sandbox import JqSandbox
    from actors.session_host import SessionHost
    from actors.workflow_shard import WorkflowShard
    from models.domain.ports import HttpRequest, HttpResponse, ModelPredictor, OutboundHttp
    from serve.auth.tokens import TokenKeys
    from serve.deps import ApiOptions, ApiPorts
    from serve.federation_ports import FederationPorts
    from serve.inference_host import ModelHost
    from serve.inference_ports import ModelServing
    from serve.push.gateway import PushGateway
    from storage.postgres import Database


def options(runtime: Runtime) -> ApiOptions:
    """Settings of the API and its pages; the gateway is reached at the same address."""
    from serve.deps import ApiOptions

    settings = runtime.settings
    return ApiOptions(
        secure=settings.behind_tls, cookie_suffix=f"_{settings.port}", trusted_hops=1, replicas=settings.api_replicas,
        public_url=settings.public_url or settings.url, mail=settings.smtp_url is not None,
        verification=settings.verification, rp_id=settings.relying_party, passkey_origins=settings.passkey_origins,
    )  # fmt: skip


def make_api(runtime: Runtime, models: ModelServing) -> ASGIApp:
    """The application of one replica."""
    import serve
    from serve.app import create_app

    dist = Path(serve.__file__).parent / "web" / "dist"
    pages = dist if (dist / "index.html").exists() else None
    return create_app(partial(open_api_ports, runtime, models), web_root=pages, options=options(runtime))


@asynccontextmanager
async def open_api_ports(runtime: Runtime, models: ModelServing) -> AsyncIterator[ApiPorts]:
    """The ports of the API over PostgreSQL, Redis, objects and shards."""
    from actors.handles import SessionClient, shard_client
    from cluster.adapters import api as adapters
    from cluster.adapters.actors import Directory
    from cluster.adapters.api_access import ApiAccess
    from cluster.adapters.api_accounts import ApiAccounts, ApiTenants
    from cluster.adapters.api_audit import ApiAudit
    from cluster.adapters.api_authorization import ApiKeys, ApiMembers, ApiRoles, ApiServiceAccounts
    from cluster.adapters.api_factors import ApiFactors
    from cluster.adapters.api_flow import ApiFlow
    from cluster.adapters.api_gateway import ApiIdempotency, ApiPlans, ApiUsage, mark_claim
    from cluster.adapters.api_metrics import ApiMetrics
    from cluster.adapters.api_notifications import ApiNotifications
    from cluster.adapters.api_operations import ApiDeadLetters, ApiJobs, ApiOperations, ApiSamples
    from cluster.adapters.api_secrets import ApiSecrets
    from cluster.adapters.api_tasks import ApiTasks
    from cluster.adapters.readiness import ApiReadiness
    from serve.deps import ApiPorts
    from serve.gateway.ports import GatewayPorts
    from storage.objects import open_objects
    from storage.redis_attempts import RedisAttemptCounter
    from storage.redis_changes import RedisChanges
    from storage.redis_client import open_redis
    from storage.redis_rate_limits import RedisRateLimits
    from storage.sealer import AesGcmSealer

    clock, limits = SystemClock(), Limits()
    async with AsyncExitStack() as stack:
        watch = watch_of(runtime)
        database = await _database(stack, watch, runtime.dsn("tidewire_app"), "api", 8)
        database.before_commit = mark_claim
        redis = open_redis(runtime.redis_url)
        stack.push_async_callback(redis.aclose)
        changes = RedisChanges(redis)
        stack.push_async_callback(changes.close)
        dispatcher = shard_client(Directory(database), clock)
        stack.push_async_callback(dispatcher.close)
        ports = ApiPorts(
            identity=adapters.ApiIdentity(database, clock),
            accounts=ApiAccounts(database),
            tenants=ApiTenants(database),
            access=ApiAccess(database),
            members=ApiMembers(database, limits),
            roles=ApiRoles(database, limits),
            service_accounts=ApiServiceAccounts(database, limits),
            api_keys=ApiKeys(database, limits),
            factors=ApiFactors(database, limits),
            audit=ApiAudit(database),
            workflows=adapters.ApiWorkflows(database),
            runs=adapters.ApiRuns(database, limits),
            events=adapters.ApiEvents(database),
            webhooks=adapters.ApiWebhooks(database),
            metrics=ApiMetrics(database, clock, limits),
            notifications=ApiNotifications(database),
            tasks=ApiTasks(database),
            federation=_federation(stack, runtime, database, limits),
            gateway=GatewayPorts(
                RedisRateLimits(redis), ApiPlans(database), ApiIdempotency(database), ApiUsage(database), changes
            ),
            flow=ApiFlow(database),
            operations=ApiOperations(database, limits),
            jobs=ApiJobs(database),
            dead_letters=ApiDeadLetters(database, limits),
            samples=ApiSamples(database, limits),
            connections=adapters.ApiConnections(database),
            secrets=ApiSecrets(database, limits),
            resources=SessionClient(runtime.settings.session_hosts),
            models=adapters.ApiModels(database, clock),
            serving=models,
            objects=open_objects(runtime.objects),
            dispatcher=dispatcher,
            sealer=AesGcmSealer(runtime.sealing_keys),
            attempts=RedisAttemptCounter(redis),
            readiness=ApiReadiness(database, redis),
            clock=clock,
            keys=await _token_keys(stack, runtime, database, runtime.settings.key_rotation_days),
            options=options(runtime),
            limits=limits,
        )
        yield watch.ports("api", ports)


def _federation(stack: AsyncExitStack, runtime: Runtime, database: Database, limits: Limits) -> FederationPorts:
    from cluster.adapters.api_federation import ApiProviders, ApiSignOns
    from cluster.adapters.api_scim import ApiScim
    from cluster.adapters.txt_records import DnsTxtRecords
    from serve.federation_ports import FederationPorts

    settings = runtime.settings
    return FederationPorts(
        ApiProviders(database, limits), ApiSignOns(database), ApiScim(database, limits),
        LateHttp(partial(_outbound, stack, runtime, limits)), DnsTxtRecords(), settings.public_url or settings.url,
        frozenset(settings.sso_domains),
    )  # fmt: skip


class LateHttp:
    """A client of its own that the first request makes: most tenants have no identity provider."""

    def __init__(self, make: Callable[[], OutboundHttp]) -> None:
        self._make = make
        self._client: OutboundHttp | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """See OutboundHttp.send."""
        if self._client is None:
            self._client = self._make()
        return await self._client.send(request)


@asynccontextmanager
async def open_model_host(runtime: Runtime) -> AsyncIterator[ModelHost]:
    """What a replica of the model host answers with."""
    from cluster.adapters.api import ApiModels
    from serve.inference_host import open_host
    from storage.objects import open_objects

    async with AsyncExitStack() as stack:
        watch = watch_of(runtime)
        database = await _database(stack, watch, runtime.dsn("tidewire_app"), "models", 3)
        catalog = watch.port("models.catalog", ApiModels(database, SystemClock()))
        objects = watch.port("models.objects", open_objects(runtime.objects))
        yield watch.port("models.host", await stack.enter_async_context(open_host(catalog, objects, Limits())))


@asynccontextmanager
async def open_push_gateway(runtime: Runtime) -> AsyncIterator[PushGateway]:
    """A listening gateway."""
    from cluster.adapters.push import PushSessions
    from serve.push.gateway import PushDeps, PushGateway
    from serve.push.ports import PushConfig
    from serve.push.tokens import AccessTokens
    from storage.redis_client import open_redis
    from storage.redis_push_reader import RedisChannelLog

    clock = SystemClock()
    async with AsyncExitStack() as stack:
        watch = watch_of(runtime)
        database = await _database(stack, watch, runtime.dsn("tidewire_app"), "push", 3)
        redis = open_redis(runtime.redis_url)
        stack.push_async_callback(redis.aclose)
        config = PushConfig(port=runtime.ports.push, origins=frozenset(runtime.settings.origins))
        keys = await _token_keys(stack, runtime, database)
        deps = PushDeps(RedisChannelLog(redis), AccessTokens(keys, clock), clock, PushSessions(database))
        gateway = PushGateway(config, watch.ports("gateway", deps))
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        yield gateway


@asynccontextmanager
async def open_shard(runtime: Runtime, owner: str) -> AsyncIterator[WorkflowShard]:
    """A shard that is not started yet."""
    from actors.call_step import CALL_KINDS, CallStep
    from actors.handles import SessionClient
    from actors.http_step import HttpStep
    from actors.predict_step import PredictStep
    from actors.script_step import ScriptStep
    from actors.step_runner import Kind, StepRunner
    from actors.workflow_shard import ShardPorts, WorkflowShard
    from cluster.adapters import actors as adapters
    from cluster.adapters.actor_operations import ShardHistory, ShardJobs
    from models.domain.dsl.protocol import StepKind

    clock, limits = SystemClock(), Limits()
    async with AsyncExitStack() as stack:
        watch = watch_of(runtime)
        database = await _database(stack, watch, runtime.dsn("tidewire_engine"), "shard", 4)
        outbound = _outbound(stack, runtime, limits)
        sessions = SessionClient(runtime.settings.session_hosts)
        kinds: dict[StepKind, Kind] = {
            StepKind.HTTP: HttpStep(outbound, sessions, sessions), StepKind.PREDICT: PredictStep(sessions),
            StepKind.SCRIPT: ScriptStep(limits, outbound),
            **dict.fromkeys(CALL_KINDS, CallStep(sessions)),
        }  # fmt: skip
        ports = ShardPorts(
            journal=adapters.ShardJournal(database, clock, limits),
            leases=adapters.ShardLeases(database),
            definitions=adapters.ShardDefinitions(database),
            triggers=adapters.ShardTriggers(database),
            housekeeping=adapters.ShardHousekeeping(database),
            steps=StepRunner(kinds, clock, limits),
            clock=clock,
            limits=limits,
            references=secret_references(runtime),
            history=ShardHistory(database),
            jobs=ShardJobs(database, limits),
        )
        yield WorkflowShard(owner, watch.ports("shard", ports))


@asynccontextmanager
async def open_session_host(runtime: Runtime) -> AsyncIterator[SessionHost]:
    """A host of sessions with outside systems."""
    from actors.call_host import CallHost, SendBy
    from actors.jq_sandbox import JqSandbox
    from actors.secret_values import SecretValues
    from actors.session_host import SessionHost, SessionPorts
    from cluster.adapters.actors import SessionConnections, SessionSecrets
    from storage.sealer import AesGcmSealer

    clock, limits = SystemClock(), Limits()
    async with AsyncExitStack() as stack:
        watch = watch_of(runtime)
        database = await _database(stack, watch, runtime.dsn("tidewire_engine"), "sessions", 3)
        sealer = AesGcmSealer(runtime.sealing_keys)
        outbound = watch.port("session-host.http", _outbound(stack, runtime, limits))
        secrets = watch.port("session-host.secrets", SessionSecrets(database))
        values = SecretValues(secrets, sealer, secret_references(runtime), clock)

        jq = JqSandbox(limits)
        stack.callback(jq.close)
        known = performers(EgressPolicy(runtime.egress_allow), jq, limits)

        def calls(send_by: SendBy) -> CallHost:
            return CallHost(outbound, values, known, send_by, clock, limits)

        connections, models = SessionConnections(database), LateModels()
        ports = SessionPorts(connections, sealer, outbound, models, clock, limits, calls)
        yield SessionHost(watch.ports("session-host", ports))


def secret_references(runtime: Runtime) -> SecretReferences:
    """What runs see of secrets. The oldest key of the ring stays when newer ones are added, as journals do."""
    return SecretReferences(hashlib.blake2b(runtime.sealing_keys[-1], person=b"references").digest())


def performers(policy: EgressPolicy, jq: JqSandbox, limits: Limits) -> dict[str, Callable[[], Performer]]:
    """What performs each kind of call; made, with what it imports, when the first of its kind comes."""

    def http() -> Performer:
        from actors.http_call import HttpCall

        return HttpCall()

    def openapi() -> Performer:
        from actors.openapi_call import OpenApiCall

        return OpenApiCall()

    def grpc() -> Performer:
        from actors.egress_guard import EgressGuard
        from actors.grpc_call import GrpcCall

        return GrpcCall(EgressGuard(policy, limits.max_http_connect_seconds), limits)

    def asyncapi() -> Performer:
        from actors.asyncapi_call import AsyncApiCall
        from actors.egress_guard import EgressGuard
        from actors.http_messages import HttpMessages
        from actors.kafka_messages import KafkaMessages

        guard = EgressGuard(policy, limits.max_http_connect_seconds)
        return AsyncApiCall({"http": HttpMessages(), "kafka": KafkaMessages(guard, limits)}, jq, limits)

    def mcp() -> Performer:
        from actors.mcp_call import McpCall

        return McpCall()

    def a2a() -> Performer:
        from actors.a2a_call import A2aCall

        return A2aCall()

    return {"http": http, "openapi": openapi, "grpc": grpc, "asyncapi": asyncapi, "mcp": mcp, "a2a": a2a}


class LateModels:
    """A client of the model host that is opened by the first prediction: it brings 40 MB of Serve with it."""

    def __init__(self) -> None:
        self._client: ModelPredictor | None = None

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """See ModelPredictor.infer."""
        if self._client is None:
            self._client = await asyncio.to_thread(_open_models)
        return await self._client.infer(tenant_id, model, version, request)


def _open_models() -> ModelPredictor:
    from serve.deployment import ServeModels

    return ServeModels()


def _outbound(stack: AsyncExitStack, runtime: Runtime, limits: Limits) -> OutboundHttp:
    from actors.outbound_http import OutboundHttpClient

    client = OutboundHttpClient(EgressPolicy(runtime.egress_allow), limits)
    stack.push_async_callback(client.close)
    return client


async def _token_keys(
    stack: AsyncExitStack, runtime: Runtime, database: Database, rotation_days: int = 0
) -> TokenKeys:
    """The keys that tokens are signed with, as they are now and, while the process lives, as they become."""
    from cluster.adapters.signing_keys import StoredSigningKeys
    from serve.auth.signing_keys import SigningKeys
    from serve.auth.tokens import TokenKeys
    from storage.sealer import AesGcmSealer

    keys = TokenKeys.from_json(runtime.secrets.token_keys)
    watch = SigningKeys(
        keys, StoredSigningKeys(database), AesGcmSealer(runtime.sealing_keys), SystemClock(), Limits(), rotation_days
    )
    await watch.load()
    watching = asyncio.create_task(watch.run(), name="signing keys")
    stack.callback(watching.cancel)
    return keys


async def _database(stack: AsyncExitStack, watch: Watch, dsn: str, name: str, most: int) -> Database:
    database = watch.database(dsn, f"tidewire {name}", most)
    await database.open()
    stack.push_async_callback(database.close)
    return database
