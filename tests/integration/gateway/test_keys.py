"""Requests with an Idempotency-Key over PostgreSQL: one change for all copies, whoever dies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import Response

from cluster.adapters.api_gateway import ApiIdempotency
from models.domain.clock import ManualClock
from models.domain.errors import AnswerGone, IdempotencyMismatch, InProgress, TidewireError
from models.domain.identity import Principal, TenantScope
from models.domain.limits import Limits
from serve import records as r
from serve.gateway.counters import GatewayCounters
from serve.gateway.idempotency import Idempotency
from serve.gateway.ports import Claim, StoredAnswer
from serve.responses import json_response
from storage import idempotency, secrets
from storage.sealer import AesGcmSealer
from tests.storage_kit import Api, new_tenant

COPIES, KEYS = 50, 40
# More than there are connections, so that they wait for each other, and few enough that none waits too long.
_AT_ONCE = 64
_LEASE = Limits().idempotency_lease_seconds


def failed(error: TidewireError) -> Response:
    return json_response({"detail": error.detail}, 409)


class Killed(BaseException):
    """The replica is gone; nothing after it happens."""


class Mortal:
    """The store as a replica sees it that dies before a call or after it, when the dice say so."""

    def __init__(self, store: ApiIdempotency, dice: random.Random, risk: float) -> None:
        self._store, self._dice, self._risk = store, dice, risk

    def maybe_die(self) -> None:
        if self._dice.random() < self._risk:
            raise Killed

    async def claim(self, *asked: Any) -> Any:
        found = await self._store.claim(*asked)
        self.maybe_die()
        return found

    async def answer(self, claim: Claim, answer: StoredAnswer) -> None:
        self.maybe_die()
        await self._store.answer(claim, answer)
        self.maybe_die()

    async def release(self, claim: Claim) -> bool:
        # Who is killed gives nothing back.
        raise Killed


class Replica:
    def __init__(self, api: Api, clock: ManualClock, mortal: Mortal | None = None) -> None:
        store: Any = mortal or ApiIdempotency(api.app)
        self.keys = Idempotency(
            store, AesGcmSealer([bytes(32)]), clock, Limits(), GatewayCounters(CollectorRegistry())
        )


@pytest.fixture
def me(tenant: r.NewAccount) -> Principal:
    return Principal(tenant.user_id, tenant.tenant_id, "owner", uuid4())


def change(api: Api, tenant: UUID, name: str, mortal: Mortal | None = None) -> Callable[[], Awaitable[Response]]:
    """Adds one thing; every run of it that commits adds another."""

    async def work() -> Response:
        if mortal is not None:
            mortal.maybe_die()
        made = uuid4().hex[:12]
        async with api.app.unit_of_work([tenant]) as conn:
            await secrets.put(conn, TenantScope(tenant), f"{name}-{made}", b"sealed", api.clock.now(), 100_000)
        if mortal is not None:
            mortal.maybe_die()
        return json_response({"made": made}, 201, {"location": f"/v1/secrets/{name}-{made}"})

    return work


async def made(api: Api, tenant: UUID, name: str) -> int:
    async with api.app.read([tenant]) as conn:
        return int(await conn.fetchval("SELECT count(*) FROM secrets WHERE name LIKE $1", f"{name}-%"))


async def test_copies_at_the_same_time_change_once(api: Api, me: Principal) -> None:
    clock = ManualClock(api.clock.now())
    replicas, door = [Replica(api, clock) for _ in range(4)], asyncio.Semaphore(_AT_ONCE)

    async def ask(n: int) -> Response | InProgress:
        key = f"k{n // COPIES:03}"
        async with door:
            try:
                return await replicas[n % 4].keys.run(
                    me, "PUT /v1/secrets", key, b"{}", change(api, me.tenant_id, key), failed
                )
            except InProgress as error:
                return error

    answers = await asyncio.gather(*(ask(n) for n in range(COPIES * KEYS)))
    for key in range(KEYS):
        mine = [one for n, one in enumerate(answers) if n // COPIES == key and isinstance(one, Response)]
        assert len({one.body for one in mine}) == 1
        assert await made(api, me.tenant_id, f"k{key:03}") == 1


@pytest.mark.parametrize("seed", range(3))
async def test_replicas_that_are_killed_never_double_a_change(api: Api, me: Principal, seed: int) -> None:
    """Copies come again and again, over replicas that die at every place, until each key has an end."""
    dice, clock = random.Random(seed), ManualClock(api.clock.now())
    prefix = f"s{seed}"
    ends: dict[int, set[bytes]] = {n: set() for n in range(KEYS)}
    lost: set[int] = set()
    door = asyncio.Semaphore(_AT_ONCE)

    async def ask(n: int) -> None:
        async with door:
            await ask_once(n)

    async def ask_once(n: int) -> None:
        mortal = Mortal(ApiIdempotency(api.app), dice, 0.25)
        name = f"{prefix}k{n:03}"
        try:
            answer = await Replica(api, clock, mortal).keys.run(
                me, f"PUT /{prefix}", name, b"{}", change(api, me.tenant_id, name, mortal), failed
            )
            ends[n].add(bytes(answer.body))
        except AnswerGone:
            lost.add(n)
        except (Killed, InProgress):
            return

    for _ in range(30):
        waiting = [n for n in range(KEYS) if not ends[n] and n not in lost]
        await asyncio.gather(*(ask(n) for n in waiting for _ in range(3)))
        clock.advance(_LEASE + 1)
    for n in range(KEYS):
        assert ends[n] or n in lost
        assert len(ends[n]) <= 1
        assert await made(api, me.tenant_id, f"{prefix}k{n:03}") == 1
    assert lost, "some die between the change and its answer"
    assert any(ends.values())


async def test_who_was_overtaken_changes_nothing(api: Api, me: Principal) -> None:
    clock = ManualClock(api.clock.now())
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> Response:
        begun.set()
        await gate.wait()
        return await change(api, me.tenant_id, "z")()

    zombie = asyncio.create_task(Replica(api, clock).keys.run(me, "r", "z", b"", slow, failed))
    await begun.wait()
    clock.advance(_LEASE + 1)
    await Replica(api, clock).keys.run(me, "r", "z", b"", change(api, me.tenant_id, "z"), failed)
    gate.set()
    with pytest.raises(InProgress):
        await zombie
    assert await made(api, me.tenant_id, "z") == 1


async def test_another_body_is_a_mismatch_and_another_tenant_knows_nothing(api: Api, me: Principal) -> None:
    clock = ManualClock(api.clock.now())
    keys = Replica(api, clock).keys
    await keys.run(me, "r", "same", b"1", change(api, me.tenant_id, "same"), failed)
    with pytest.raises(IdempotencyMismatch):
        await keys.run(me, "r", "same", b"2", change(api, me.tenant_id, "same"), failed)
    other = await new_tenant(api)
    stranger = Principal(other.user_id, other.tenant_id, "owner", uuid4())
    await keys.run(stranger, "r", "same", b"2", change(api, other.tenant_id, "same"), failed)
    assert await made(api, other.tenant_id, "same") == 1


async def test_keys_are_forgotten_and_answers_are_sealed(api: Api, me: Principal) -> None:
    async def shows() -> Response:
        return json_response({"secret": "canary-4711"})

    await Replica(api, ManualClock(api.clock.now())).keys.run(me, "r", "old", b"", shows, failed)
    async with api.app.read([me.tenant_id]) as conn:
        body = await conn.fetchval("SELECT body FROM idempotent_requests WHERE key = 'old'")
    assert b"canary" not in body
    async with api.engine.unit_of_work() as conn:
        assert await idempotency.forget(conn, api.clock.now() + timedelta(seconds=1), 10_000) >= 1
        assert await idempotency.forget(conn, api.clock.now() + timedelta(seconds=1), 10_000) == 0
