"""The one file that knows Ray Serve: the API ingress, the model host, and a client for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import ray.serve as ray_serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp

from models.domain.errors import TidewireError, Unavailable
from serve.direct_door import DirectDoor
from serve.inference_host import ModelHost
from serve.inference_ports import ModelServing

APPLICATION = "tidewire"
MODEL_HOST = "ModelHost"

ApiFactory = Callable[[ModelServing], ASGIApp]
HostFactory = Callable[[], AbstractAsyncContextManager[ModelHost]]


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Sizes of the deployments. Times in seconds; `ongoing` and `queued` are requests a replica.

    `door`: path of the socket where a replica of the API listens for the front door, with its id for `{replica}`.
    """

    door: str
    host: str = "127.0.0.1"
    port: int = 8080
    api_replicas: int = 1
    api_ongoing: int = 200
    api_queued: int = 2_000
    model_replicas: int = 1
    model_ongoing: int = 64
    model_queued: int = 512
    health_period: float = 1.0
    request_timeout: float = 90.0
    drain_timeout: int = 20


@dataclass(frozen=True, slots=True)
class _Failure:
    """An expected error as a value: Serve would wrap a raised one and log it as a crash of the replica."""

    error: TidewireError


class ApiApp:
    """The ingress: the FastAPI application, given a client of the model host, with a door of its own."""

    def __init__(
        self, make_app: ApiFactory, models: DeploymentHandle[Any], door: str, drain_timeout: int
    ) -> None:
        self._make_app = make_app
        self._models = models
        self._door = door
        self._drain_timeout = drain_timeout

    def __serve_build_asgi_app__(self) -> ASGIApp:
        replica = ray_serve.get_replica_context().replica_id.unique_id
        app = self._make_app(ServeModels(self._models))
        return DirectDoor(app, Path(self._door.format(replica=replica)), self._drain_timeout)


class ModelReplica:
    """A replica that answers for every model of every tenant, loading versions when they are asked for."""

    async def __init__(self, make_host: HostFactory) -> None:  # type: ignore[misc]
        self._stack = AsyncExitStack()
        self._host = await self._stack.enter_async_context(make_host())

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any] | _Failure:
        try:
            return await self._host.infer(tenant_id, model, version, request)
        except TidewireError as error:
            return _Failure(error)

    async def ready(self, tenant_id: UUID, model: str, version: str | None) -> bool:
        return await self._host.ready(tenant_id, model, version)

    async def check(self, object_key: str, sha256: bytes) -> _Failure | None:
        try:
            await self._host.check(object_key, sha256)
        except TidewireError as error:
            return _Failure(error)
        return None

    async def __del__(self) -> None:
        await self._stack.aclose()


class ServeModels(ModelServing):
    """Client of the model host, for any process of the cluster. Picklable while no handle is open."""

    def __init__(self, handle: DeploymentHandle[Any] | None = None) -> None:
        self._handle = handle

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        answer = await self._call("infer", tenant_id, model, version, dict(request))
        if isinstance(answer, _Failure):
            raise answer.error
        result: dict[str, Any] = answer
        return result

    async def ready(self, tenant_id: UUID, model: str, version: str | None) -> bool:
        try:
            return bool(await self._call("ready", tenant_id, model, version))
        except Unavailable:
            return False

    async def check(self, object_key: str, sha256: bytes) -> None:
        answer = await self._call("check", object_key, sha256)
        if isinstance(answer, _Failure):
            raise answer.error

    async def _call(self, method: str, *arguments: Any) -> Any:
        try:
            if self._handle is None:
                self._handle = await asyncio.to_thread(
                    ray_serve.get_deployment_handle, MODEL_HOST, APPLICATION
                )
            return await getattr(self._handle, method).remote(*arguments)
        except (RayServeException, RayError) as error:
            raise Unavailable("The model host cannot be reached right now.") from error


def build_application(make_app: ApiFactory, make_host: HostFactory, config: ServeConfig) -> ray_serve.Application:
    """The graph of deployments. Both factories are pickled and called in the replicas."""
    models = ray_serve.deployment(
        name=MODEL_HOST,
        num_replicas=config.model_replicas,
        max_ongoing_requests=config.model_ongoing,
        max_queued_requests=config.model_queued,
        ray_actor_options={"num_cpus": 0},
        graceful_shutdown_timeout_s=config.drain_timeout,
        health_check_period_s=config.health_period,
    )(ModelReplica)
    api = ray_serve.deployment(
        name="Api",
        num_replicas=config.api_replicas,
        max_ongoing_requests=config.api_ongoing,
        max_queued_requests=config.api_queued,
        ray_actor_options={"num_cpus": 0},
        graceful_shutdown_timeout_s=config.drain_timeout,
        health_check_period_s=config.health_period,
    )(ray_serve.ingress()(ApiApp))
    application: ray_serve.Application = api.bind(
        make_app, models.bind(make_host), config.door, config.drain_timeout
    )
    return application


def deploy(make_app: ApiFactory, make_host: HostFactory, config: ServeConfig) -> None:
    """Starts Serve's front door on `config.port` and the application; returns when replicas are up.

    Blocking; call it from a driver (ray.init done), not from an event loop.
    """
    ray_serve.start(
        proxy_location="HeadOnly",
        http_options={
            "host": config.host,
            "port": config.port,
            "request_timeout_s": config.request_timeout,
        },
    )
    ray_serve.run(build_application(make_app, make_host, config), name=APPLICATION, route_prefix="/")


def statuses() -> dict[str, str]:
    """deployment -> HEALTHY, UPDATING, UNHEALTHY ...; empty when the application is not deployed."""
    application = ray_serve.status().applications.get(APPLICATION)
    if application is None:
        return {}
    return {name: str(info.status.value) for name, info in application.deployments.items()}


def shutdown() -> None:
    """Drains and removes the application and the front door."""
    ray_serve.shutdown()
