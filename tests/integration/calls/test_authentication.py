"""Authentication by every policy of the DSL, against a real authority; secrets stay where they belong."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from models.domain.dsl.problems import PREFIX
from tests.integration.calls.authority import CLIENT, PASSWORD, SECRET, USER, Authority
from tests.integration.calls.kit import Calls, calling, get, workflow
from tests.servers.asgi import running_asgi


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def port(authority: Authority) -> Iterator[int]:
    with running_asgi(authority.app()) as port:
        yield port


@pytest.fixture
async def calls(port: int) -> AsyncIterator[Calls]:
    async with calling(port) as made:
        yield made


def oauth2(port: int, **more: Any) -> dict[str, Any]:
    client = {"id": CLIENT, "secret": SECRET, **more.pop("client", {})}
    authority = f"http://127.0.0.1:{port}"
    return {"oauth2": {"authority": authority, "grant": "client_credentials", "client": client, **more}}


async def test_a_token_is_got_once_and_used_often(calls: Calls, port: int, authority: Authority) -> None:
    task = get(f"http://127.0.0.1:{port}/protected", {"use": "idp"})
    flow = workflow(task, task, use={"authentications": {"idp": oauth2(port, scopes=["a", "b"], audiences=["x", "y"])}})
    ran = await calls.run(flow)
    assert ran.output["scope"] == "a b"
    assert authority.issued == [
        {"grant_type": "client_credentials", "scope": "a b", "audience": ["x", "y"], "client_id": CLIENT,
         "client_secret": SECRET}
    ]  # fmt: skip
    assert ran.output["said"] == "Bearer ***"


async def test_many_callers_wait_for_one_token(calls: Calls, port: int, authority: Authority) -> None:
    flow = workflow(get(f"http://127.0.0.1:{port}/protected", oauth2(port)))
    await asyncio.gather(*(calls.run(flow) for _ in range(20)))
    assert len(authority.issued) == 1


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt"])
async def test_ways_to_authenticate_the_client(calls: Calls, port: int, authority: Authority, method: str) -> None:
    policy = oauth2(port, client={"authentication": method})
    ran = await calls.run(workflow(get(f"http://127.0.0.1:{port}/protected", policy)))
    assert ran.output["scope"] == ""
    assert ("client_secret" in authority.issued[0]) is (method == "client_secret_post")


async def test_the_password_grant_in_json(calls: Calls, port: int, authority: Authority) -> None:
    policy = oauth2(port, grant="password", username=USER, password=PASSWORD, request={"encoding": "application/json"})
    await calls.run(workflow(get(f"http://127.0.0.1:{port}/protected", policy)))
    assert authority.issued[0]["username"] == USER


async def test_token_exchange_and_refresh(calls: Calls, port: int, authority: Authority) -> None:
    exchange = oauth2(
        port, grant="urn:ietf:params:oauth:grant-type:token-exchange",
        subject={"token": "theirs", "type": "access_token"}, actor={"token": "mine", "type": "jwt"},
    )  # fmt: skip
    refresh = oauth2(port, grant="refresh_token", subject={"token": "first", "type": "refresh_token"})
    address = f"http://127.0.0.1:{port}/protected"
    await calls.run(workflow(get(address, exchange), get(address, refresh)))
    first, second = authority.issued
    assert (first["subject_token"], first["actor_token_type"]) == ("theirs", "urn:ietf:params:oauth:token-type:jwt")
    assert second["refresh_token"] == "first"


async def test_a_token_that_is_refused_is_got_anew_once(calls: Calls, port: int, authority: Authority) -> None:
    flow = workflow(get(f"http://127.0.0.1:{port}/protected", oauth2(port)))
    await calls.run(flow)
    places = calls.host.authenticator._tokens._places
    (place,) = places.values()
    assert place.token is not None
    authority.revoked.add(place.token.value)
    assert (await calls.run(flow)).output["scope"] == ""
    assert len(authority.issued) == 2


async def test_a_token_that_ends_is_renewed_by_its_refresh_token(calls: Calls, port: int, authority: Authority) -> None:
    authority.gives_refresh, authority.seconds = True, 0
    flow = workflow(get(f"http://127.0.0.1:{port}/protected", oauth2(port)))
    authority.seconds = 1
    await calls.run(flow)
    (place,) = calls.host.authenticator._tokens._places.values()
    assert place.token is not None
    object.__setattr__(place.token, "use_until", 0.0)
    await calls.run(flow)
    assert [form["grant_type"] for form in authority.issued] == ["client_credentials", "refresh_token"]


async def test_openid_discovery_and_issuers(calls: Calls, port: int) -> None:
    policy = {"oidc": {**oauth2(port)["oauth2"], "authority": f"http://127.0.0.1:{port}/realms/r"}}
    task = get(f"http://127.0.0.1:{port}/protected", policy)
    assert (await calls.run(workflow(task))).output["scope"] == ""
    policy["oidc"]["issuers"] = ["https://somebody.else"]
    error = (await calls.run(workflow(get(f"http://127.0.0.1:{port}/protected", policy)))).error
    assert error["type"] == PREFIX + "authentication"


@pytest.mark.parametrize(("status", "kind"), [(400, "authentication"), (401, "authentication"),
                                              (403, "authorization"), (500, "communication")])  # fmt: skip
async def test_refusals_of_the_authority(calls: Calls, port: int, authority: Authority, status: int, kind: str) -> None:
    authority.refuses = status
    calls.secrets.put("client", {"id": CLIENT, "secret": SECRET})
    policy = oauth2(port, client={"id": "${ $secrets.client.id }", "secret": "${ $secrets.client.secret }"})
    ran = await calls.run(workflow(get(f"http://127.0.0.1:{port}/protected", policy), use={"secrets": ["client"]}))
    assert (ran.error["type"], ran.error["instance"]) == (PREFIX + kind, "/do/0/t0")
    assert SECRET not in ran.written


async def test_digest(calls: Calls, port: int) -> None:
    policy = {"digest": {"username": USER, "password": PASSWORD}}
    task = get(f"http://127.0.0.1:{port}/digest?a=1", policy, body={"x": 1})
    task["with"]["method"] = "post"
    assert (await calls.run(workflow(task))).output == {"body": '{"x":1}'}
    task["with"]["endpoint"]["authentication"]["digest"]["password"] = "wrong"
    assert (await calls.run(workflow(task))).error["status"] == 403


async def test_policies_by_secret(calls: Calls, port: int) -> None:
    calls.secrets.put("user", {"username": USER, "password": PASSWORD})
    calls.secrets.put("token", "a very secret token")
    calls.secrets.put("idp", oauth2(port)["oauth2"])
    base = f"http://127.0.0.1:{port}"
    ran = await calls.run(
        workflow(
            get(f"{base}/digest", {"digest": {"use": "user"}}),
            get(f"{base}/protected", {"oauth2": {"use": "idp"}}),
            get(f"{base}/echo", {"bearer": {"use": "token"}}),
            use={"secrets": ["user", "token", "idp"]},
        )
    )
    assert ran.output["headers"]["authorization"] == "Bearer ***"
    for secret in (PASSWORD, "a very secret token", SECRET):
        assert secret not in ran.written


async def test_secrets_in_expressions_arrive_and_never_come_back(calls: Calls, port: int) -> None:
    calls.secrets.put("key", 'k"y of the api')
    calls.secrets.put("user", {"name": USER, "pass-word": PASSWORD})
    task = get(
        f"http://127.0.0.1:{port}/echo", None,
        headers={"x-key": '${ "Key " + $secrets.key }'},
        query={"who": "${ $secrets.user.name }"},
        body={"p": '${ $secrets.user["pass-word"] }', "all": "${ $secrets.user }"},
    )  # fmt: skip
    task["with"]["method"] = "post"
    seen: list[Any] = []
    send = calls.outbound.send

    async def watched(request: Any) -> Any:
        seen.append(request)
        return await send(request)

    calls.host.outbound.send = watched  # type: ignore[method-assign]
    ran = await calls.run(workflow(task, use={"secrets": ["key", "user"]}))
    assert seen[0].headers["x-key"] == 'Key k"y of the api'
    assert PASSWORD.encode() in seen[0].body
    assert ran.output["headers"]["x-key"] == "Key ***"
    for secret in ('k"y of the api', 'k\\"y of the api', PASSWORD):
        assert secret not in ran.written


async def test_a_reference_of_another_run_is_nothing_but_text(calls: Calls, port: int) -> None:
    calls.secrets.put("key", "the key of the api")
    task = get(f"http://127.0.0.1:{port}/echo", None, headers={"x-a": "${ $secrets.key }"}, body="${ .text // 1 }")
    task["with"]["method"] = "post"
    flow = workflow(task, use={"secrets": ["key"]})
    first = await calls.run(flow, {})
    stolen = next(e.data["request"]["headers"]["x-a"] for e in first.journal if "request" in e.data)
    assert "tidewire-secret" in stolen
    second = await calls.run(flow, {"text": stolen})
    assert second.output["body"] == stolen


async def test_a_missing_secret_tells_what_to_do(calls: Calls, port: int) -> None:
    flow = workflow(get(f"http://127.0.0.1:{port}/echo", {"basic": {"use": "gone"}}), use={"secrets": ["gone"]})
    error = (await calls.run(flow)).error
    assert error["type"] == PREFIX + "configuration"
    assert "PUT /v1/secrets/gone" in error["detail"]


async def test_an_authority_that_is_away_leaves_no_doubt(calls: Calls, port: int) -> None:
    policy = oauth2(1)
    error = (await calls.run(workflow(get(f"http://127.0.0.1:{port}/protected", policy)))).error
    assert error["status"] == 403  # the egress rules know no such port
    assert "TIDEWIRE_EGRESS_ALLOW" in error["detail"]


async def test_secrets_do_not_come_back_in_base64_either(calls: Calls, port: int) -> None:
    calls.secrets.put("token", "a very secret token")
    task = get(f"http://127.0.0.1:{port}/echo", {"bearer": {"use": "token"}}, output="raw")
    ran = await calls.run(workflow(task, use={"secrets": ["token"]}))
    assert b'"authorization":"Bearer ***"' in base64.b64decode(ran.output)
