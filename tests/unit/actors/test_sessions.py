"""Sessions with HTTP APIs: the secret goes where it belongs, the quota holds, the breaker opens and closes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from actors.connection_session import ConnectionSession, joined
from actors.ports import StoredConnection
from actors.session_host import SessionHost, SessionPorts
from models.domain.clock import ManualClock
from models.domain.errors import AnswerLost, CircuitOpen, InvalidInput, NotFound, TooManyRequests, Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse
from serve.routes.connections import secret_context

TENANT = UUID(int=1)
ASK = HttpRequest("POST", "/leads", {"x-a": "1"}, b"{}", 5.0, True, "key")


class FakeSealer:
    """Opens in its context only."""

    def seal(self, plain: bytes, context: str) -> bytes:
        return context.encode() + b"|" + plain

    def open(self, sealed: bytes, context: str) -> bytes:
        found, _, plain = sealed.partition(b"|")
        assert found.decode() == context
        return plain


@dataclass
class Store:
    """Connections in memory; `other` makes somebody else write first."""

    clock: ManualClock
    found: StoredConnection | None = None
    writes: int = 0
    away: bool = False

    def put(self, auth: dict[str, Any] | None = None, secret: dict[str, str] | None = None, **settings: Any) -> None:
        sealed = FakeSealer().seal(orjson.dumps(secret), secret_context(TENANT, "crm")) if secret else None
        self.found = StoredConnection(
            "https://api.example/v1", {"auth": auth, "quota": None, **settings}, sealed, self.clock.now(), None, None
        )

    async def get(self, tenant_id: UUID, name: str) -> StoredConnection | None:
        if self.away:
            raise Unavailable
        return self.found

    async def save_state(
        self, tenant_id: UUID, name: str, state: Any, expected_at: datetime | None, now: datetime
    ) -> bool:
        if self.away:
            raise Unavailable
        assert self.found is not None
        if self.found.state_at != expected_at:
            return False
        self.writes += 1
        self.clock.advance(1e-6)
        self.found = replace(self.found, state=orjson.loads(orjson.dumps(state)), state_at=now)
        return True


@dataclass
class Api:
    """Notes when calls arrive."""

    clock: ManualClock
    status: int = 200
    error: Exception | None = None
    arrivals: list[float] = field(default_factory=list)
    sent: list[HttpRequest] = field(default_factory=list)

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        self.arrivals.append(self.clock.monotonic())
        if self.error is not None:
            raise self.error
        return HttpResponse(self.status, {}, b"")


class NoModels:
    async def infer(self, tenant_id: UUID, model: str, version: str | None, request: object) -> dict[str, Any]:
        raise AssertionError


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store, self.api = Store(self.clock), Api(self.clock)

    def session(self) -> ConnectionSession:
        async def sleep(seconds: float) -> None:
            self.clock.advance(seconds)

        return ConnectionSession(
            TENANT, "crm", self.store, FakeSealer(), self.api, self.clock, Limits(), sleep
        )


@pytest.fixture
def w() -> World:
    return World()


@pytest.mark.parametrize(
    ("auth", "secret", "headers"),
    [
        (None, None, {}),
        ({"kind": "bearer"}, {"token": "t"}, {"authorization": "Bearer t"}),
        ({"kind": "basic", "username": "u"}, {"password": "p"}, {"authorization": "Basic dTpw"}),
        ({"kind": "header", "name": "X-Api-Key"}, {"value": "v"}, {"x-api-key": "v"}),
    ],
)
async def test_the_secret_goes_with_the_call(w: World, auth: Any, secret: Any, headers: dict[str, str]) -> None:
    w.store.put(auth, secret)
    await w.session().send(ASK)
    (sent,) = w.api.sent
    assert (sent.url, sent.headers) == ("https://api.example/v1/leads", {"x-a": "1", **headers})
    assert not sent.follow_redirects


async def test_a_new_secret_is_used_soon_and_a_deleted_connection_is_gone(w: World) -> None:
    w.store.put({"kind": "bearer"}, {"token": "old"})
    session = w.session()
    await session.send(ASK)
    w.clock.advance(3)
    w.store.put({"kind": "bearer"}, {"token": "new"})
    await session.send(ASK)
    assert w.api.sent[1].headers["authorization"] == "Bearer new"
    w.store.found = None
    w.clock.advance(3)
    with pytest.raises(NotFound):
        await session.send(ASK)


@pytest.mark.parametrize(
    ("address", "url"),
    [("/leads", "https://a.example/v1/leads"), ("leads?x=1", "https://a.example/v1/leads?x=1"),
     ("https://a.example/other", "https://a.example/other"), ("/", "https://a.example/v1")],
)  # fmt: skip
def test_addresses_under_a_connection(address: str, url: str) -> None:
    assert joined("https://a.example/v1", address) == url


@pytest.mark.parametrize(
    "address",
    ["https://b.example/", "http://a.example/", "https://a.example:8443/", "https://a.example@evil.example/"],
)
async def test_the_secret_goes_nowhere_else(w: World, address: str) -> None:
    w.store.put({"kind": "bearer"}, {"token": "t"})
    with pytest.raises(InvalidInput):
        await w.session().send(replace(ASK, url=address))
    assert w.api.sent == []


async def test_the_breaker_opens_tries_and_closes(w: World) -> None:
    w.store.put(breaker={"failures": 3, "reset_seconds": 30})
    session = w.session()
    w.api.status = 503
    for _ in range(3):
        await session.send(ASK)
    with pytest.raises(CircuitOpen, match="crm is open after 3 failures"):
        await session.send(ASK)
    assert w.store.found is not None
    assert w.store.found.state is not None
    assert w.store.found.state["breaker"]["state"] == "open"
    # Another host of the same connection knows.
    with pytest.raises(CircuitOpen):
        await w.session().send(ASK)
    w.clock.advance(31)
    w.api.error = AnswerLost("lost")
    with pytest.raises(AnswerLost):
        await session.send(ASK)
    with pytest.raises(CircuitOpen):
        await session.send(ASK)
    w.clock.advance(31)
    w.api.error, w.api.status = None, 404
    await session.send(ASK)
    await session.send(ASK)
    assert w.store.found.state["breaker"]["state"] == "closed"
    assert len(w.api.sent) == 6


async def test_a_breaker_of_one_tenant_does_not_concern_another(w: World) -> None:
    w.store.put(breaker={"failures": 1, "reset_seconds": 30})
    host = SessionHost(SessionPorts(w.store, FakeSealer(), w.api, NoModels(), w.clock, Limits()))
    w.api.status = 500
    await host.send(TENANT, "crm", ASK)
    with pytest.raises(CircuitOpen):
        await host.send(TENANT, "crm", ASK)
    w.store.put(breaker={"failures": 1, "reset_seconds": 30})
    await host.send(UUID(int=2), "crm", ASK)
    assert host.stats() == {"sessions": 2}


async def test_the_quota_waits_a_little_and_then_refuses(w: World) -> None:
    w.store.put(quota={"requests": 3, "per_seconds": 4})
    session = w.session()
    for _ in range(4):
        await session.send(ASK)
    assert 4 <= w.clock.monotonic() <= 4.2
    w.store.put(quota={"requests": 1, "per_seconds": 60})
    w.clock.advance(70)
    await session.send(ASK)
    with pytest.raises(TooManyRequests, match="crm") as refused:
        await session.send(ASK)
    assert 55 < refused.value.retry_after <= 61


async def test_the_quota_holds_over_hosts_and_crashes_with_few_writes(w: World) -> None:
    w.store.put(quota={"requests": 200, "per_seconds": 60})
    sessions = [w.session() for _ in range(4)]
    refused = 0
    for turn in range(3000):
        if turn % 50 == 0:
            # A host dies; what it knew is gone.
            sessions[turn // 50 % 4] = w.session()
        w.clock.advance(0.05)
        try:
            await sessions[turn % 4].send(ASK)
        except TooManyRequests:
            refused += 1
    times = w.api.arrivals
    assert all(later - first >= 60 for first, later in zip(times, times[200:], strict=False))
    assert refused > 1000
    assert len(times) > 300
    assert w.store.writes < len(times)


async def test_without_its_store_no_call_goes_out(w: World) -> None:
    w.store.put(quota={"requests": 5, "per_seconds": 60})
    session = w.session()
    w.store.away = True
    with pytest.raises(Unavailable):
        await session.send(ASK)
    assert w.api.sent == []
