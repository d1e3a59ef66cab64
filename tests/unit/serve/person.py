"""Somebody with second factors, as a client of the API."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
from joserfc import jws

from models.domain.factors import step_of, totp_code
from tests.unit.serve.api import PASSWORD, Api
from tests.unit.serve.authenticator import Authenticator

ACCOUNT = {"email": "ada@example.com", "password": PASSWORD, "tenant": "Harbour Logistics"}
LOGIN = {"email": "ada@example.com", "password": PASSWORD}
STEP_UP = "urn:tidewire:problem:step-up-required"


class Person:
    """Somebody who signed up, with what they hold."""

    def __init__(self, api: Api, tokens: dict[str, Any]) -> None:
        self.api, self.token, self.refresh = api, tokens["access_token"], tokens["refresh_token"]
        self.secret = b""

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.api.http.request(method, path, headers={"authorization": f"Bearer {self.token}"}, **more)

    def code(self, off: int = 0) -> str:
        return totp_code(self.secret, step_of(self.api.clock.now()) + off)

    async def add_totp(self) -> None:
        begun = await self.call("POST", "/v1/me/factors/totp")
        assert begun.status_code == 201, begun.text
        text = begun.json()["secret"]
        self.secret = base64.b32decode(text + "=" * (-len(text) % 8))
        confirmed = await self.call("POST", "/v1/me/factors/totp/confirm", json={"code": self.code()})
        assert confirmed.status_code == 200, confirmed.text
        self.token = confirmed.json()["access_token"]
        self.api.clock.advance(30)

    async def add_passkey(self, name: str = "Laptop") -> Authenticator:
        options = (await self.call("POST", "/v1/me/passkeys/options")).json()
        key = Authenticator()
        body = {
            "registration_token": options["registration_token"], "name": name,
            "credential": key.register(options["passkey"]),
        }  # fmt: skip
        added = await self.call("POST", "/v1/me/passkeys", json=body)
        assert added.status_code == 201, added.text
        self.token = added.json()["access_token"]
        return key

    async def login(self, **headers: str) -> dict[str, Any]:
        answer = await self.api.http.post("/v1/auth/login", json=LOGIN, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def verify(self, mfa_token: str, headers: dict[str, str] | None = None, **proof: Any) -> httpx.Response:
        return await self.api.http.post(
            "/v1/auth/mfa/verify", json={"mfa_token": mfa_token, **proof}, headers=headers or {}
        )


async def sign_up(api: Api) -> Person:
    answer = await api.http.post("/v1/auth/register", json=ACCOUNT)
    assert answer.status_code == 201
    return Person(api, answer.json())


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload)
    return found


async def by_passkey(api: Api, key: Authenticator, **changes: Any) -> httpx.Response:
    options = (await api.http.post("/v1/auth/passkeys/options")).json()
    body = {"passkey_token": options["passkey_token"], "assertion": key.sign(options["passkey"], **changes)}
    return await api.http.post("/v1/auth/passkeys", json=body)
