"""IdentityRepository."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.domain.errors import Conflict
from serve import records as r
from storage import identity, sessions
from tests.storage_kit import NOW, Api, new_account, new_session, new_tenant

UNTIL = NOW + timedelta(days=30)


async def rotated(api: Api, used: bytes, successor: bytes, seconds: float = 0) -> r.Rotation | None:
    return await api.identity.rotate(used, successor, b"sealed " + successor, UNTIL, NOW + timedelta(seconds=seconds))


async def test_register(api: Api) -> None:
    account, session = new_account("Ada@Example.com")
    await api.identity.register(account, session)
    user = await api.identity.user_by_email("aDA@example.COM")
    assert user == r.User(account.user_id, "Ada@Example.com", "argon")
    assert await api.identity.user(account.user_id) == user
    (membership,) = await api.identity.memberships(account.user_id)
    assert membership == r.Membership(account.tenant_id, account.tenant_name, account.display_name, "owner")
    assert await api.identity.session_of(session.refresh_hash) == session.id


async def test_taken_names_leave_nothing_behind(api: Api, tenant: r.NewAccount) -> None:
    same_address, session = new_account(tenant.email.upper())
    with pytest.raises(Conflict):
        await api.identity.register(same_address, session)
    same_name, session = new_account(tenant=tenant.tenant_name)
    with pytest.raises(Conflict):
        await api.identity.register(same_name, session)
    assert await api.identity.user(same_name.user_id) is None
    assert await api.identity.session_of(session.refresh_hash) is None


async def test_memberships_oldest_first(api: Api, tenant: r.NewAccount) -> None:
    second = await new_tenant(api)
    async with api.app.unit_of_work([second.tenant_id]) as conn:
        await identity.add_member(conn, second.tenant_id, tenant.user_id, "viewer")
    found = await api.identity.memberships(tenant.user_id)
    assert [(m.tenant_id, m.role) for m in found] == [(tenant.tenant_id, "owner"), (second.tenant_id, "viewer")]
    assert await api.identity.memberships(uuid4()) == []


async def opened(api: Api, tenant: r.NewAccount) -> r.NewSession:
    session = new_session(tenant.user_id, tenant.tenant_id)
    await api.identity.open_session(session)
    return session


async def test_a_refresh_token_is_used_once(api: Api, tenant: r.NewAccount) -> None:
    session = await opened(api, tenant)
    second, third = uuid4().bytes, uuid4().bytes
    expected = r.Rotation(session.id, tenant.user_id, tenant.tenant_id, "owner", None, ("pwd",), NOW)
    assert await rotated(api, session.refresh_hash, second) == expected
    assert await rotated(api, second, third, 60) == expected
    assert await api.identity.session_of(third) == session.id


async def test_within_ten_seconds_the_same_successor(api: Api, tenant: r.NewAccount) -> None:
    session = await opened(api, tenant)
    winner, loser = uuid4().bytes, uuid4().bytes
    await rotated(api, session.refresh_hash, winner)
    again = await rotated(api, session.refresh_hash, loser, 10)
    assert again is not None
    assert again.successor_sealed == b"sealed " + winner
    assert await api.identity.session_of(loser) is None


async def test_later_reuse_ends_the_whole_session(api: Api, tenant: r.NewAccount) -> None:
    session = await opened(api, tenant)
    successor = uuid4().bytes
    await rotated(api, session.refresh_hash, successor)
    stolen = await rotated(api, session.refresh_hash, uuid4().bytes, 10.001)
    assert stolen is not None
    assert stolen.stolen
    assert stolen.session_id == session.id
    assert await rotated(api, successor, uuid4().bytes, 11) is None
    assert session.id in await api.identity.ended_sessions(NOW)


async def test_two_tabs_race_and_both_stay_signed_in(api: Api, tenant: r.NewAccount) -> None:
    session = await opened(api, tenant)
    token = session.refresh_hash
    for _ in range(100):
        tries = [uuid4().bytes, uuid4().bytes]
        answers = await asyncio.gather(*(rotated(api, token, successor) for successor in tries))
        assert None not in answers
        fresh = [answer for answer in answers if answer and answer.successor_sealed is None]
        assert len(fresh) == 1
        (told,) = [answer.successor_sealed for answer in answers if answer and answer.successor_sealed]
        token = told.removeprefix(b"sealed ")
        assert token in tries
    assert session.id not in await api.identity.ended_sessions(NOW - timedelta(days=1))


async def test_tokens_that_do_not_work(api: Api, tenant: r.NewAccount) -> None:
    assert await rotated(api, b"unknown", uuid4().bytes) is None
    session = await opened(api, tenant)
    assert await rotated(api, session.refresh_hash, uuid4().bytes, 30 * 86_400) is None
    await api.identity.end_session(session.id, NOW)
    assert await rotated(api, session.refresh_hash, uuid4().bytes) is None


async def test_who_is_no_member_any_more_gets_no_token(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    session = new_session(tenant.user_id, other.tenant_id)
    await api.identity.open_session(session)
    assert await rotated(api, session.refresh_hash, uuid4().bytes) is None


async def test_a_session_ends_once(api: Api, tenant: r.NewAccount) -> None:
    session = await opened(api, tenant)
    await api.identity.end_session(session.id, NOW)
    await api.identity.end_session(session.id, NOW + timedelta(hours=1))
    assert session.id in await api.identity.ended_sessions(NOW - timedelta(seconds=1))
    assert session.id not in await api.identity.ended_sessions(NOW)


async def test_a_disabled_user_is_out(api: Api, tenant: r.NewAccount) -> None:
    session = await opened(api, tenant)
    async with api.app.unit_of_work() as conn:
        await identity.disable_user(conn, tenant.user_id, NOW)
    assert session.id in await api.identity.ended_sessions(NOW - timedelta(seconds=1))
    assert await rotated(api, session.refresh_hash, uuid4().bytes) is None
    user = await api.identity.user(tenant.user_id)
    assert user is not None
    assert user.disabled


async def test_a_ticket_is_used_once(api: Api, tenant: r.NewAccount) -> None:
    ticket = uuid4().bytes
    async with api.app.unit_of_work() as conn:
        await sessions.add_ticket(conn, ticket, tenant.user_id, tenant.tenant_id, NOW + timedelta(minutes=1))
    late = NOW + timedelta(minutes=1)
    assert await api.identity.use_ticket(ticket, late) is None
    answers = await asyncio.gather(*(api.identity.use_ticket(ticket, NOW) for _ in range(10)))
    taken: list[tuple[UUID, UUID]] = [answer for answer in answers if answer is not None]
    assert taken == [(tenant.user_id, tenant.tenant_id)]
