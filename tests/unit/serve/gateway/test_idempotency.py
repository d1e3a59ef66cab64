"""Requests with keys over the rules of the store, with replicas that die at every place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import Response

from models.domain.clock import ManualClock
from models.domain.errors import AnswerGone, Conflict, IdempotencyMismatch, InProgress, InvalidInput, TidewireError
from models.domain.identity import Principal
from models.domain.limits import Limits
from serve.gateway.counters import GatewayCounters
from serve.gateway.idempotency import Idempotency
from serve.responses import json_response
from tests.unit.serve.fake_gateway import FakeIdempotency
from tests.unit.serve.fake_services import FakeSealer

ME = Principal(uuid4(), uuid4(), "owner", uuid4())
_LEASE = Limits().idempotency_lease_seconds


class World:
    """A thing that requests change, and replicas that share the keys."""

    def __init__(self) -> None:
        self.clock, self.store, self.changes = ManualClock(), FakeIdempotency(), 0
        self.replica = self.another()

    def another(self) -> Idempotency:
        return Idempotency(self.store, FakeSealer(), self.clock, Limits(), GatewayCounters(CollectorRegistry()))

    async def change(self) -> Response:
        await asyncio.sleep(0)
        self.store.mark()
        self.changes += 1
        await asyncio.sleep(0)
        return json_response({"n": self.changes}, 201, {"location": "/v1/things/1", "x-request-id": "r"})

    async def ask(
        self, work: Callable[[], Awaitable[Response]] | None = None, body: bytes = b"{}", who: Principal = ME,
        key: str = "k", route: str = "POST /v1/things", replica: Idempotency | None = None,
    ) -> Response:
        def failed(error: TidewireError) -> Response:
            return json_response({"detail": error.detail}, 409)

        return await (replica or self.replica).run(who, route, key, body, work or self.change, failed)


async def test_a_copy_gets_the_same_answer_and_changes_nothing() -> None:
    world = World()
    first, second = await world.ask(), await world.ask(replica=world.another())
    assert (second.status_code, second.body, second.headers["location"]) == (201, first.body, "/v1/things/1")
    assert second.headers["idempotent-replayed"] == "true"
    assert "x-request-id" not in second.headers
    assert world.changes == 1


async def test_another_body_is_refused_and_another_user_route_or_tenant_is_apart() -> None:
    world = World()
    await world.ask()
    with pytest.raises(IdempotencyMismatch):
        await world.ask(body=b"[]")
    await world.ask(route="POST /v1/others")
    await world.ask(who=Principal(uuid4(), ME.tenant_id, "owner", uuid4()))
    await world.ask(who=Principal(ME.user_id, uuid4(), "owner", uuid4()))
    assert world.changes == 4


async def test_a_key_is_forgotten_after_a_day() -> None:
    world = World()
    await world.ask()
    world.clock.advance(86_401)
    await world.ask(body=b"[]")
    assert world.changes == 2


async def test_a_copy_during_the_first_is_told_to_wait() -> None:
    world = World()
    gate = asyncio.Event()

    async def slow() -> Response:
        await gate.wait()
        return await world.change()

    first = asyncio.create_task(world.ask(slow))
    await asyncio.sleep(0)
    with pytest.raises(InProgress):
        await world.ask()
    gate.set()
    await first
    assert (await world.ask()).status_code == 201
    assert world.changes == 1


async def test_a_failure_without_a_change_gives_the_key_back() -> None:
    world = World()

    async def refuses() -> Response:
        raise InvalidInput

    with pytest.raises(InvalidInput):
        await world.ask(refuses)
    assert (await world.ask()).status_code == 201


async def test_a_failure_after_a_change_is_the_answer() -> None:
    world = World()

    async def half() -> Response:
        await world.change()
        raise Conflict("the second half")

    with pytest.raises(Conflict):
        await world.ask(half)
    answer = await world.ask()
    assert (answer.status_code, answer.body) == (409, b'{"detail":"the second half"}')
    assert world.changes == 1


async def test_what_is_kept_is_sealed() -> None:
    world = World()

    async def secret() -> Response:
        return json_response({"key": "canary-of-the-key"})

    await world.ask(secret)
    (kept,) = world.store.keys.values()
    assert kept.answer is not None
    assert b"canary-of-the-key" not in kept.answer.body


class Dead(BaseException):
    """The process is gone: nothing after it happens."""


async def dies(world: World, before: bool) -> None:
    """A replica that dies before or after its change is durable."""
    dead = world.another()

    async def never(*_: object) -> bool:
        raise Dead

    async def work() -> Response:
        if not before:
            await world.change()
        raise Dead

    dead._keys = type("Gone", (), {"claim": world.store.claim, "answer": never, "release": never})()
    with pytest.raises(Dead):
        await world.ask(work, replica=dead)


async def test_a_death_before_the_change_leaves_a_key_that_is_free_after_its_lease() -> None:
    world = World()
    await dies(world, before=True)
    with pytest.raises(InProgress):
        await world.ask()
    world.clock.advance(_LEASE + 1)
    assert (await world.ask()).status_code == 201
    assert world.changes == 1


async def test_a_death_after_the_change_is_told_and_never_doubles_it() -> None:
    world = World()
    await dies(world, before=False)
    with pytest.raises(InProgress):
        await world.ask()
    for pause in (_LEASE + 1, 1_000):
        world.clock.advance(pause)
        with pytest.raises(AnswerGone):
            await world.ask()
    assert world.changes == 1


async def test_who_was_overtaken_can_change_nothing_any_more() -> None:
    world = World()
    gate = asyncio.Event()

    async def slow() -> Response:
        await gate.wait()
        return await world.change()

    zombie = asyncio.create_task(world.ask(slow))
    await asyncio.sleep(0)
    world.clock.advance(_LEASE + 1)
    await world.ask(replica=world.another())
    gate.set()
    with pytest.raises(InProgress):
        await zombie
    assert world.changes == 1
    assert (await world.ask()).status_code == 201


async def test_many_copies_change_once() -> None:
    world = World()
    answers = await asyncio.gather(
        *(world.ask(replica=world.another(), key=f"k-{n % 10}") for n in range(500)), return_exceptions=True
    )
    assert world.changes == 10
    bodies: dict[int, set[bytes]] = {}
    for n, answer in enumerate(answers):
        if isinstance(answer, Response):
            bodies.setdefault(n % 10, set()).add(bytes(answer.body))
        else:
            assert isinstance(answer, InProgress)
    assert all(len(found) == 1 for found in bodies.values())
