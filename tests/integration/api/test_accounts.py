"""Addresses, passwords and sessions of users, over a real database."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from models.domain.identity import Principal
from serve.app import build_deps
from serve.auth.session_watch import SessionWatch
from serve.mail.letters import link_in
from serve.telemetry import Telemetry
from storage import mails
from storage.sealer import AesGcmSealer
from tests.integration.api.conftest import Client
from tests.storage_kit import Api

PASSWORD, OTHER = "correct horse battery", "staple tractor lantern"
SEALER = AesGcmSealer([bytes(32)])


def address() -> str:
    return f"{uuid4().hex}@example.com"


async def register(http: httpx.AsyncClient, email: str, tenant: str | None = None) -> httpx.Response:
    body = {"email": email, "password": PASSWORD, "tenant": tenant or f"T {uuid4().hex}"}
    return await http.post("/v1/auth/register", json=body)


async def login(http: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await http.post("/v1/auth/login", json={"email": email, "password": password})


async def mailed(api: Api, email: str) -> list[mails.WaitingMail]:
    async with api.engine.read() as conn:
        found = await mails.waiting(conn, datetime.now(UTC), 1_000)
    return [one for one in found if one.recipient == email]


async def token_for(api: Api, email: str, kind: str) -> str:
    [mail] = [one for one in await mailed(api, email) if one.kind == kind][:1]
    return link_in(mail.id, mail.kind, mail.sealed, SEALER).partition("#token=")[2]


def verified(app: FastAPI, verification: str) -> None:
    ports = app.state.deps.ports
    options = replace(ports.options, verification=verification, mail=True)
    limits = replace(ports.limits, max_account_mails_per_address=10_000, max_sign_in_failures_per_address=10_000)
    app.state.deps = build_deps(replace(ports, options=options, limits=limits), Telemetry())


async def test_before_use_an_account_is_made_by_the_link_and_the_password(
    api: Api, app: FastAPI, client: Client
) -> None:
    verified(app, "before_use")
    http, email = client(), address()
    asked = await register(http, email)
    assert (asked.status_code, asked.json()) == (202, {"status": "mail_sent"})
    assert (await login(http, email)).status_code == 401
    token = await token_for(api, email, "verification")
    wrong = await http.post("/v1/auth/verify", json={"token": token, "password": OTHER})
    assert wrong.status_code == 422
    done = await http.post("/v1/auth/verify", json={"token": token, "password": PASSWORD})
    assert done.status_code == 200, done.text
    assert (await client(done.json()["access_token"]).get("/v1/me")).json()["role"] == "owner"
    again = await http.post("/v1/auth/verify", json={"token": token, "password": PASSWORD})
    assert again.status_code == 401
    assert (await login(http, email)).status_code == 200


async def test_who_registers_again_is_told_by_mail_alone(api: Api, app: FastAPI, client: Client) -> None:
    http, email = client(), address()
    assert (await register(http, email)).status_code == 201
    verified(app, "before_use")
    again = await register(http, email.upper())
    new = await register(http, address())
    assert (again.status_code, again.content) == (new.status_code, new.content) == (202, b'{"status":"mail_sent"}')
    assert [one.kind for one in await mailed(api, email)] == ["account_exists"]


async def test_a_sent_again_link_completes_a_registration(api: Api, app: FastAPI, client: Client) -> None:
    verified(app, "before_use")
    http, email = client(), address()
    await register(http, email)
    assert (await http.post("/v1/auth/verify/resend", json={"email": email})).status_code == 202
    newest = await token_for(api, email, "verification")
    assert (await http.post("/v1/auth/verify", json={"token": newest, "password": PASSWORD})).status_code == 200


async def test_a_reset_ends_every_session_and_works_once(api: Api, client: Client) -> None:
    http, email = client(), address()
    signed = (await register(http, email)).json()
    assert (await http.post("/v1/auth/password/reset-request", json={"email": email})).status_code == 202
    token = await token_for(api, email, "reset")
    weak = await http.post("/v1/auth/password/reset", json={"token": token, "password": "password123"})
    assert weak.status_code == 422
    assert (await http.post("/v1/auth/password/reset", json={"token": token, "password": OTHER})).status_code == 204
    assert (await http.post("/v1/auth/password/reset", json={"token": token, "password": OTHER})).status_code == 401
    assert (await client(signed["access_token"]).get("/v1/me")).status_code == 401
    refreshed = await http.post("/v1/auth/refresh", json={"refresh_token": signed["refresh_token"]})
    assert refreshed.status_code == 401
    assert (await login(http, email)).status_code == 401
    assert (await login(http, email, OTHER)).status_code == 200


async def test_changing_the_password_leaves_one_session(client: Client) -> None:
    http, email = client(), address()
    first, second = (await register(http, email)).json(), (await login(http, email)).json()
    here = client(second["access_token"])
    body = {"current": OTHER, "new": OTHER}
    assert (await here.post("/v1/me/password", json=body)).status_code == 422
    changed = await here.post("/v1/me/password", json={**body, "current": PASSWORD})
    assert changed.status_code == 200, changed.text
    for tokens in (first, second):
        assert (await client(tokens["access_token"]).get("/v1/me")).status_code == 401
    now = client(changed.json()["access_token"])
    assert [one["this"] for one in (await now.get("/v1/me/sessions")).json()["items"]] == [True]


async def test_sessions_are_shown_in_words_and_end_one_by_one_or_all(client: Client) -> None:
    http, email = client(), address()
    first = (await register(http, email)).json()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    second = (
        await http.post("/v1/auth/login", json={"email": email, "password": PASSWORD}, headers={"user-agent": agent})
    ).json()
    here, there = client(first["access_token"]), client(second["access_token"])
    shown = (await here.get("/v1/me/sessions")).json()["items"]
    [other] = [one for one in shown if not one["this"]]
    assert other["device"] == "Firefox on Linux"
    assert (await here.delete(f"/v1/me/sessions/{uuid4()}")).status_code == 404
    assert (await here.delete(f"/v1/me/sessions/{other['id']}")).status_code == 204
    assert (await there.get("/v1/me")).status_code == 401
    third = client((await login(http, email)).json()["access_token"])
    assert (await here.delete("/v1/me/sessions", params={"keep_this": "true"})).json() == {"ended": 1}
    assert (await third.get("/v1/me")).status_code == 401
    assert (await here.get("/v1/me")).status_code == 200
    assert (await here.delete("/v1/me/sessions")).json() == {"ended": 1}
    assert (await here.get("/v1/me")).status_code == 401


async def test_a_sign_in_under_way_does_not_outlive_the_end_of_all(api: Api, app: FastAPI, client: Client) -> None:
    http, email = client(), address()
    await register(http, email)
    user = await api.identity.user_by_email(email)
    assert user is not None
    accounts = app.state.deps.accounts
    await app.state.deps.ports.accounts.end_all(user.id, datetime.now(UTC))
    from models.domain.errors import Unauthenticated
    from serve.auth.session_tokens import Device

    with pytest.raises(Unauthenticated):
        await accounts.enter(user.id, None, Device("192.0.2.1", "x"), ("pwd",), user.session_epoch)


async def test_a_replayed_token_ends_the_session_on_both_replicas_in_a_second(
    api: Api, app: FastAPI, client: Client
) -> None:
    http, email = client(), address()
    signed = (await register(http, email)).json()
    other = build_deps(app.state.deps.ports, Telemetry())
    watch = SessionWatch(other.ports.identity, other.gate, other.ports.clock, other.limits)
    watching = asyncio.create_task(watch.run())
    try:
        await http.post("/v1/auth/refresh", json={"refresh_token": signed["refresh_token"]})
        async with api.app.unit_of_work() as conn:
            await conn.execute("UPDATE refresh_tokens SET used_at = used_at - interval '11 s'")
        began = time.perf_counter()
        replay = await http.post("/v1/auth/refresh", json={"refresh_token": signed["refresh_token"]})
        assert replay.status_code == 401
        assert (await client(signed["access_token"]).get("/v1/me")).status_code == 401
        while _admitted(other, signed["access_token"]):
            assert time.perf_counter() - began < 1
            await asyncio.sleep(0.02)
    finally:
        watching.cancel()


def _admitted(deps: Any, token: str) -> Principal | None:
    from models.domain.errors import Unauthenticated

    try:
        found: Principal = deps.gate.admit_token(token)
    except Unauthenticated:
        return None
    return found


async def test_two_tabs_that_race_a_thousand_times_stay_signed_in(client: Client) -> None:
    http = client()
    token = (await register(http, address())).json()["refresh_token"]
    for _ in range(1_000):
        answers = await asyncio.gather(
            *(http.post("/v1/auth/refresh", json={"refresh_token": token}) for _ in range(2))
        )
        assert [one.status_code for one in answers] == [200, 200]
        one, other = (answer.json()["refresh_token"] for answer in answers)
        assert one == other
        token = one


async def differing(known: Callable[[], Awaitable[Any]], unknown: Callable[[], Awaitable[Any]], rounds: int) -> float:
    """Milliseconds between the medians of two calls, tried by turns."""
    took: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        for side, call in ((0, known), (1, unknown)) if turn % 2 else ((1, unknown), (0, known)):
            began = time.perf_counter()
            await call()
            took[side].append(time.perf_counter() - began)
    return abs(statistics.median(took[0]) - statistics.median(took[1])) * 1_000


async def test_neither_text_nor_time_tells_whose_address_is_known(app: FastAPI, client: Client) -> None:
    http, email = client(), address()
    await register(http, email)
    verified(app, "before_use")
    deps = app.state.deps
    limits = replace(deps.limits, max_account_mails_per_account=10_000, max_sign_in_failures_per_account=10_000)
    app.state.deps = build_deps(replace(deps.ports, limits=limits), Telemetry())
    for path, more in (
        ("/v1/auth/login", {"password": OTHER}), ("/v1/auth/password/reset-request", {}),
        ("/v1/auth/verify/resend", {}), ("/v1/auth/register", {"password": OTHER, "tenant": "Some new harbour"}),
    ):  # fmt: skip
        def ask(to: Callable[[], str], path: str = path, more: dict[str, str] = more) -> Callable[[], Awaitable[Any]]:
            return lambda: http.post(path, json={"email": to(), **more})

        known, unknown = await ask(lambda: email)(), await ask(address)()
        assert known.status_code == unknown.status_code, path
        assert {**known.json(), "instance": ""} == {**unknown.json(), "instance": ""}
        # The machine has moods of some milliseconds; a difference that is ours is there each time.
        for _ in range(4):
            if (apart := await differing(ask(lambda: email), ask(address), 24)) < 5:
                break
        assert apart < 5, path


async def test_profiles_and_settings(client: Client) -> None:
    http = client((await register(client(), address())).json()["access_token"])
    changed = await http.patch("/v1/me", json={"name": "Ada", "time_zone": "Europe/London"})
    assert changed.json()["name"] == "Ada"
    assert changed.json()["locale"] == "en"
    assert (await http.patch("/v1/me", json={"time_zone": "Mars/Base"})).status_code == 422
    body = {"display_name": "Harbour", "allowed_origins": ["https://App.example.com"]}
    assert (await http.put("/v1/tenant/settings", json=body)).json()["allowed_origins"] == ["https://app.example.com"]
    assert (await http.get("/v1/tenant/settings")).json()["display_name"] == "Harbour"
    for wrong in ("*", "https://a.example/x", "http://a.example", "https://*.example", "https://u@a.example", "null"):
        answer = await http.put("/v1/tenant/settings", json={**body, "allowed_origins": [wrong]})
        assert answer.status_code == 422, wrong
