"""Makes Ray actors of the plain classes: each opens what it needs in its own loop, from a picklable factory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

import ray
from ray.exceptions import ActorUnavailableError

from actors.handles import NAMESPACE, host_name, shard_name
from actors.services import quiet_collector
from actors.session_host import SessionHost
from actors.wire import pack, read_call, read_ids, read_object, read_request, read_wakes
from actors.workflow_shard import WorkflowShard

T = TypeVar("T")
ShardFactory = Callable[[str], AbstractAsyncContextManager[WorkflowShard]]
"""Called with the owner's name, gives a shard that is not started yet and closes its pools at the end."""
HostFactory = Callable[[], AbstractAsyncContextManager[SessionHost]]

_log = logging.getLogger(__name__)
_STOP_SECONDS = 10.0
_OPEN_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_OPTIONS = {
    "num_cpus": 0,
    "max_restarts": -1,
    "max_task_retries": 0,
    "max_concurrency": 2000,
    "lifetime": "detached",
    "get_if_exists": True,
}


class _Opened(Generic[T]):
    """Something that is opened in the background, again and again until it works; calls wait for it."""

    def __init__(self, factory: Callable[[], AbstractAsyncContextManager[T]], started: Callable[[T], object]) -> None:
        self._stack = AsyncExitStack()
        self._task = asyncio.get_running_loop().create_task(self._open(factory, started))

    async def get(self) -> T:
        return await asyncio.shield(self._task)

    async def close(self) -> None:
        self._task.cancel()
        await self._stack.aclose()

    async def _open(
        self, factory: Callable[[], AbstractAsyncContextManager[T]], started: Callable[[T], object]
    ) -> T:
        pause = 0.1
        while True:
            try:
                opened = await self._stack.enter_async_context(factory())
            except Exception:
                _log.exception("an actor cannot open what it needs")
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
            else:
                started(opened)
                return opened


class ShardActor:
    """A WorkflowShard in a process of its own. A restart runs this anew, under a new owner's name."""

    def __init__(self, name: str, factory: ShardFactory) -> None:
        quiet_collector()
        owner = f"{name}#{uuid4().hex[:12]}"
        self._opened = _Opened(lambda: factory(owner), WorkflowShard.start)

    async def wake(self, subscriber: str, wakes: bytes, awaited: bytes) -> bytes:
        shard = await self._opened.get()
        return pack(shard.wake(subscriber, read_wakes(wakes), frozenset(read_ids(awaited))))

    async def ends(self, subscriber: str, seconds: float) -> bytes:
        shard = await self._opened.get()
        return pack(await shard.ends(subscriber, seconds))

    async def stats(self) -> dict[str, int]:
        return (await self._opened.get()).stats()

    async def pid(self) -> int:
        """The process that it lives in."""
        return os.getpid()

    async def stop(self) -> None:
        """Ends steps, commits, gives the shards back."""
        await (await self._opened.get()).stop()
        await self._opened.close()


class HostActor:
    """A SessionHost in a process of its own."""

    def __init__(self, factory: HostFactory) -> None:
        quiet_collector()
        self._opened = _Opened(factory, lambda host: None)

    async def send(self, tenant_id: bytes, connection: str, request: bytes) -> bytes:
        host = await self._opened.get()
        return pack(await host.send(UUID(bytes=tenant_id), connection, read_request(request)))

    async def call(self, tenant_id: bytes, call: bytes) -> bytes:
        host = await self._opened.get()
        return pack(await host.call(UUID(bytes=tenant_id), read_call(call)))

    async def fetch(self, tenant_id: bytes, uri: str, packed: bytes) -> bytes:
        host = await self._opened.get()
        document = await host.fetch(UUID(bytes=tenant_id), uri, read_object(packed)["authentication"])
        return pack({"document": document})

    async def infer(self, tenant_id: bytes, model: str, version: str | None, request: bytes) -> bytes:
        host = await self._opened.get()
        return pack(await host.infer(UUID(bytes=tenant_id), model, version, read_object(request)))

    async def stats(self) -> dict[str, int]:
        return (await self._opened.get()).stats()

    async def stop(self) -> None:
        await self._opened.close()


def start_shards(count: int, factory: ShardFactory, namespace: str = NAMESPACE) -> list[Any]:
    """Starts or finds the shard actors; returns their handles."""
    remote = ray.remote(ShardActor)
    names = [shard_name(number) for number in range(count)]
    return [remote.options(name=name, namespace=namespace, **_OPTIONS).remote(name, factory) for name in names]


def start_session_hosts(count: int, factory: HostFactory, namespace: str = NAMESPACE) -> list[Any]:
    """Starts or finds the session hosts; returns their handles."""
    remote = ray.remote(HostActor)
    names = [host_name(number) for number in range(count)]
    return [remote.options(name=name, namespace=namespace, **_OPTIONS).remote(factory) for name in names]


async def opened(handle: Any) -> None:
    """Waits for a figure of the actor, which comes only when it has opened what it needs. One that dies meanwhile is
    started again by Ray; TimeoutError after a minute."""
    async with asyncio.timeout(_OPEN_SECONDS):
        while True:
            try:
                await handle.stats.remote()
            except ActorUnavailableError:
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                return


async def stop_actors(handles: Sequence[Any]) -> None:
    """Lets them finish and give back what they own, then ends them for good."""

    async def stop(handle: Any) -> None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_STOP_SECONDS):
                await handle.stop.remote()
        ray.kill(handle, no_restart=True)

    await asyncio.gather(*(stop(handle) for handle in handles))
