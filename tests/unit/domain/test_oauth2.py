"""Token requests and what their answers mean."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from models.domain import oauth2
from models.domain.dsl.problems import PREFIX, Problem

POLICY = {"authority": "https://idp.example/realm", "grant": "client_credentials", "client": {"id": "c", "secret": "s"}}


def form(**more: Any) -> dict[str, str]:
    asked = oauth2.build({**POLICY, **more}, "https://idp.example/token", 1_000.0, "nonce")
    return dict(parse_qsl(asked.body.decode()))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "https://idp.example/realm/oauth2/token"),
        ({"endpoints": {"token": "/token"}}, "https://idp.example/realm/token"),
        ({"endpoints": {"token": "https://other.example/t"}}, "https://other.example/t"),
    ],
)
def test_where_tokens_are(more: dict[str, Any], expected: str) -> None:
    assert oauth2.token_uri({**POLICY, **more}) == expected


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("https://idp.example/r/", "https://idp.example/r/.well-known/openid-configuration"),
        ("https://idp.example/.well-known/openid-configuration", "https://idp.example/.well-known/openid-configuration"),
    ],
)
def test_where_the_configuration_is(authority: str, expected: str) -> None:
    assert oauth2.discovery_uri({"authority": authority}) == expected


def test_ways_of_the_client() -> None:
    assert form() == {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
    assert form(client={"id": "c", "authentication": "none"}) == {"grant_type": "client_credentials", "client_id": "c"}
    signed = form(client={"id": "c", "authentication": "private_key_jwt", "assertion": "a.b.c"})
    assert (signed["client_assertion"], "client_secret" in signed) == ("a.b.c", False)
    basic = oauth2.build(
        {**POLICY, "client": {"id": "a:b", "secret": "c d", "authentication": "client_secret_basic"}}, "u", 0.0, "n"
    )
    assert base64.b64decode(basic.headers["authorization"][6:]) == b"a%3Ab:c%20d"
    assert b"client" not in basic.body.replace(b"client_credentials", b"")


def test_a_refresh_takes_the_place_of_the_grant() -> None:
    asked = oauth2.build({**POLICY, "grant": "password", "audiences": ["x"]}, "u", 0.0, "n", refresh="r")
    assert dict(parse_qsl(asked.body.decode())) == {
        "grant_type": "refresh_token", "refresh_token": "r", "client_id": "c", "client_secret": "s",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"grant": "password"}, '"username"'),
        ({"grant": oauth2.TOKEN_EXCHANGE}, '"subject"'),
        ({"grant": "authorization_code"}, "needs a person"),
        ({"client": {"id": "c", "authentication": "client_secret_jwt"}}, '"secret"'),
    ],
)
def test_policies_that_lack_something(more: dict[str, Any], told: str) -> None:
    with pytest.raises(Problem, match=told):
        form(**more)


def answer(status: int = 200, policy: dict[str, Any] | None = None, **body: Any) -> oauth2.Token:
    return oauth2.read(policy or POLICY, status, json.dumps(body).encode(), 100.0)


@pytest.mark.parametrize(
    ("seconds", "until"), [(300, 370.0), (10, 109.0), ("60", 154.0), (None, 370.0), ("soon", 370.0), (-5, 370.0)]
)
def test_until_when_a_token_is_used(seconds: Any, until: float) -> None:
    assert answer(access_token="t", expires_in=seconds).use_until == until


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "authentication"), (401, "authentication"), (403, "authorization"), (500, "communication"),
     (429, "communication"), (302, "authentication")],
)  # fmt: skip
def test_refusals(status: int, kind: str) -> None:
    with pytest.raises(Problem) as caught:
        answer(status, error="x")
    assert caught.value.error["type"] == PREFIX + kind


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"access_token": 7}', b"\xff"])
def test_answers_without_a_token(body: bytes) -> None:
    with pytest.raises(Problem, match="no access_token"):
        oauth2.read(POLICY, 200, body, 0.0)


def test_issuers() -> None:
    claims = base64.urlsafe_b64encode(b'{"iss": "https://idp.example"}').decode().rstrip("=")
    token = f"h.{claims}.s"
    assert answer(policy={**POLICY, "issuers": ["https://idp.example"]}, access_token=token).value == token
    with pytest.raises(Problem, match="not among the issuers"):
        answer(policy={**POLICY, "issuers": ["https://other.example"]}, access_token=token)
    opaque = answer(policy={**POLICY, "issuers": ["https://other.example"]}, access_token="opaque")
    assert opaque.value == "opaque"


def test_tokens_are_not_shown() -> None:
    assert "hidden" not in repr(answer(access_token="hidden", refresh_token="hidden"))
