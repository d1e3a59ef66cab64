"""Second factors over HTTP: enrolment, the second step of a sign-in, step-up, and who is let in only to enrol."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.domain.limits import Limits
from tests.unit.serve.api import PASSWORD, Api, assert_problem, running_api
from tests.unit.serve.person import STEP_UP, Person, by_passkey, claims, sign_up

SECRET = ("PUT", "/v1/secrets/crm")


async def test_who_has_no_factor_signs_in_as_ever(ada: Person) -> None:
    tokens = await ada.login()
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert claims(tokens["access_token"])["amr"] == ["pwd"]


async def test_an_authenticator_counts_once_it_is_confirmed(ada: Person) -> None:
    begun = (await ada.call("POST", "/v1/me/factors/totp")).json()
    assert begun["uri"].startswith("otpauth://totp/Tidewire:ada@example.com?secret=" + begun["secret"])
    assert begun["qr_svg"].startswith("<svg")
    assert "access_token" in await ada.login()
    assert_problem(await ada.call("POST", "/v1/me/factors/totp/confirm", json={"code": "000000"}), 401)
    await ada.add_totp()
    state = (await ada.call("GET", "/v1/me/factors")).json()
    assert state["totp"]["confirmed_at"] is not None
    assert state["recovery_codes"]["left"] == 0
    assert_problem(await ada.call("POST", "/v1/me/factors/totp"), 409)
    assert (await ada.login())["factors"] == ["totp"]
    stored = ada.api.ports.factors.totps  # type: ignore[attr-defined]
    assert all(ada.secret not in one.secret_sealed for one in stored.values())


async def test_a_code_is_the_second_step(ada: Person) -> None:
    await ada.add_totp()
    needed = await ada.login()
    assert set(needed) == {"mfa_token", "factors", "expires_in", "passkey"}
    assert needed["passkey"] is None
    answer = await ada.verify(needed["mfa_token"], code=ada.code())
    assert answer.status_code == 200, answer.text
    assert "tidewire_refresh" in answer.headers["set-cookie"]
    assert claims(answer.json()["access_token"])["amr"] == ["pwd", "otp", "mfa"]
    # The token has done its work, and the code too.
    assert_problem(await ada.verify(needed["mfa_token"], code=ada.code(1)), 401)
    again = await ada.login()
    used = await ada.verify(again["mfa_token"], code=ada.code())
    assert assert_problem(used, 401)["type"].endswith("wrong-factor")


async def test_a_waiting_sign_in_dies_by_time_by_tries_and_elsewhere(ada: Person) -> None:
    await ada.add_totp()
    late = await ada.login()
    ada.api.clock.advance(300)
    assert assert_problem(await ada.verify(late["mfa_token"], code=ada.code()), 401)["type"].endswith("unauthenticated")
    tried = await ada.login()
    for _ in range(5):
        problem = assert_problem(await ada.verify(tried["mfa_token"], code="000000"), 401)
        assert problem["type"].endswith("wrong-factor")
    assert_problem(await ada.verify(tried["mfa_token"], code=ada.code()), 401)
    moved = await ada.login(**{"user-agent": "one"})
    assert_problem(await ada.verify(moved["mfa_token"], {"user-agent": "two"}, code=ada.code()), 401)
    right = await ada.verify(moved["mfa_token"], {"user-agent": "one"}, code=ada.code())
    assert right.status_code == 200


async def test_guessing_goes_no_faster_with_many_sign_ins() -> None:
    async with running_api(limits=Limits(max_mfa_failures_per_user=6)) as api:
        ada = await sign_up(api)
        await ada.add_totp()
        for tried in range(6):
            if tried % 3 == 0:
                needed = await ada.login()
            assert_problem(await ada.verify(needed["mfa_token"], code="000000"), 401)
        answer = await ada.verify((await ada.login())["mfa_token"], code=ada.code())
        assert_problem(answer, 429)
        api.clock.advance(901)
        assert (await ada.verify((await ada.login())["mfa_token"], code=ada.code())).status_code == 200


async def test_recovery_codes_are_shown_once_and_work_once(ada: Person) -> None:
    assert_problem(await ada.call("POST", "/v1/me/recovery-codes"), 409)
    await ada.add_totp()
    made = (await ada.call("POST", "/v1/me/recovery-codes")).json()["codes"]
    assert len(set(made)) == 10
    store = ada.api.ports.factors
    [hashes] = store.codes.values()  # type: ignore[attr-defined]
    assert all(code.replace("-", "").encode() not in found for code in made for found in hashes)
    needed = await ada.login()
    assert needed["factors"] == ["totp", "recovery_code"]
    answer = await ada.verify(needed["mfa_token"], recovery_code=made[3].upper().replace("-", " "))
    assert answer.status_code == 200, answer.text
    assert claims(answer.json()["access_token"])["amr"] == ["pwd", "recovery", "mfa"]
    assert (await ada.call("GET", "/v1/me/factors")).json()["recovery_codes"]["left"] == 9
    for wrong in (made[3], "abcd-efgh-ijkl-mnop", "no code"):
        assert_problem(await ada.verify((await ada.login())["mfa_token"], recovery_code=wrong), 401)
    fresh = (await ada.call("POST", "/v1/me/recovery-codes")).json()["codes"]
    assert not set(fresh) & set(made)
    assert_problem(await ada.verify((await ada.login())["mfa_token"], recovery_code=made[0]), 401)


async def test_a_passkey_is_the_second_step(ada: Person) -> None:
    key = await ada.add_passkey()
    needed = await ada.login()
    assert needed["factors"] == ["passkey"]
    assert needed["passkey"]["userVerification"] == "required"
    [allowed] = needed["passkey"]["allowCredentials"]
    assert allowed["transports"] == ["internal"]
    answer = await ada.verify(needed["mfa_token"], assertion=key.sign(needed["passkey"]))
    assert answer.status_code == 200, answer.text
    assert claims(answer.json()["access_token"])["amr"] == ["pwd", "pop", "mfa"]


async def test_a_password_steps_up_while_there_is_no_factor(ada: Person) -> None:
    assert (await ada.call(*SECRET, json={"value": "x"})).status_code == 201
    ada.api.clock.advance(601)
    stale = await ada.call(*SECRET, json={"value": "x"})
    problem = assert_problem(stale, 401)
    assert problem["type"] == STEP_UP
    assert problem["factors"] == ["password"]
    assert stale.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication", max_age="600"'
    # What is read, or is not sensitive, goes on.
    assert (await ada.call("GET", "/v1/secrets")).status_code == 200
    assert (await ada.call("POST", "/v1/auth/step-up/options")).json()["factors"] == ["password"]
    assert_problem(await ada.call("POST", "/v1/auth/step-up", json={"password": "wrong"}), 401)
    answer = await ada.call("POST", "/v1/auth/step-up", json={"password": PASSWORD})
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
    ada.token = answer.json()["access_token"]
    assert (await ada.call(*SECRET, json={"value": "x"})).status_code == 200
    assert claims(ada.token)["auth_time"] == int(ada.api.clock.now().timestamp())


async def test_who_has_a_factor_steps_up_by_it(ada: Person) -> None:
    await ada.add_totp()
    assert (await ada.call(*SECRET, json={"value": "x"})).status_code == 201
    ada.api.clock.advance(601)
    problem = assert_problem(await ada.call(*SECRET, json={"value": "x"}), 401)
    assert problem["factors"] == ["totp"]
    assert_problem(await ada.call("POST", "/v1/auth/step-up", json={"password": PASSWORD}), 401)
    assert_problem(await ada.call("POST", "/v1/auth/step-up", json={"code": "000000"}), 401)
    answer = await ada.call("POST", "/v1/auth/step-up", json={"code": ada.code()})
    assert_problem(await ada.call("POST", "/v1/auth/step-up", json={"code": ada.code()}), 401)
    ada.token = answer.json()["access_token"]
    assert (await ada.call(*SECRET, json={"value": "x"})).status_code == 200


async def test_a_passkey_steps_up_its_own_session_only(ada: Person) -> None:
    key = await ada.add_passkey()
    ada.api.clock.advance(601)
    options = (await ada.call("POST", "/v1/auth/step-up/options")).json()
    assert options["factors"] == ["passkey"]
    proof = {"assertion": key.sign(options["passkey"])}
    other = Person(ada.api, (await by_passkey(ada.api, key)).json())
    token = options["step_up_token"]
    assert_problem(await other.call("POST", "/v1/auth/step-up", json={**proof, "step_up_token": token}), 401)
    assert_problem(await ada.call("POST", "/v1/auth/step-up", json=proof), 401)
    options = (await ada.call("POST", "/v1/auth/step-up/options")).json()
    proof = {"assertion": key.sign(options["passkey"]), "step_up_token": options["step_up_token"]}
    assert (await ada.call("POST", "/v1/auth/step-up", json=proof)).status_code == 200
    assert_problem(await ada.call("POST", "/v1/auth/step-up", json=proof), 401)


async def test_a_session_from_before_the_factor_has_to_prove_it(ada: Person) -> None:
    other = Person(ada.api, await ada.login())
    await ada.add_totp()
    problem = assert_problem(await other.call(*SECRET, json={"value": "x"}), 401)
    assert problem["factors"] == ["totp"]
    other.token = (await other.call("POST", "/v1/auth/step-up", json={"code": ada.code()})).json()["access_token"]
    assert (await other.call(*SECRET, json={"value": "x"})).status_code == 201


@pytest.mark.parametrize(
    "body", [{}, {"code": "1", "recovery_code": "2"}, {"code": "1", "password": "x"}, {"assertion": {}, "code": "1"}]
)
async def test_exactly_one_proof(ada: Person, body: dict[str, Any]) -> None:
    assert_problem(await ada.call("POST", "/v1/auth/step-up", json=body), 422)


async def test_who_lacks_a_required_factor_is_let_in_to_add_one(ada: Person) -> None:
    put = await ada.call("PUT", "/v1/mfa-policy", json={"everyone": True})
    assert put.json() == {"everyone": True, "roles": []}
    refused = await ada.call("GET", "/v1/runs")
    assert assert_problem(refused, 403)["type"].endswith("second-factor-required")
    for path in ("/v1/me", "/v1/me/tenants", "/v1/me/factors"):
        assert (await ada.call("GET", path)).status_code == 200
    assert (await ada.call("GET", "/v1/me/factors")).json()["required"] is True
    assert_problem(await ada.call("POST", "/v1/push/token"), 403)
    await ada.add_totp()
    assert (await ada.call("GET", "/v1/runs")).status_code == 200
    assert_problem(await ada.call("DELETE", "/v1/me/factors/totp"), 409)
    key = await ada.add_passkey()
    assert (await ada.call("DELETE", "/v1/me/factors/totp")).status_code == 204
    [found] = (await ada.call("GET", "/v1/me/factors")).json()["passkeys"]
    assert_problem(await ada.call("DELETE", f"/v1/me/passkeys/{found['id']}"), 409)
    assert (await by_passkey(ada.api, key)).status_code == 200


async def test_required_of_some_roles(api: Api) -> None:
    viewer = api.caller("viewer", api.owner.tenant_id)
    body = {"roles": ["viewer", "viewer"]}
    assert (await api.call("PUT", "/v1/mfa-policy", json=body)).json() == {"everyone": False, "roles": ["viewer"]}
    assert_problem(await api.call("GET", "/v1/runs", viewer), 403)
    assert (await api.call("GET", "/v1/runs")).status_code == 200
    assert (await api.call("GET", "/v1/mfa-policy")).json()["roles"] == ["viewer"]
    assert_problem(await api.call("PUT", "/v1/mfa-policy", viewer, json={}), 403)
    assert_problem(await api.call("PUT", "/v1/mfa-policy", json={"roles": ["No Role"]}), 422)
    assert (await api.call("PUT", "/v1/mfa-policy", json={})).json() == {"everyone": False, "roles": []}
    assert (await api.call("GET", "/v1/runs", viewer)).status_code == 200


async def test_refresh_keeps_what_was_proved(ada: Person) -> None:
    """The session remembers; the fake of storage gives what it was told."""
    await ada.add_totp()
    store = ada.api.ports.factors
    [(marks, at)] = store.proved.values()  # type: ignore[attr-defined]
    assert marks == ("pwd", "otp", "mfa")
    assert at == ada.api.clock.now() - timedelta(seconds=30)
