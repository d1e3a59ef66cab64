"""What rooms need from each other; cluster/wiring.py says who provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from models.domain.runs import NewRun, RunStatus


@dataclass(frozen=True, slots=True)
class Wake:
    """A durable run that its shard should look at now: it was accepted, or asked to cancel.

    `new` carries the run itself when it was just accepted, so that the shard need not read it.
    """

    tenant_id: UUID
    run_id: UUID
    shard: int
    new: NewRun | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that reached a final status."""

    run_id: UUID
    status: RunStatus
    output: Any
    error: dict[str, Any] | None


class RunDispatcher(Protocol):
    """Tells shards about runs. A lost wake is found by the shard's polling, so nothing here can fail a request."""

    def wake(self, wakes: Sequence[Wake]) -> None:
        """Returns at once; sends in batches."""

    async def wait(self, run_id: UUID, seconds: float) -> Ended | None:
        """The end of the run if it comes within `seconds`; register before `wake` to miss nothing."""


class ModelPredictor(Protocol):
    """Asks a deployed model."""

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Open Inference Protocol v2 request to response; NotFound, InvalidInput or Unavailable."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An outbound call. `idempotency_key` goes out as the header Idempotency-Key on unsafe methods, `traceparent` (W3C)
    as the header of that name."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: float
    follow_redirects: bool
    idempotency_key: str | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer to an outbound call; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OutboundHttp(Protocol):
    """Sends HTTP past the egress guard; EgressRefused, Unavailable or TimeoutError."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """One exchange; never more than Limits.max_http_response_bytes."""


class ConnectionGateway(Protocol):
    """Sends through a tenant's named connection: secret added, quota and circuit breaker kept."""

    async def send(self, tenant_id: UUID, connection: str, request: HttpRequest) -> HttpResponse:
        """As OutboundHttp.send; also NotFound, TooManyRequests, CircuitOpen."""


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """A step that a session host performs: `kind` and `request` as in protocol.StartStep. `task` and `path` say where
    in its run it stands, `seconds` after how long the caller gives up, `traceparent` what its run is traced by."""

    kind: str
    request: Mapping[str, Any]
    idempotency_key: str
    task: str
    path: tuple[int, ...]
    seconds: float
    traceparent: str | None = None


class CallGateway(Protocol):
    """Performs calls that need secrets, tokens or documents of a tenant."""

    async def call(self, tenant_id: UUID, call: OutboundCall) -> dict[str, Any]:
        """{output} or {error: an error object of the DSL}; Unavailable: nothing happened; AnswerLost: it may have."""


class Sealer(Protocol):
    """Authenticated encryption of secrets at rest (AES-256-GCM)."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """`context` (tenant and place) is bound as associated data."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """InvalidInput when the bytes or the context were changed."""


class ObjectStore(Protocol):
    """Large immutable blobs (model bundles)."""

    async def put(self, key: str, data: bytes) -> None: ...

    async def get(self, key: str) -> bytes:
        """NotFound when there is none."""
