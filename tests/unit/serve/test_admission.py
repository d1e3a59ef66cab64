"""Callers are admitted as what they are now: rights are remembered, and forgotten when something changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from models.domain.authorization import Effect, Grant, Resource, decide
from models.domain.clock import ManualClock
from models.domain.errors import Unauthenticated, Unavailable
from models.domain.identity import Credential, Principal, SubjectKind
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve.access_ports import KnownKey, Standing
from serve.auth.access_directory import AccessDirectory
from serve.auth.access_watch import AccessWatch
from serve.auth.admission import Admission
from serve.auth.gate import Gate
from serve.auth.keyring import PREFIX, Keyring, new_key
from serve.auth.tokens import TokenKeys, generate_keys, issue
from serve.records import Membership, User
from tests.unit.serve.fake_access import FakeAccess
from tests.unit.serve.fakes import FakeIdentity, FakeRuns, FakeWorkflows

KEYS = TokenKeys.from_json(generate_keys())
LIMITS = Limits(max_cached_rights=3)
TENANT = uuid7()


class Bench:
    """One replica over a fake repository."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.identity = FakeIdentity()
        self.access = FakeAccess(self.identity, FakeRuns(FakeWorkflows()))
        self.gate = Gate(KEYS, self.clock)
        self.keyring = Keyring(self.access, self.clock, LIMITS)
        self.directory = AccessDirectory(self.access, self.clock, LIMITS)
        self.admission = Admission(self.gate, self.keyring, self.directory, remembered=3)
        self.watch = AccessWatch(self.access, self.directory, self.keyring, self.clock, LIMITS)

    def member(self, role: str = "viewer") -> Principal:
        principal = Principal(uuid7(), TENANT, "owner", uuid7())
        self.identity.users[principal.user_id] = User(principal.user_id, "a@example.com", None)
        self.identity.members[principal.user_id] = [Membership(TENANT, "t", "T", role)]
        return principal

    def header(self, principal: Principal) -> str:
        return "Bearer " + issue(KEYS, principal, self.clock.now(), 900, "tidewire-api")

    def key(self, subject: Principal, **more: object) -> str:
        made = new_key()
        known = KnownKey(uuid7(), TENANT, SubjectKind.USER, subject.user_id, None, None)
        self.access.keys[made.hash] = replace(known, **more)  # type: ignore[arg-type]
        return f"Bearer {made.key}"


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_the_role_of_the_token_decides_nothing(bench: Bench) -> None:
    caller = await bench.admission.admit(bench.header(bench.member("viewer")))
    assert caller.principal.role == caller.rights.role == "viewer"


async def test_rights_are_read_once_and_the_same_caller_is_given(bench: Bench) -> None:
    header = bench.header(bench.member())
    first = await bench.admission.admit(header)
    assert await bench.admission.admit(header) is first
    assert bench.access.looked_up == 1
    await asyncio.gather(*(bench.admission.admit(bench.header(bench.member())) for _ in range(5)))
    assert bench.access.looked_up == 6


async def test_many_who_ask_for_one_wait_for_one_look(bench: Bench) -> None:
    principal = bench.member()
    callers = await asyncio.gather(*(bench.directory.find(principal) for _ in range(20)))
    assert len({id(one) for one in callers}) == 1
    assert bench.access.looked_up == 1


async def test_the_watch_makes_changes_known(bench: Bench) -> None:
    principal = bench.member("operator")
    header = bench.header(principal)
    other = bench.header(bench.member("viewer"))
    await bench.admission.admit(header)
    await bench.admission.admit(other)
    deny = Grant(uuid7(), "user", str(principal.user_id), Effect.DENY, "run:start", "workflow")
    bench.access.grants[TENANT] = [deny]
    place = Resource("workflow", "ops/a")
    assert decide((await bench.admission.admit(header)).rights, "run:start", place).allowed
    bench.access.change(TENANT)
    assert await bench.watch.run_once() == 1
    assert not decide((await bench.admission.admit(header)).rights, "run:start", place).allowed
    looks = bench.access.looked_up
    await bench.watch.run_once()
    await bench.admission.admit(header)
    assert bench.access.looked_up == looks


async def test_who_is_no_member_any_more_is_refused_and_not_remembered(bench: Bench) -> None:
    principal = bench.member()
    header = bench.header(principal)
    await bench.admission.admit(header)
    bench.access.disabled.append(principal.user_id)
    await bench.watch.run_once()
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="not a member"):
            await bench.admission.admit(header)
    bench.access.disabled.clear()
    assert (await bench.admission.admit(header)).principal.role == "viewer"


async def test_an_answer_that_a_change_overtook_is_not_kept(bench: Bench) -> None:
    principal, asked, go = bench.member("operator"), asyncio.Event(), asyncio.Event()
    look = bench.access.standing

    async def slow(tenant_id: UUID, subject: SubjectKind, subject_id: UUID) -> Standing | None:
        found = await look(tenant_id, subject, subject_id)
        asked.set()
        await go.wait()
        return found

    bench.access.standing = slow  # type: ignore[method-assign]
    old = asyncio.create_task(bench.directory.find(principal))
    await asked.wait()
    bench.identity.members[principal.user_id] = [Membership(TENANT, "t", "T", "viewer")]
    bench.access.change(TENANT)
    await bench.watch.run_once()
    go.set()
    assert (await old).rights.role == "operator"
    assert (await bench.directory.find(principal)).rights.role == "viewer"


