"""Documents that calls are described by (OpenAPI, AsyncAPI, proto), fetched past the egress rules, kept a while."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from actors.authentication import Authenticator
from actors.document_text import parse_document
from actors.secret_values import Hidden
from actors.step_runner import StepError
from models.domain.clock import Clock
from models.domain.dsl.problems import problem
from models.domain.errors import AnswerLost, InvalidInput, LimitExceeded, Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, OutboundHttp

_Key = tuple[UUID, str, bytes]


@dataclass(slots=True)
class _Kept:
    """A document, or the fetching of it."""

    task: asyncio.Task[bytes]
    read_at: float
    parsed: Any = None


class Documents:
    """Each document of a tenant is fetched once in `resource_seconds`, however many calls wait for it.

    Kept are the `max_cached_resources` used last, of `max_cached_resource_bytes` together.
    """

    def __init__(self, outbound: OutboundHttp, clock: Clock, limits: Limits) -> None:
        self._outbound, self._clock, self._limits = outbound, clock, limits
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()

    async def parsed(
        self, tenant_id: UUID, uri: str, authentication: Any, authenticator: Authenticator, hidden: Hidden
    ) -> Any:
        """The value of a JSON or YAML document; StepError, EgressRefused, Unavailable."""
        kept = await self._get(tenant_id, uri, authentication, authenticator, hidden)
        text = kept.task.result()
        if kept.parsed is None:
            try:
                kept.parsed = await asyncio.to_thread(parse_document, text, self._limits)
            except InvalidInput as error:
                raise StepError(problem("configuration", f"{_shown(uri)}: {error.detail}")) from None
        return kept.parsed

    async def text(
        self, tenant_id: UUID, uri: str, authentication: Any, authenticator: Authenticator, hidden: Hidden
    ) -> bytes:
        """The bytes of a document; errors as above."""
        return (await self._get(tenant_id, uri, authentication, authenticator, hidden)).task.result()

    async def _get(
        self, tenant_id: UUID, uri: str, authentication: Any, authenticator: Authenticator, hidden: Hidden
    ) -> _Kept:
        key = (tenant_id, uri, hashlib.sha256(orjson.dumps(authentication)).digest())
        kept, now = self._kept.get(key), self._clock.monotonic()
        if kept is None or now - kept.read_at > self._limits.resource_seconds or _has_failed(kept.task):
            fetching = self._fetch(tenant_id, uri, authentication, authenticator, hidden)
            kept = self._kept[key] = _Kept(asyncio.create_task(fetching), now)
            kept.task.add_done_callback(_has_failed)  # Told to whoever waits for it, if anybody still does.
        self._kept.move_to_end(key)
        try:
            # Others may wait for the same document, so one that gives up does not end it.
            await asyncio.shield(kept.task)
        finally:
            self._forget_some()
        return kept

    async def _fetch(
        self, tenant_id: UUID, uri: str, authentication: Any, authenticator: Authenticator, hidden: Hidden
    ) -> bytes:
        policy = await authenticator.policy(tenant_id, authentication, hidden)
        request = HttpRequest("GET", uri, {}, None, self._limits.max_http_connect_seconds, True, None)
        try:
            response = await authenticator.send(tenant_id, policy, request, self._outbound.send, hidden)
        except InvalidInput as error:
            if isinstance(error, LimitExceeded):
                raise
            raise StepError(problem("configuration", f"{_shown(uri)}: {error.detail}")) from None
        except (AnswerLost, TimeoutError) as error:
            raise Unavailable(getattr(error, "detail", f"{_shown(uri)} did not answer in time.")) from None
        if response.status != 200:
            told = f"The document {_shown(uri)} cannot be read: the answer was {response.status}."
            raise StepError(problem("communication", told, status=response.status))
        return response.body

    def _forget_some(self) -> None:
        sizes = sum(len(kept.task.result()) for kept in self._kept.values() if _has_succeeded(kept.task))
        most_bytes = self._limits.max_cached_resource_bytes
        while self._kept and (len(self._kept) > self._limits.max_cached_resources or sizes > most_bytes):
            _, kept = self._kept.popitem(last=False)
            if _has_succeeded(kept.task):
                sizes -= len(kept.task.result())


def _has_succeeded(task: asyncio.Task[bytes]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _has_failed(task: asyncio.Task[bytes]) -> bool:
    return task.done() and not _has_succeeded(task)


def _shown(uri: str) -> str:
    return uri.partition("?")[0][:200]
