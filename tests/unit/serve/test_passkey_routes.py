"""Passkeys over HTTP: signing in with them, attacks on them, names and limits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from models.domain.limits import Limits
from tests.unit.serve.api import assert_problem, running_api
from tests.unit.serve.authenticator import PRESENT, VERIFIED, Authenticator
from tests.unit.serve.person import Person, by_passkey, claims, sign_up


async def test_a_passkey_signs_in_without_a_password(ada: Person) -> None:
    key = await ada.add_passkey()
    answer = await by_passkey(ada.api, key)
    assert answer.status_code == 200, answer.text
    assert claims(answer.json()["access_token"])["amr"] == ["pop", "mfa"]
    unknown = await by_passkey(ada.api, Authenticator())
    assert assert_problem(unknown, 401)["type"].endswith("wrong-factor")


async def test_an_answer_of_a_passkey_works_once(ada: Person) -> None:
    key = await ada.add_passkey()
    key.counts = False
    key.count = 0
    options = (await ada.api.http.post("/v1/auth/passkeys/options")).json()
    body = {"passkey_token": options["passkey_token"], "assertion": key.sign(options["passkey"])}
    answers = await asyncio.gather(*(ada.api.http.post("/v1/auth/passkeys", json=body) for _ in range(10)))
    assert sorted(one.status_code for one in answers) == [200] + [401] * 9


ATTACKS: dict[str, dict[str, Any]] = {
    "another page": {"client": {"origin": "https://tidewire.evil"}},
    "a page of ours by http elsewhere": {"client": {"origin": "http://localhost:8081"}},
    "within another page": {"client": {"crossOrigin": True}},
    "another challenge": {"client": {"challenge": "AAAA"}},
    "a registration": {"client": {"type": "webauthn.create"}},
    "another relying party": {"rp_id": "evil.example"},
    "somebody else's": {"user_handle": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_answers_that_are_not_to_our_question(ada: Person, attack: str) -> None:
    key = await ada.add_passkey()
    assert_problem(await by_passkey(ada.api, key, **ATTACKS[attack]), 401)
    assert (await by_passkey(ada.api, key)).status_code == 200


@pytest.mark.parametrize("flags", [0, PRESENT, VERIFIED])
async def test_the_person_has_to_be_there_and_verified(ada: Person, flags: int) -> None:
    key = await ada.add_passkey()
    key.flags = flags
    assert_problem(await by_passkey(ada.api, key), 401)
    options = (await ada.call("POST", "/v1/me/passkeys/options")).json()
    credential = Authenticator(flags=flags).register(options["passkey"])
    body = {"registration_token": options["registration_token"], "name": "x", "credential": credential}
    assert_problem(await ada.call("POST", "/v1/me/passkeys", json=body), 422)


async def test_a_copied_key_is_noticed_by_its_count(ada: Person) -> None:
    key = await ada.add_passkey()
    assert (await by_passkey(ada.api, key)).status_code == 200
    assert (await by_passkey(ada.api, key)).status_code == 200
    key.count -= 1
    assert_problem(await by_passkey(ada.api, key), 401)
    key.count += 1
    assert (await by_passkey(ada.api, key)).status_code == 200


async def test_tokens_of_passkeys_are_for_one_purpose_and_person_and_time(ada: Person) -> None:
    key = await ada.add_passkey()
    sign_in = (await ada.api.http.post("/v1/auth/passkeys/options")).json()
    credential = Authenticator().register((await ada.call("POST", "/v1/me/passkeys/options")).json()["passkey"])
    for token in (sign_in["passkey_token"], "twn_", "twn_AAAA", "nothing"):
        body = {"registration_token": token, "name": "x", "credential": credential}
        assert_problem(await ada.call("POST", "/v1/me/passkeys", json=body), 401)
    ada.api.clock.advance(300)
    body = {"passkey_token": sign_in["passkey_token"], "assertion": key.sign(sign_in["passkey"])}
    assert_problem(await ada.api.http.post("/v1/auth/passkeys", json=body), 401)


@pytest.mark.parametrize(
    "nonsense",
    [
        {}, {"id": 7}, {"rawId": "AAAA"}, {"rawId": "\u00e9"}, {"rawId": "AAAA", "response": {}},
        {"rawId": [], "id": "A"},
        {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "AAAA"}},
    ],
)  # fmt: skip
async def test_nonsense_is_refused(ada: Person, nonsense: dict[str, Any]) -> None:
    options = (await ada.api.http.post("/v1/auth/passkeys/options")).json()
    body: dict[str, Any] = {"passkey_token": options["passkey_token"], "assertion": nonsense}
    assert_problem(await ada.api.http.post("/v1/auth/passkeys", json=body), 401)
    begun = (await ada.call("POST", "/v1/me/passkeys/options")).json()
    body = {"registration_token": begun["registration_token"], "name": "x", "credential": nonsense}
    assert_problem(await ada.call("POST", "/v1/me/passkeys", json=body), 422)


async def test_passkeys_are_named_and_removed(ada: Person) -> None:
    await ada.add_passkey("One")
    key = await ada.add_passkey("Two")
    state = (await ada.call("GET", "/v1/me/factors")).json()
    assert [one["name"] for one in state["passkeys"]] == ["One", "Two"]
    one, two = (f"/v1/me/passkeys/{found['id']}" for found in state["passkeys"])
    assert (await ada.call("PATCH", one, json={"name": " Mine "})).json()["name"] == "Mine"
    assert_problem(await ada.call("PATCH", one, json={"name": "  "}), 422, "/name")
    assert (await ada.call("DELETE", two)).status_code == 204
    assert_problem(await ada.call("DELETE", two), 404)
    assert_problem(await by_passkey(ada.api, key), 401)
    options = (await ada.call("POST", "/v1/me/passkeys/options")).json()["passkey"]
    assert len(options["excludeCredentials"]) == 1


async def test_passkeys_of_others_are_not_there(ada: Person) -> None:
    await ada.add_passkey()
    [found] = (await ada.call("GET", "/v1/me/factors")).json()["passkeys"]
    path = f"/v1/me/passkeys/{found['id']}"
    stranger = ada.api.stranger
    assert_problem(await ada.api.call("PATCH", path, stranger, json={"name": "x"}), 404)
    assert_problem(await ada.api.call("DELETE", path, stranger), 404)
    assert (await ada.call("GET", "/v1/me/factors")).json()["passkeys"] == [found]


async def test_a_limit_of_passkeys() -> None:
    async with running_api(limits=Limits(max_passkeys_per_user=1)) as api:
        ada = await sign_up(api)
        await ada.add_passkey()
        answer = await ada.call("POST", "/v1/me/passkeys/options")
        assert assert_problem(answer, 422)["limit"] == {"name": "max_passkeys_per_user", "value": 1}
