"""Holds the sessions with outside systems for many tenants: HTTP API connections, and the one with the model host."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from actors.call_host import CallHost, SendBy
from actors.connection_session import ConnectionSession
from actors.ports import ConnectionStore
from actors.step_runner import StepError
from models.domain.clock import Clock
from models.domain.errors import InvalidInput, Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse, ModelPredictor, OutboundCall, OutboundHttp, Sealer


@dataclass(frozen=True, slots=True)
class SessionPorts:
    """What a host works with."""

    connections: ConnectionStore
    sealer: Sealer
    outbound: OutboundHttp
    models: ModelPredictor
    clock: Clock
    limits: Limits
    calls: Callable[[SendBy], CallHost] | None = None


class SessionHost:
    """Implements ConnectionGateway, CallGateway and ModelPredictor.

    Sessions begin with the first call; the ones not used for longest are forgotten, which costs nothing but a read when
    they are needed again.
    """

    def __init__(self, ports: SessionPorts) -> None:
        self._ports = ports
        self._sessions: OrderedDict[tuple[UUID, str], ConnectionSession] = OrderedDict()
        self._calls = ports.calls(self.send) if ports.calls is not None else None

    async def send(self, tenant_id: UUID, connection: str, request: HttpRequest) -> HttpResponse:
        """See ConnectionGateway.send."""
        return await self._session(tenant_id, connection).send(request)

    async def call(self, tenant_id: UUID, call: OutboundCall) -> dict[str, Any]:
        """See CallGateway.call."""
        return await self._call_host().call(tenant_id, call)

    async def fetch(self, tenant_id: UUID, uri: str, authentication: Mapping[str, Any] | None) -> Any:
        """A JSON or YAML document; InvalidInput when there is none, EgressRefused, Unavailable."""
        try:
            return await self._call_host().fetch(tenant_id, uri, authentication)
        except StepError as error:
            raise InvalidInput(error.error.get("detail")) from None

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """See ModelPredictor.infer."""
        return await self._ports.models.infer(tenant_id, model, version, request)

    def _call_host(self) -> CallHost:
        if self._calls is None:
            raise Unavailable("This session host performs no calls.")
        return self._calls

    def stats(self) -> dict[str, int]:
        """How many sessions are held."""
        return {"sessions": len(self._sessions)}

    def _session(self, tenant_id: UUID, name: str) -> ConnectionSession:
        key = (tenant_id, name)
        session = self._sessions.get(key)
        if session is None:
            p = self._ports
            session = self._sessions[key] = ConnectionSession(
                tenant_id, name, p.connections, p.sealer, p.outbound, p.clock, p.limits
            )
            if len(self._sessions) > p.limits.max_connections_per_session_host:
                self._sessions.popitem(last=False)
        self._sessions.move_to_end(key)
        return session
