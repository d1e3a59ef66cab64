"""What works once works once: a hundred try the same code at the same time, over a real PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from models.domain.clock import SystemClock
from models.domain.factors import step_of, totp_code
from tests.integration.api.conftest import Client
from tests.unit.serve.authenticator import Authenticator

TRIES = 100
PASSWORD = "correct horse battery staple of tides"


class Person:
    """Somebody with an account of their own, and what they hold."""

    def __init__(self, client: Client, http: httpx.AsyncClient, login: dict[str, str]) -> None:
        self.client, self.http, self.login, self.secret = client, http, login, b""

    @classmethod
    async def sign_up(cls, client: Client) -> Person:
        name = f"f-{uuid4().hex[:12]}"
        login = {"email": f"me@{name}.example", "password": PASSWORD}
        answer = await client("").post("/v1/auth/register", json={**login, "tenant": name})
        assert answer.status_code == 201, answer.text
        return cls(client, client(answer.json()["access_token"]), login)

    async def ok(self, method: str, path: str, **more: Any) -> Any:
        answer = await self.http.request(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def add_totp(self) -> None:
        text = (await self.ok("POST", "/v1/me/factors/totp"))["secret"]
        self.secret = base64.b32decode(text)
        # The step before: that of now is still to be used.
        answer = await self.ok("POST", "/v1/me/factors/totp/confirm", json={"code": self.code(-1)})
        self.http = self.client(answer["access_token"])

    async def add_passkey(self) -> Authenticator:
        options = await self.ok("POST", "/v1/me/passkeys/options")
        key = Authenticator()
        added = await self.ok("POST", "/v1/me/passkeys", json={
            "registration_token": options["registration_token"], "name": "Key",
            "credential": key.register(options["passkey"]),
        })  # fmt: skip
        self.http = self.client(added["access_token"])
        return key

    def code(self, off: int = 0) -> str:
        return totp_code(self.secret, step_of(SystemClock().now()) + off)

    async def waiting(self) -> str:
        answer = await self.client("").post("/v1/auth/login", json=self.login)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["mfa_token"])

    async def verify(self, token: str, **proof: Any) -> int:
        answer = await self.client("").post("/v1/auth/mfa/verify", json={"mfa_token": token, **proof})
        return answer.status_code


async def raced(tries: list[Coroutine[Any, Any, int]]) -> list[int]:
    return sorted(await asyncio.gather(*tries))


async def test_a_code_works_once_for_a_hundred_sign_ins(client: Client, app: FastAPI) -> None:
    without_throttle(app)
    ada = await Person.sign_up(client)
    await ada.add_totp()
    tokens = [await ada.waiting() for _ in range(TRIES)]
    await begin_of_step()
    code = ada.code()
    found = await raced([ada.verify(token, code=code) for token in tokens])
    assert found == [200] + [401] * (TRIES - 1)


async def test_a_recovery_code_works_once_for_a_hundred_sign_ins(client: Client, app: FastAPI) -> None:
    without_throttle(app)
    ada = await Person.sign_up(client)
    await ada.add_totp()
    code = (await ada.ok("POST", "/v1/me/recovery-codes"))["codes"][0]
    tokens = [await ada.waiting() for _ in range(TRIES)]
    found = await raced([ada.verify(token, recovery_code=code) for token in tokens])
    assert found == [200] + [401] * (TRIES - 1)
    assert (await ada.ok("GET", "/v1/me/factors"))["recovery_codes"]["left"] == 9


async def test_one_waiting_sign_in_opens_one_session_and_is_tried_five_times(client: Client, app: FastAPI) -> None:
    without_throttle(app)
    ada = await Person.sign_up(client)
    await ada.add_totp()
    codes = (await ada.ok("POST", "/v1/me/recovery-codes"))["codes"]
    token = await ada.waiting()
    found = await raced([ada.verify(token, recovery_code=codes[n % 10]) for n in range(TRIES)])
    assert found == [200] + [401] * (TRIES - 1)
    assert (await ada.ok("GET", "/v1/me/factors"))["recovery_codes"]["left"] == 9, "the losers used no code up"
    guessed = await ada.waiting()
    await raced([ada.verify(guessed, code="000000") for _ in range(TRIES)])
    assert await ada.verify(guessed, recovery_code=codes[-1]) == 401


async def test_a_signature_of_a_passkey_works_once(client: Client) -> None:
    ada = await Person.sign_up(client)
    key = await ada.add_passkey()
    key.counts = False
    key.count = 0
    options = (await client("").post("/v1/auth/passkeys/options")).json()
    body = {"passkey_token": options["passkey_token"], "assertion": key.sign(options["passkey"])}

    async def attempt() -> int:
        return (await client("").post("/v1/auth/passkeys", json=body)).status_code

    assert await raced([attempt() for _ in range(TRIES)]) == [200] + [401] * (TRIES - 1)


async def test_the_last_factor_stays_when_two_are_removed_at_once(client: Client) -> None:
    ada = await Person.sign_up(client)
    await ada.add_totp()
    await ada.add_passkey()
    await ada.ok("PUT", "/v1/mfa-policy", json={"everyone": True})
    [passkey] = (await ada.ok("GET", "/v1/me/factors"))["passkeys"]
    answers = await asyncio.gather(
        ada.http.delete("/v1/me/factors/totp"), ada.http.delete(f"/v1/me/passkeys/{passkey['id']}")
    )
    assert sorted(one.status_code for one in answers) == [204, 409]


async def test_refresh_keeps_what_a_session_proved(client: Client) -> None:
    ada = await Person.sign_up(client)
    key = await ada.add_passkey()
    options = (await client("").post("/v1/auth/passkeys/options")).json()
    body = {"passkey_token": options["passkey_token"], "assertion": key.sign(options["passkey"])}
    first = (await client("").post("/v1/auth/passkeys", json=body)).json()
    second = (await client("").post("/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})).json()
    told = [claims(one["access_token"]) for one in (first, second)]
    assert [one["amr"] for one in told] == [["pop", "mfa"]] * 2
    assert told[0]["auth_time"] == told[1]["auth_time"]


def without_throttle(app: FastAPI) -> None:
    """Only uses are looked at here, not how often somebody may guess."""

    async def free(user_id: Any) -> None:
        return None

    app.state.deps.factors.second._throttle.enter = free


async def begin_of_step() -> None:
    """Not so late in thirty seconds that the code would be another one before all have tried it."""
    left = 30 - time.time() % 30
    if left < 8:
        await asyncio.sleep(left)


def claims(token: str) -> dict[str, Any]:
    import json

    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