async def test_what_is_remembered_is_bounded_and_grows_old(bench: Bench) -> None:
    headers = [bench.header(bench.member()) for _ in range(5)]
    for header in headers:
        await bench.admission.admit(header)
    assert bench.access.looked_up == 5
    await bench.admission.admit(headers[4])
    assert bench.access.looked_up == 5
    await bench.admission.admit(headers[0])
    assert bench.access.looked_up == 6
    bench.clock.advance(LIMITS.access_cache_seconds + 1)
    await bench.admission.admit(headers[0])
    assert bench.access.looked_up == 7


async def test_while_the_database_is_away_what_was_known_holds(bench: Bench) -> None:
    header, new = bench.header(bench.member()), bench.header(bench.member())
    first = await bench.admission.admit(header)
    bench.access.away = True
    assert await bench.admission.admit(header) is first
    with pytest.raises(Unavailable):
        await bench.admission.admit(new)
    bench.access.away = False
    assert (await bench.admission.admit(new)).principal.role == "viewer"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer nonsense", f"Bearer {PREFIX}", "twk_x"])
async def test_nothing_else_is_admitted(bench: Bench, header: str) -> None:
    with pytest.raises(Unauthenticated):
        await bench.admission.admit(header)


# ---------------------------------------------------------------- API keys


async def test_a_key_acts_as_its_subject_within_its_scopes(bench: Bench) -> None:
    member = bench.member("operator")
    caller = await bench.admission.admit(bench.key(member, scopes=frozenset({"run:read"})))
    assert caller.principal.user_id == member.user_id
    assert caller.principal.credential is Credential.API_KEY
    assert decide(caller.rights, "run:read", Resource("workflow")).allowed
    assert not decide(caller.rights, "run:start", Resource("workflow")).allowed
    # The same member without scopes shares what is remembered, not the narrowing.
    whole = await bench.admission.admit(bench.header(member))
    assert decide(whole.rights, "run:start", Resource("workflow")).allowed


async def test_a_revoked_key_is_refused_when_what_is_known_of_it_is_old(bench: Bench) -> None:
    header = bench.key(bench.member())
    await bench.admission.admit(header)
    bench.access.keys.clear()
    await bench.admission.admit(header)
    bench.clock.advance(LIMITS.api_key_cache_seconds + 0.01)
    assert LIMITS.api_key_cache_seconds < 1
    with pytest.raises(Unauthenticated, match="revoked"):
        await bench.admission.admit(header)


async def test_the_database_is_not_asked_for_each_request_with_a_dead_key(bench: Bench) -> None:
    dead = f"Bearer {new_key().key}"
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await bench.admission.admit(dead)
    assert bench.access.looked_up == 1
    bench.clock.advance(LIMITS.api_key_cache_seconds + 0.01)
    with pytest.raises(Unauthenticated):
        await bench.admission.admit(dead)
    assert bench.access.looked_up == 2
    with pytest.raises(Unauthenticated):
        await bench.admission.admit(dead + "x")
    assert bench.access.looked_up == 2


async def test_a_key_expires_although_it_is_known(bench: Bench) -> None:
    soon = bench.clock.now() + timedelta(seconds=0.5)
    header = bench.key(bench.member(), expires_at=soon)
    await bench.admission.admit(header)
    bench.clock.advance(0.5)
    with pytest.raises(Unauthenticated, match="expired"):
        await bench.admission.admit(header)


async def test_what_is_revoked_here_is_refused_here_at_once(bench: Bench) -> None:
    member = bench.member()
    one, two = bench.key(member), bench.key(member)
    for header in (one, two):
        await bench.admission.admit(header)
    first = next(iter(bench.access.keys.values()))
    bench.access.keys.clear()
    bench.keyring.forget(first.id)
    with pytest.raises(Unauthenticated):
        await bench.admission.admit(one)
    await bench.admission.admit(two)
    bench.keyring.forget_subject(TENANT, member.user_id)
    with pytest.raises(Unauthenticated):
        await bench.admission.admit(two)


async def test_the_use_of_a_key_is_told_once_a_minute(bench: Bench) -> None:
    header = bench.key(bench.member())
    for _ in range(3):
        await bench.admission.admit(header)
    assert await bench.keyring.note_use() == 1
    await bench.admission.admit(header)
    assert await bench.keyring.note_use() == 0
    bench.clock.advance(LIMITS.api_key_use_seconds)
    await bench.admission.admit(header)
    await bench.watch.run_once()
    assert list(bench.access.used.values()) == [bench.clock.now()]


def test_keys_are_long_random_and_known_by_their_beginning() -> None:
    made = {new_key().key for _ in range(50)}
    assert len(made) == 50
    assert all(len(key) == 47 and key.startswith(PREFIX) for key in made)
    one = new_key()
    assert one.key.startswith(one.prefix)
    assert len(one.prefix) == 12
