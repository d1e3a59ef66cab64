"""Tokens at the door of the gateway."""

from __future__ import annotations

from uuid import uuid4

import pytest

from models.domain.clock import ManualClock
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from serve.auth.tokens import Audience, TokenKeys, generate_keys, issue
from serve.push.ports import TokenExpired
from serve.push.tokens import AccessTokens

PRINCIPAL = Principal(uuid4(), uuid4(), "viewer", uuid4())


@pytest.fixture
def keys() -> TokenKeys:
    return TokenKeys.from_json(generate_keys())


def test_a_token_says_who_and_how_long(keys: TokenKeys) -> None:
    clock = ManualClock()
    found = AccessTokens(keys, clock).verify(issue(keys, PRINCIPAL, clock.now(), 300, "tidewire-push"))
    assert found.principal == PRINCIPAL
    assert (found.expires_at - clock.now()).total_seconds() == 300


def test_an_expired_token_is_told_apart(keys: TokenKeys) -> None:
    clock = ManualClock()
    token = issue(keys, PRINCIPAL, clock.now(), 300, "tidewire-push")
    clock.advance(300)
    with pytest.raises(TokenExpired):
        AccessTokens(keys, clock).verify(token)


@pytest.mark.parametrize("audience", ["tidewire-api", "tidewire-push"])
def test_anything_else_is_refused(keys: TokenKeys, audience: Audience) -> None:
    clock = ManualClock()
    other = TokenKeys.from_json(generate_keys())
    token = issue(other if audience == "tidewire-push" else keys, PRINCIPAL, clock.now(), 300, audience)
    clock.advance(1000)
    for text in (token, "", "x.y.z", token[:-2], "a" * 10_000):
        with pytest.raises(Unauthenticated) as refused:
            AccessTokens(keys, clock).verify(text)
        assert not isinstance(refused.value, TokenExpired)
