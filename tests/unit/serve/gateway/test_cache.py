"""What the memory of answers remembers, and what it must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import Response

from models.domain.authorization import Effect, Grant, Rights
from models.domain.clock import ManualClock
from models.domain.identity import PERMISSIONS, Credential, Principal
from models.domain.limits import Limits
from serve.auth.admission import Caller
from serve.gateway.cache import EVERYTHING, Answer, ResponseCache, identity_of
from serve.gateway.counters import GatewayCounters
from serve.responses import json_response

TENANT = uuid4()
KEY = (b"caller", "/v1/workflows", b"")


def make(limits: Limits | None = None, clock: ManualClock | None = None) -> ResponseCache:
    cache = ResponseCache(clock or ManualClock(), limits or Limits(), GatewayCounters(CollectorRegistry()))
    cache.hears = True
    return cache


def keep(cache: ResponseCache, key: Any = KEY, response: Response | None = None) -> Answer | None:
    return cache.keep(key, response or json_response({"a": 1}), cache.marks(TENANT, ("workflow",)))


async def sent(answer: Answer, if_none_match: str = "") -> tuple[int, dict[bytes, bytes], bytes]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await answer.send(if_none_match, send)
    return messages[0]["status"], dict(messages[0]["headers"]), messages[1]["body"]


async def test_a_remembered_answer_is_whole_and_has_a_strong_tag() -> None:
    cache = make()
    keep(cache)
    answer = cache.find(KEY)
    assert answer is not None
    status, headers, body = await sent(answer)
    assert (status, body) == (200, b'{"a":1}')
    assert headers[b"cache-control"] == b"private, no-cache"
    assert headers[b"content-length"] == b"7"
    tag = headers[b"etag"].decode()
    assert tag.startswith('"')
    status, headers, body = await sent(answer, f'"other", {tag}')
    assert (status, body, headers[b"etag"].decode()) == (304, b"", tag)
    assert b"content-length" not in headers


@pytest.mark.parametrize("kind", ["workflow", EVERYTHING])
def test_a_change_takes_what_shows_it(kind: str) -> None:
    cache = make()
    keep(cache)
    cache.purge(TENANT, (kind,))
    assert cache.find(KEY) is None
    assert cache.size == 0


def test_a_change_of_another_kind_or_tenant_takes_nothing() -> None:
    cache = make()
    keep(cache)
    cache.purge(TENANT, ("secret",))
    cache.purge(uuid4(), (EVERYTHING, "workflow"))
    assert cache.find(KEY) is not None


def test_an_answer_that_was_made_during_a_change_is_not_remembered() -> None:
    cache = make()
    marks = cache.marks(TENANT, ("workflow",))
    cache.purge(TENANT, ("workflow",))
    assert cache.keep(KEY, json_response({}), marks) is None
    assert cache.find(KEY) is None


def test_an_answer_that_was_made_while_changes_were_missed_is_not_remembered() -> None:
    cache = make()
    marks = cache.marks(TENANT, ("workflow",))
    cache.clear()
    assert cache.keep(KEY, json_response({}), marks) is None


def test_it_forgets_soon_when_it_cannot_hear_changes() -> None:
    clock = ManualClock()
    cache = make(clock=clock)
    cache.hears = False
    keep(cache)
    clock.advance(0.4)
    assert cache.find(KEY) is not None
    clock.advance(0.2)
    assert cache.find(KEY) is None


def test_it_is_bounded_by_bytes_and_forgets_the_least_used() -> None:
    cache = make(Limits(max_cached_answers_bytes=10_000))
    for n in range(20):
        keep(cache, (b"caller", f"/{n}", b""), Response(b"x" * 500))
        cache.find((b"caller", "/0", b""))
    assert cache.size <= 10_000
    assert cache.find((b"caller", "/0", b"")) is not None
    assert cache.find((b"caller", "/1", b"")) is None
    assert cache.find((b"caller", "/19", b"")) is not None


@pytest.mark.parametrize(
    "response",
    [Response(b"", 404), Response(b"", 304), Response(b"x" * 300_000), Response(b"", headers={"set-cookie": "a=b"})],
)
def test_what_is_not_to_be_remembered_is_not(response: Response) -> None:
    cache = make()
    assert keep(cache, response=response) is None
    assert cache.size == 0


def caller(**changes: Any) -> Caller:
    principal = Principal(UUID(int=1), UUID(int=2), "editor", UUID(int=3))
    rights = changes.pop("rights", Rights("editor", PERMISSIONS["editor"]))
    return Caller(replace(principal, **changes), rights)


def test_each_difference_between_callers_is_a_difference_of_their_keys() -> None:
    grant = Grant(UUID(int=9), "user", "1", Effect.ALLOW, "workflow:read", "workflow", "ops/a")
    different = [
        caller(),
        caller(user_id=UUID(int=7)),
        caller(tenant_id=UUID(int=7)),
        caller(role="viewer"),
        caller(credential=Credential.API_KEY),
        caller(scopes=frozenset({"workflow:read"})),
        caller(scopes=frozenset()),
        caller(rights=Rights("editor", PERMISSIONS["viewer"])),
        caller(rights=Rights("editor", PERMISSIONS["editor"], [grant])),
        caller(rights=Rights("editor", PERMISSIONS["editor"], [replace(grant, effect=Effect.DENY)])),
        caller(rights=Rights("editor", PERMISSIONS["editor"], [replace(grant, instance="ops/b")])),
    ]
    assert len({identity_of(one) for one in different}) == len(different)
    assert identity_of(caller(session_id=UUID(int=8))) == identity_of(caller())
