"""The composition root: what each process builds, from one picklable value.

A factory is a partial of a function here over a Runtime. It is called in the process and loop that use what it builds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from starlette.types import ASGIApp

import serve
from cluster.adapters import api as adapters
from cluster.adapters.api_metrics import ApiMetrics
from cluster.adapters.push import PushSessions
from cluster.adapters.readiness import ApiReadiness
from cluster.runtime import Runtime
from models.domain.clock import SystemClock
from models.domain.limits import Limits
from serve.app import create_app
from serve.auth.tokens import TokenKeys
from serve.deps import ApiOptions, ApiPorts
from serve.inference_host import ModelHost, open_host
from serve.inference_ports import ModelServing
from serve.push.gateway import PushDeps, PushGateway
from serve.push.ports import PushConfig
from serve.push.tokens import AccessTokens
from storage.objects import open_objects
from storage.postgres import Database
from storage.redis_attempts import RedisAttemptCounter
from storage.redis_client import open_redis
from storage.redis_push_reader import RedisChannelLog
from storage.sealer import AesGcmSealer


def options(runtime: Runtime) -> ApiOptions:
    """Settings of the API and its pages; the gateway is reached at the same address."""
    return ApiOptions(secure=runtime.settings.secure, cookie_suffix=f"_{runtime.settings.port}", trusted_hops=0)


def make_api(runtime: Runtime, models: ModelServing) -> ASGIApp:
    """The application of one replica."""
    dist = Path(serve.__file__).parent / "web" / "dist"
    pages = dist if (dist / "index.html").exists() else None
    return create_app(partial(open_api_ports, runtime, models), web_root=pages, options=options(runtime))


@asynccontextmanager
async def open_api_ports(runtime: Runtime, models: ModelServing) -> AsyncIterator[ApiPorts]:
    """The ports of the API over PostgreSQL, Redis, objects and shards."""
    clock, limits = SystemClock(), Limits()
    async with AsyncExitStack() as stack:
        database = await _database(stack, runtime, "tidewire_app", "api", 12)
        redis = open_redis(runtime.redis_url)
        stack.push_async_callback(redis.aclose)
        dispatcher = await stack.enter_async_context(open_dispatcher(runtime))
        yield ApiPorts(
            identity=adapters.ApiIdentity(database, clock),
            workflows=adapters.ApiWorkflows(database),
            runs=adapters.ApiRuns(database, limits),
            events=adapters.ApiEvents(database),
            webhooks=adapters.ApiWebhooks(database),
            metrics=ApiMetrics(database, clock, limits),
            notifications=adapters.ApiNotifications(database),
            connections=adapters.ApiConnections(database),
            models=adapters.ApiModels(database, clock),
            serving=models,
            objects=open_objects(runtime.objects),
            dispatcher=dispatcher,
            sealer=AesGcmSealer(runtime.sealing_keys),
            attempts=RedisAttemptCounter(redis),
            readiness=ApiReadiness(database, redis),
            clock=clock,
            keys=TokenKeys.from_json(runtime.secrets.token_keys),
            options=options(runtime),
            limits=limits,
        )


@asynccontextmanager
async def open_model_host(runtime: Runtime) -> AsyncIterator[ModelHost]:
    """What a replica of the model host answers with."""
    async with AsyncExitStack() as stack:
        database = await _database(stack, runtime, "tidewire_app", "models", 3)
        catalog = adapters.ApiModels(database, SystemClock())
        yield await stack.enter_async_context(open_host(catalog, open_objects(runtime.objects), Limits()))


@asynccontextmanager
async def open_push_gateway(runtime: Runtime) -> AsyncIterator[PushGateway]:
    """A listening gateway."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = await _database(stack, runtime, "tidewire_app", "push", 3)
        redis = open_redis(runtime.redis_url)
        stack.push_async_callback(redis.aclose)
        config = PushConfig(port=runtime.ports.push, origins=frozenset(runtime.settings.origins))
        keys = TokenKeys.from_json(runtime.secrets.token_keys)
        gateway = PushGateway(
            config, PushDeps(RedisChannelLog(redis), AccessTokens(keys, clock), clock, PushSessions(database))
        )
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        yield gateway


async def _database(stack: AsyncExitStack, runtime: Runtime, role: str, name: str, most: int) -> Database:
    database = Database(runtime.dsn(role), application=f"tidewire {name}", max_size=most)
    await database.open()
    stack.push_async_callback(database.close)
    return database
