"""Signing keys over a real PostgreSQL: changed under several processes without anybody being turned away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from cluster.adapters.signing_keys import StoredSigningKeys
from models.domain.clock import ManualClock, SystemClock
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve.auth.gate import Gate
from serve.auth.signing_keys import SigningKeys
from serve.auth.tokens import TokenKeys, generate_keys, issue
from storage.sealer import AesGcmSealer
from tests.servers.postgres import PostgresServer
from tests.storage_kit import Api, opened

LIMITS = Limits()


@dataclass
class Process:
    """One of those that share the keys."""

    keys: TokenKeys
    signing: SigningKeys
    gate: Gate

    def token(self, clock: ManualClock) -> str:
        return issue(self.keys, Principal(uuid7(), uuid7(), "owner", uuid7()), clock.now(), 900, "tidewire-api")


@pytest.fixture
async def own(postgres: PostgresServer) -> AsyncIterator[Api]:
    """A database of its own: signing keys are those of all tenants."""
    async with opened(postgres, await postgres.create_database()) as api:
        yield api


@pytest.fixture
def clock() -> ManualClock:
    clock = ManualClock()
    clock.advance(400 * 86_400)
    return clock


def processes(api: Api, clock: ManualClock, many: int = 2, days: int = 0) -> list[Process]:
    secret = generate_keys()

    def one() -> Process:
        keys = TokenKeys.from_json(secret)
        signing = SigningKeys(keys, StoredSigningKeys(api.app), AesGcmSealer([bytes(32)]), clock, LIMITS, days)
        return Process(keys, signing, Gate(keys, clock))

    return [one() for _ in range(many)]


async def everybody(ones: list[Process]) -> None:
    for one in ones:
        await one.signing.load()


async def test_a_new_key_is_published_before_it_signs_and_the_old_one_verifies_on(own: Api, clock: ManualClock) -> None:
    first, second = ones = processes(own, clock)
    await everybody(ones)
    old = first.keys.active
    made = await first.signing.rotate()
    early = first.token(clock)
    assert first.keys.active == old
    second.gate.admit_token(early)
    await everybody(ones)
    assert {key["kid"] for key in second.keys.public()} == {old, made}
    clock.advance(LIMITS.signing_key_lead_seconds)
    await first.signing.load()
    # The second has not looked again, and takes what the first signs all the same; and the other way round.
    late = first.token(clock)
    assert (first.keys.active, second.keys.active) == (made, old)
    second.gate.admit_token(late)
    first.gate.admit_token(second.token(clock))
    clock.advance(LIMITS.signing_key_kept_seconds)
    await everybody(ones)
    assert [key["kid"] for key in second.keys.public()] == [made]


async def test_a_process_that_starts_later_knows_all_keys(own: Api, clock: ManualClock) -> None:
    (one,) = processes(own, clock, 1)
    await one.signing.rotate()
    clock.advance(LIMITS.signing_key_lead_seconds)
    await one.signing.load()
    late = SigningKeys(
        keys := TokenKeys(one.signing._first), StoredSigningKeys(own.app), AesGcmSealer([bytes(32)]), clock, LIMITS
    )
    await late.load()
    assert keys.active == one.keys.active


async def test_a_leaked_key_is_refused_at_once_also_where_its_token_was_admitted_before(
    own: Api, clock: ManualClock
) -> None:
    first, second = ones = processes(own, clock)
    await everybody(ones)
    token = first.token(clock)
    second.gate.admit_token(token)
    await first.signing.rotate(at_once=True)
    await everybody(ones)
    for one in ones:
        with pytest.raises(Unauthenticated):
            one.gate.admit_token(token)
        one.gate.admit_token(first.token(clock))


async def test_of_many_processes_one_changes_keys_when_it_is_time(own: Api, clock: ManualClock) -> None:
    ones = processes(own, clock, 4, days=90)
    clock._now = max(clock._now, SystemClock().now() + timedelta(days=1))
    await asyncio.gather(*(one.signing.rotate_when_due() for one in ones))
    assert len(await StoredSigningKeys(own.app).list()) == 0
    clock.advance(90 * 86_400)
    made = await asyncio.gather(*(one.signing.rotate_when_due() for one in ones))
    assert made.count(True) == 1
    assert not any(await asyncio.gather(*(one.signing.rotate_when_due() for one in ones)))
    stored = await StoredSigningKeys(own.app).list()
    assert len(stored) == 2


async def test_private_halves_are_sealed(own: Api, clock: ManualClock) -> None:
    (one,) = processes(own, clock, 1)
    await one.signing.rotate()
    stored = [key for key in await StoredSigningKeys(own.app).list() if key.private_sealed]
    private = one.keys.all()[stored[0].id].as_dict(private=True)["d"]
    assert all(str(private).encode() not in (key.private_sealed or b"") for key in stored)
