"""Performs the calls of steps that need a tenant's secrets, tokens or documents; a part of the session host."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from actors.authentication import Authenticator, Policy
from actors.documents import Documents
from actors.secret_values import Hidden, SecretValues
from actors.step_runner import StepError
from actors.token_cache import TokenCache
from models.domain.clock import Clock
from models.domain.dsl.problems import problem
from models.domain.errors import TidewireError
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse, OutboundCall, OutboundHttp
from models.domain.tracing import sending

_log = logging.getLogger(__name__)
_OUTBOUND_SHARE = 0.95
SendBy = Callable[[UUID, str, HttpRequest], Awaitable[HttpResponse]]
"""Sends through a tenant's connection of that name."""


@dataclass(slots=True)
class Call:
    """One call under way: its request has its secrets resolved."""

    tenant_id: UUID
    request: Mapping[str, Any]
    idempotency_key: str
    until: float
    hidden: Hidden
    host: CallHost

    @property
    def seconds_left(self) -> float:
        return max(0.001, self.until - self.host.clock.monotonic())

    async def policy(self, written: Any) -> Policy:
        """See Authenticator.policy."""
        return await self.host.authenticator.policy(self.tenant_id, written, self.hidden)

    async def header(self, policy: Policy) -> str | None:
        """See Authenticator.header."""
        return await self.host.authenticator.header(self.tenant_id, policy, self.hidden)

    async def document(self, resource: Mapping[str, Any]) -> Any:
        """The value of a document {uri, authentication}."""
        return await self.host.documents.parsed(self.tenant_id, *_named(resource), self.host.authenticator, self.hidden)

    async def document_text(self, resource: Mapping[str, Any]) -> bytes:
        """The bytes of a document {uri, authentication}."""
        return await self.host.documents.text(self.tenant_id, *_named(resource), self.host.authenticator, self.hidden)

    async def send(self, request: HttpRequest, authentication: Any = None) -> HttpResponse:
        """One exchange, authenticated, through the connection that the task names; secrets are taken out of the
        answer."""
        host, policy, connection = self.host, await self.policy(authentication), self.request.get("connection")

        async def out(ready: HttpRequest) -> HttpResponse:
            if connection is not None:
                return await host.send_by(self.tenant_id, connection, ready)
            return await host.outbound.send(ready)

        response = await host.authenticator.send(self.tenant_id, policy, request, out, self.hidden)
        clean = self.hidden.clean
        return replace(response, headers=clean(dict(response.headers)), body=clean(response.body))


class Performer(Protocol):
    """How one kind of call is done."""

    async def perform(self, call: Call) -> Any:
        """The output (JSON). StepError, Unavailable: nothing happened. AnswerLost: it may have."""


@dataclass(slots=True)
class CallHost:
    """Implements CallGateway. `performers` are made when their kind is called first: some are heavy."""

    outbound: OutboundHttp
    values: SecretValues
    performers: Mapping[str, Callable[[], Performer]]
    send_by: SendBy
    clock: Clock
    limits: Limits
    documents: Documents = field(init=False)
    authenticator: Authenticator = field(init=False)
    _made: dict[str, Performer] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.documents = Documents(self.outbound, self.clock, self.limits)
        tokens = TokenCache(self.outbound, self.clock, self.limits)
        self.authenticator = Authenticator(self.values, tokens)

    async def call(self, tenant_id: UUID, call: OutboundCall) -> dict[str, Any]:
        """See CallGateway.call."""
        hidden = Hidden()
        try:
            performer = await self._performer(call.kind)
            request = await self.values.resolved(tenant_id, call, hidden)
            # What goes out gives up first: it knows whether anything happened.
            until = self.clock.monotonic() + call.seconds * _OUTBOUND_SHARE
            with sending(call.traceparent):
                async with asyncio.timeout(call.seconds):
                    output = await performer.perform(
                        Call(tenant_id, request, call.idempotency_key, until, hidden, self)
                    )
            return {"output": hidden.clean(output)}
        except StepError as error:
            return {"error": hidden.clean(error.error)}
        except TidewireError as error:
            error.detail = hidden.clean(error.detail)
            error.args = (error.detail, *error.args[1:])
            raise
        except TimeoutError:
            raise
        except Exception as error:
            # Its text may have anything in it, secrets included.
            _log.error("a call of the kind %s failed in an unforeseen way: %s", call.kind, type(error).__name__)
            return {"error": problem("runtime", "The call failed for a reason that lies in Tidewire itself.")}

    async def fetch(self, tenant_id: UUID, uri: str, authentication: Mapping[str, Any] | None) -> Any:
        """See ResourceFetcher.fetch of the API; StepError when the document cannot be read."""
        resource = {"uri": uri, "authentication": authentication}
        return await self.documents.parsed(tenant_id, *_named(resource), self.authenticator, Hidden())

    async def _performer(self, kind: str) -> Performer:
        made = self._made.get(kind)
        if made is None:
            make = self.performers.get(kind)
            if make is None:
                raise StepError(problem("configuration", f"Calls of the kind {kind} are not available here."))
            made = self._made[kind] = await asyncio.to_thread(make)
        return made


def _named(resource: Mapping[str, Any]) -> tuple[str, Any]:
    return str(resource["uri"]), resource.get("authentication")
