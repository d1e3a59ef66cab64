"""The world outside: services with ledgers of what they did, reached over a bad network."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from actors.http_step import HttpStep
from actors.step_runner import StepRunner
from models.domain.clock import Clock
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.errors import AnswerLost, NotFound, Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse
from models.domain.steps import Outcome
from tests.simulation.network import Network
from tests.simulation.timeline import ProcessLoop

_JSON = {"content-type": "application/json"}


class Services:
    """All services in one. A host `keyed.*` honours idempotency keys, a host `plain.*` does everything it is asked.

    The path says how it answers: `ok`; `slow` takes its time; `flaky` fails the first time for a key; `broken` always
    fails; `picky` refuses one key of two. What a key is answered depends on the key alone.
    """

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        self.answers: dict[str, Any] = {}
        self.arrivals: Counter[str] = Counter()
        self.hosts: dict[str, str] = {}

    def serve(self, request: HttpRequest) -> HttpResponse:
        """One request that arrived."""
        parts = urlsplit(request.url)
        key = request.idempotency_key or ""
        host, how = parts.hostname or "", parts.path.strip("/")
        self.arrivals[key] += 1
        self.hosts[key] = host
        status = answer_status(how, key, self.arrivals[key])
        if status >= 400:
            return HttpResponse(status, _JSON, b"{}")
        if not (host.startswith("keyed") and key in self.effects):
            self.effects[key] += 1
        self.answers[key] = answer_of(key)
        return HttpResponse(200, _JSON, orjson.dumps(self.answers[key]))


def answer_status(how: str, key: str, arrival: int) -> int:
    """The status of an answer."""
    if how == "broken" or (how == "flaky" and arrival == 1):
        return 503
    if how == "picky" and hashlib.sha256(key.encode()).digest()[1] % 2:
        return 404
    return 200


def answer_of(key: str) -> dict[str, Any]:
    """What a service says to a key: some data that an expression can use."""
    number = hashlib.sha256(key.encode()).digest()[0]
    return {"a": number % 5, "key": key}


class Performer:
    """The shard's step performer: the real runner and HTTP step over a simulated wire. `begun` is told of each."""

    def __init__(
        self,
        services: Services,
        network: Network,
        loop: ProcessLoop,
        clock: Clock,
        limits: Limits,
        begun: Callable[[UUID, StartStep], None],
        disturbed: Callable[[str], None],
    ) -> None:
        wire = _Wire(services, network, loop, disturbed)
        self._runner = StepRunner({StepKind.HTTP: HttpStep(wire, _NoConnections())}, clock, limits)
        self._begun = begun

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        self._begun(tenant_id, step)
        return await self._runner.run(tenant_id, step)


class _Wire:
    """OutboundHttp over the network."""

    def __init__(
        self, services: Services, network: Network, loop: ProcessLoop, disturbed: Callable[[str], None]
    ) -> None:
        self._services, self._network, self._loop, self._disturbed = services, network, loop, disturbed

    async def send(self, request: HttpRequest) -> HttpResponse:
        network, weather = self._network, self._network.weather
        future = self._loop.create_future()
        key = request.idempotency_key or ""
        if self._loop.is_dead:
            pass
        elif network.happens(weather.lost_request):
            self._disturbed(key)
            error = Unavailable() if network.happens(0.5) else AnswerLost()
            network.timeline.later(0.1, network.answer, self._loop, future, None, error)
        elif network.happens(weather.late_request):
            self._disturbed(key)
            network.timeline.later(network.dice.random() * 8.0, self._arrive, request, None)
        else:
            took = 2.0 if request.url.endswith("/slow") else 0.0
            network.timeline.later(took + network.delay() * 10.0, self._arrive, request, future)
        if not self._loop.is_dead and network.happens(weather.repeated):
            network.timeline.later(network.dice.random() * 3.0, self._arrive, request, None)
        try:
            async with asyncio.timeout(request.timeout):
                answer: HttpResponse = await future
        except TimeoutError:
            self._disturbed(key)
            raise
        return answer

    def _arrive(self, request: HttpRequest, future: asyncio.Future[Any] | None) -> None:
        network = self._network
        answer = self._services.serve(request)
        if future is None:
            return
        if network.happens(network.weather.lost_answer):
            self._disturbed(request.idempotency_key or "")
            network.timeline.later(0.1, network.answer, self._loop, future, None, AnswerLost())
        else:
            network.timeline.later(network.delay() * 10.0, network.answer, self._loop, future, answer, None)


class _NoConnections:
    """The simulated tenants have no connections."""

    async def send(self, tenant_id: UUID, connection: str, request: HttpRequest) -> HttpResponse:
        raise NotFound("connection")
