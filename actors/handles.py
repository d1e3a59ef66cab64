"""Calls to the Ray actors: the only place that makes them. A handle is looked up anew after each failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from actors.ports import ShardDirectory
from actors.shard_client import ShardClient
from actors.wire import pack, read_ends, read_ids, read_object, read_response
from models.domain.clock import Clock
from models.domain.errors import AnswerLost, TidewireError, Unavailable
from models.domain.ports import Ended, HttpRequest, HttpResponse, OutboundCall, Wake

NAMESPACE = "tidewire"


def shard_name(number: int) -> str:
    """The name of the shard actor of this number, from 0."""
    return f"workflow-shard-{number}"


def host_name(number: int) -> str:
    """The name of the session host of this number, from 0."""
    return f"session-host-{number}"


def shard_client(directory: ShardDirectory, clock: Clock, namespace: str = NAMESPACE) -> ShardClient:
    """A client of the shard actors of this Ray cluster; `close` it."""

    async def find(actor: str) -> RayShard:
        return RayShard(await actor_named(actor, namespace))

    return ShardClient(directory, find, clock)


async def actor_named(name: str, namespace: str = NAMESPACE) -> Any:
    """The handle; Unavailable when there is no such actor now."""
    try:
        return await asyncio.to_thread(ray.get_actor, name, namespace)
    except (ValueError, RayError) as error:
        raise Unavailable(f"The actor {name} is not there.") from error


class RayShard:
    """A shard actor behind its handle."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def wake(self, subscriber: str, wakes: Sequence[Wake], awaited: Sequence[UUID]) -> Sequence[UUID]:
        return read_ids(await self._handle.wake.remote(subscriber, pack(wakes), pack(awaited)))

    async def ends(self, subscriber: str, seconds: float) -> Sequence[Ended]:
        return read_ends(await self._handle.ends.remote(subscriber, seconds))


class SessionClient:
    """Implements ConnectionGateway, CallGateway and ModelPredictor: each tenant's sessions live on one of the hosts."""

    def __init__(self, hosts: int, namespace: str = NAMESPACE) -> None:
        self._hosts = hosts
        self._namespace = namespace
        self._handles: dict[str, Any] = {}

    async def send(self, tenant_id: UUID, connection: str, request: HttpRequest) -> HttpResponse:
        """See ConnectionGateway.send; AnswerLost when the host died over it, Unavailable when it was not there."""
        asked = pack(request)
        answer = await self._ask(tenant_id, lambda host: host.send.remote(tenant_id.bytes, connection, asked))
        return read_response(answer)

    async def call(self, tenant_id: UUID, call: OutboundCall) -> dict[str, Any]:
        """See CallGateway.call; AnswerLost and Unavailable as in `send`."""
        asked = pack(call)
        return read_object(await self._ask(tenant_id, lambda host: host.call.remote(tenant_id.bytes, asked)))

    async def fetch(self, tenant_id: UUID, uri: str, authentication: Mapping[str, Any] | None) -> Any:
        """A JSON or YAML document; InvalidInput when there is none, EgressRefused, Unavailable."""
        asked = pack({"authentication": authentication})
        answer = await self._ask(tenant_id, lambda host: host.fetch.remote(tenant_id.bytes, uri, asked))
        return read_object(answer)["document"]

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """See ModelPredictor.infer; AnswerLost and Unavailable as in `send`."""
        asked = pack(request)
        answer = await self._ask(tenant_id, lambda host: host.infer.remote(tenant_id.bytes, model, version, asked))
        return read_object(answer)

    async def _ask(self, tenant_id: UUID, call: Callable[[Any], Awaitable[bytes]]) -> bytes:
        name = host_name(host_of(tenant_id, self._hosts))
        handle = self._handles.get(name)
        if handle is None:
            handle = self._handles[name] = await actor_named(name, self._namespace)
        try:
            return await call(handle)
        except RayTaskError as error:
            if isinstance(error.cause, TidewireError | TimeoutError):
                raise error.cause from None
            raise
        except RayActorError as error:
            self._handles.pop(name, None)
            raise AnswerLost("The session host went away during the call.") from error


def host_of(tenant_id: UUID, hosts: int) -> int:
    """The number of the host that keeps a tenant's sessions."""
    return int.from_bytes(blake2b(tenant_id.bytes, digest_size=4, person=b"session").digest(), "big") % hosts
