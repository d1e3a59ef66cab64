"""Sign-up, sign-in, the refresh cookie, and the end of sessions, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from models.domain.limits import Limits
from serve.auth.refresh import new_ticket, token_hash
from serve.deps import ApiOptions
from tests.unit.serve.api import PASSWORD, Api, assert_problem, running_api

ACCOUNT = {"email": "ada@example.com", "password": PASSWORD, "tenant": "Harbour Logistics"}
PAGE = {"x-tidewire": "1", "origin": "http://tidewire.test"}


async def register(api: Api, **more: str) -> httpx.Response:
    return await api.http.post("/v1/auth/register", json={**ACCOUNT, **more})


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def test_signing_up_makes_a_tenant_and_its_owner(api: Api) -> None:
    answer = await register(api)
    assert answer.status_code == 201
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 900
    assert answer.headers["cache-control"] == "no-store"
    me = (await api.http.get("/v1/me", headers=bearer(answer))).json()
    assert me["tenant"] == {
        "id": me["tenant"]["id"], "name": "harbour-logistics", "display_name": "Harbour Logistics",
    }  # fmt: skip
    assert me["role"] == "owner"
    assert "run:start" in me["permissions"]


async def test_a_name_or_address_that_is_taken_is_a_conflict(api: Api) -> None:
    await register(api)
    for other in ({"email": "bob@example.com"}, {"tenant": "Other"}, {"email": "ADA@example.com", "tenant": "Other"}):
        assert_problem(await register(api, **other), 409)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "no address"}, "/email"), ({"email": 7}, "/email"), ({"password": "short"}, "/password"),
        ({"password": "x" * 257}, "/password"), ({"tenant": ""}, "/tenant"), ({"tenant": "!!!"}, "/tenant"),
        ({"tenant": "System"}, "/tenant"), ({"tenant": None}, "/tenant"), ({"role": "owner"}, "/role"),
        ({"email": "a\u0000@example.com"}, None),
    ],
)  # fmt: skip
async def test_bad_accounts_are_pointed_at(api: Api, change: dict[str, Any], pointer: str | None) -> None:
    answer = await api.http.post("/v1/auth/register", json={**ACCOUNT, **change})
    assert_problem(answer, 400 if pointer is None else 422, pointer)
    assert api.identity.users == {}


@pytest.mark.parametrize("name", ["email", "password", "tenant"])
async def test_a_missing_field_is_named(api: Api, name: str) -> None:
    body = {key: value for key, value in ACCOUNT.items() if key != name}
    assert_problem(await api.http.post("/v1/auth/register", json=body), 422, f"/{name}")


async def test_no_body_and_another_media_type(api: Api) -> None:
    assert_problem(await api.http.post("/v1/auth/login"), 422)
    form = await api.http.post("/v1/auth/login", data={"email": "a@b.c", "password": "x"})
    assert_problem(form, 415)


async def test_a_password_opens_a_session_and_a_wrong_one_does_not(api: Api) -> None:
    await register(api)
    right = await api.http.post("/v1/auth/login", json={"email": "ADA@example.com", "password": PASSWORD})
    assert right.status_code == 200
    wrong = await api.http.post("/v1/auth/login", json={"email": "ada@example.com", "password": "wrong"})
    nobody = await api.http.post("/v1/auth/login", json={"email": "nobody@example.com", "password": PASSWORD})
    assert assert_problem(wrong, 401)["detail"] == assert_problem(nobody, 401)["detail"]


async def test_guessing_is_slowed_down_by_account_and_then_forgotten() -> None:
    async with running_api(limits=Limits(max_sign_in_failures_per_account=3)) as api:
        await register(api)
        login = {"email": "ada@example.com", "password": "wrong"}
        for _ in range(3):
            assert (await api.http.post("/v1/auth/login", json=login)).status_code == 401
        answer = await api.http.post("/v1/auth/login", json={**login, "password": PASSWORD})
        assert_problem(answer, 429)
        assert int(answer.headers["retry-after"]) > 800
        api.clock.advance(901)
        answer = await api.http.post("/v1/auth/login", json={**login, "password": PASSWORD})
        assert answer.status_code == 200


async def test_right_passwords_are_no_failures() -> None:
    async with running_api(limits=Limits(max_sign_in_failures_per_account=2)) as api:
        await register(api)
        for _ in range(6):
            login = await api.http.post("/v1/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
            assert login.status_code == 200


async def test_a_refresh_token_in_the_body_changes_into_a_new_pair(api: Api) -> None:
    first = await register(api)
    api.http.cookies.clear()
    token = first.json()["refresh_token"]
    second = await api.http.post("/v1/auth/refresh", json={"refresh_token": token})
    assert second.status_code == 200
    assert second.json()["refresh_token"] != token
    again = await api.http.post("/v1/auth/refresh", json={"refresh_token": token})
    assert again.json()["refresh_token"] == second.json()["refresh_token"]
    assert_problem(await api.http.post("/v1/auth/refresh", json={"refresh_token": "twr_unknown"}), 401)


async def test_the_cookie_is_for_our_own_page_alone(api: Api) -> None:
    cookie = (await register(api)).headers["set-cookie"]
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/v1/auth"):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert (await api.http.post("/v1/auth/refresh", headers=PAGE)).status_code == 200
    for forged in (
        {}, {"origin": PAGE["origin"]}, {**PAGE, "origin": "http://evil.test"},
        {**PAGE, "origin": "null"}, {**PAGE, "sec-fetch-site": "cross-site"}, {**PAGE, "sec-fetch-site": "same-site"},
    ):  # fmt: skip
        assert_problem(await api.http.post("/v1/auth/refresh", headers=forged), 403)
        assert_problem(await api.http.post("/v1/auth/logout", headers=forged), 403)
    api.http.cookies.clear()
    assert_problem(await api.http.post("/v1/auth/refresh", headers=PAGE), 401)


async def test_behind_tls_the_cookie_is_secure_and_instances_are_kept_apart() -> None:
    async with running_api(options=ApiOptions(secure=True, cookie_suffix="_8443")) as api:
        answer = await register(api)
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["set-cookie"].startswith("__Host-tidewire_refresh_8443=")
        assert "Path=/;" in answer.headers["set-cookie"]
        assert "Domain" not in answer.headers["set-cookie"]
        assert "max-age=31536000" in answer.headers["strict-transport-security"]


async def test_signing_out_ends_the_session_at_once(api: Api) -> None:
    for way in ("cookie", "body", "token"):
        answer = await register(api, email=f"{way}@example.com", tenant=way)
        headers = bearer(answer)
        assert (await api.http.get("/v1/me", headers=headers)).status_code == 200
        if way != "cookie":
            api.http.cookies.clear()
        body = {"refresh_token": answer.json()["refresh_token"]} if way == "body" else None
        more = {"cookie": PAGE, "body": {}, "token": headers}[way]
        gone = await api.http.post("/v1/auth/logout", json=body, headers=more)
        assert gone.status_code == 204, gone.text
        assert "Max-Age=0" in gone.headers["set-cookie"]
        assert_problem(await api.http.get("/v1/me", headers=headers), 401)
        refresh = {"refresh_token": answer.json()["refresh_token"]}
        assert_problem(await api.http.post("/v1/auth/refresh", json=refresh), 401)


async def test_a_session_that_ended_elsewhere_is_refused_here(api: Api) -> None:
    answer = await register(api)
    [session] = api.identity.sessions
    api.identity.ended[session] = api.clock.now()
    for _ in range(2):
        api.identity.asked.clear()
        await asyncio.wait_for(api.identity.asked.wait(), 5)
    assert_problem(await api.http.get("/v1/me", headers=bearer(answer)), 401)


async def test_while_the_database_is_away_ended_sessions_stay_ended(api: Api) -> None:
    answer = await register(api)
    assert (await api.http.post("/v1/auth/logout", headers=bearer(answer))).status_code == 204
    api.identity.away = True
    for _ in range(2):
        api.identity.asked.clear()
        await asyncio.wait_for(api.identity.asked.wait(), 5)
    assert_problem(await api.http.get("/v1/me", headers=bearer(answer)), 401)


async def test_a_ticket_signs_in_once(api: Api) -> None:
    await register(api)
    api.http.cookies.clear()
    [user] = api.identity.users
    ticket = new_ticket()
    api.identity.tickets[token_hash(ticket)] = (user, api.identity.members[user][0].tenant_id)
    assert (await api.http.post("/v1/auth/ticket", json={"ticket": ticket})).status_code == 200
    assert_problem(await api.http.post("/v1/auth/ticket", json={"ticket": ticket}), 401)


async def test_switching_needs_membership_and_ends_the_old_session(api: Api) -> None:
    answer = await register(api)
    await register(api, email="bob@example.com", tenant="Elsewhere")
    assert_problem(await api.http.post("/v1/auth/switch", json={"tenant": "elsewhere"}, headers=bearer(answer)), 404)
    assert (await api.http.get("/v1/me", headers=bearer(answer))).status_code == 200
    moved = await api.http.post("/v1/auth/switch", json={"tenant": "harbour-logistics"}, headers=bearer(answer))
    assert moved.status_code == 200
    assert_problem(await api.http.get("/v1/me", headers=bearer(answer)), 401)
    tenants = (await api.http.get("/v1/me/tenants", headers=bearer(moved))).json()["items"]
    assert [one["name"] for one in tenants] == ["harbour-logistics"]


async def test_a_disabled_user_does_not_get_in(api: Api) -> None:
    await register(api)
    [user] = api.identity.users.values()
    api.identity.users[user.id] = type(user)(user.id, user.email, user.password_hash, disabled=True)
    login = {"email": "ada@example.com", "password": PASSWORD}
    assert_problem(await api.http.post("/v1/auth/login", json=login), 401)


async def test_a_push_token_opens_the_gateway_and_nothing_else(api: Api) -> None:
    answer = await register(api)
    push = await api.http.post("/v1/push/token", headers=bearer(answer))
    assert push.json()["expires_in"] == 300
    headers = {"authorization": f"Bearer {push.json()['token']}"}
    assert_problem(await api.http.get("/v1/me", headers=headers), 401)
