"""`call: openapi` against a real pet store."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from models.domain.dsl.problems import PREFIX
from models.domain.limits import Limits
from tests.integration.calls.kit import Calls, calling, workflow
from tests.integration.calls.pet_store import PetStore
from tests.servers.asgi import running_asgi


@pytest.fixture
def store() -> PetStore:
    return PetStore()


@pytest.fixture
def port(store: PetStore) -> Iterator[int]:
    with running_asgi(store.app()) as port:
        yield port


@pytest.fixture
async def calls(port: int) -> AsyncIterator[Calls]:
    async with calling(port) as made:
        yield made


def pets(port: int, operation: str, parameters: Any = None, path: str = "openapi.json", **more: Any) -> dict[str, Any]:
    document = {"endpoint": f"http://127.0.0.1:{port}/{path}"}
    found = {"document": document, "operationId": operation, **more}
    return {"call": "openapi", "with": {**found, **({"parameters": parameters} if parameters is not None else {})}}


async def test_parameters_go_where_the_document_says(calls: Calls, port: int, store: PetStore) -> None:
    ran = await calls.run(
        workflow(
            pets(port, "getPet", {"pet_id": "${ .id }", "x-trace": "t1", "session": "a b"}),
            {"set": {"pet": "${ . }"}, "export": {"as": "${ . }"}},
            pets(port, "findPets", {"tags": ["a&b", "c"], "limit": 5}),
            {"set": {"found": "${ . }", "pet": "${ $context.pet }"}},
        ),
        {"id": 1},
    )
    assert ran.output == {
        "pet": {"name": "Tom", "tags": ["cat"], "trace": "t1", "session": "a%20b"},
        "found": {"tags": ["a&b", "c"], "limit": 5},
    }
    assert store.documents == 1


@pytest.mark.parametrize("parameters", [{"body": {"name": "Rex", "tags": ["dog"]}}, {"name": "Rex", "tags": ["dog"]}])
async def test_bodies(calls: Calls, port: int, store: PetStore, parameters: Any) -> None:
    ran = await calls.run(workflow(pets(port, "addPet", parameters)))
    assert ran.output == {"id": 2, "name": "Rex", "tags": ["dog"]}
    assert len(store.arrivals[0]) == 36


async def test_forms(calls: Calls, port: int) -> None:
    ran = await calls.run(workflow(pets(port, "feed", {"kind": "fish & chips", "grams": 20})))
    assert ran.output == {"kind": "fish & chips", "grams": 20}


async def test_forms_of_output(calls: Calls, port: int) -> None:
    raw = await calls.run(workflow(pets(port, "getPet", {"pet_id": 1}, output="raw")))
    assert json.loads(base64.b64decode(raw.output))["name"] == "Tom"
    whole = await calls.run(workflow(pets(port, "getPet", {"pet_id": 1}, output="response")))
    assert whole.output["statusCode"] == 200
    assert whole.output["request"]["uri"] == f"http://127.0.0.1:{port}/pets/1"
    assert whole.output["content"]["name"] == "Tom"


async def test_redirects(calls: Calls, port: int) -> None:
    error = (await calls.run(workflow(pets(port, "moved")))).error
    assert (error["type"], error["status"]) == (PREFIX + "communication", 307)
    assert (await calls.run(workflow(pets(port, "moved", redirect=True)))).output["name"] == "Tom"


@pytest.mark.parametrize(
    ("operation", "parameters", "kind", "status", "told"),
    [
        ("getPet", {"pet_id": 77}, "communication", 404, "no such pet"),
        ("getPet", {}, "validation", 400, 'needs the parameter "pet_id"'),
        ("getPet", {"pet_id": 1, "colour": "red"}, "validation", 400, "no parameter colour"),
        ("getDog", {}, "configuration", 400, "it has addPet, feed, feedSlowly, findPets, getPet"),
        ("addPet", {}, "validation", 400, 'needs a "body"'),
    ],
)
async def test_errors(
    calls: Calls, port: int, operation: str, parameters: Any, kind: str, status: int, told: str
) -> None:
    error = (await calls.run(workflow(pets(port, operation, parameters)))).error
    assert (error["type"], error["status"], error["instance"]) == (PREFIX + kind, status, "/do/0/t0")
    assert told in error["detail"]


async def test_documents_of_swagger_2(calls: Calls, port: int) -> None:
    shown = await calls.run(workflow(pets(port, "showPet", {"petId": 3, "status": ["a", "b"]}, "swagger.yaml")))
    assert (shown.output["id"], shown.output["query"]) == (3, {"status": ["a", "b"]})
    renamed = await calls.run(workflow(pets(port, "renamePet", {"petId": 3, "pet": {"name": "x"}}, "swagger.yaml")))
    assert json.loads(renamed.output["body"]) == {"name": "x"}
    fed = await calls.run(workflow(pets(port, "feedPet", {"petId": 3, "food": "a b"}, "swagger.yaml")))
    assert (fed.output["body"], fed.output["type"]) == ("food=a+b", "application/x-www-form-urlencoded")


@pytest.mark.parametrize(("path", "told"), [("gone.json", "the answer was 404"), ("pets/1", "it has no paths")])
async def test_documents_that_are_none(calls: Calls, port: int, path: str, told: str) -> None:
    assert told in (await calls.run(workflow(pets(port, "x", None, path)))).error["detail"]


async def test_a_document_where_calls_may_not_go(calls: Calls) -> None:
    error = (await calls.run(workflow(pets(9, "x")))).error
    assert "TIDEWIRE_EGRESS_ALLOW" in error["detail"]


async def test_through_a_connection(calls: Calls, port: int) -> None:
    task = {**pets(port, "getPet", {"pet_id": 1}), "metadata": {"connection": "pets"}}
    assert (await calls.run(workflow(task))).output["name"] == "Tom"
    assert calls.through == ["pets"]


@pytest.mark.parametrize(("operation", "status"), [("lookSlowly", 503), ("feedSlowly", 504)])
async def test_only_what_has_effects_is_in_doubt_without_an_answer(
    port: int, store: PetStore, operation: str, status: int
) -> None:
    async with calling(port, limits=replace(Limits(), max_http_seconds=2.0)) as calls:
        error = (await calls.run(workflow(pets(port, operation)))).error
    store.may_answer = True
    assert (error["type"], error["status"]) == (PREFIX + "communication", status)


async def test_documents_are_kept_for_a_while_and_within_limits(port: int, store: PetStore) -> None:
    look = workflow(pets(port, "getPet", {"pet_id": 1}))
    async with calling(port, limits=replace(Limits(), resource_seconds=0.0)) as calls:
        await calls.run(look)
        await calls.run(look)
    assert store.documents == 2
    async with calling(port, limits=replace(Limits(), max_cached_resource_bytes=100)) as calls:
        await calls.run(look)
        assert not calls.host.documents._kept
    async with calling(port, limits=replace(Limits(), max_cached_resources=1)) as calls:
        await calls.run(look)
        await calls.run(workflow(pets(port, "showPet", {"petId": 3}, "swagger.yaml")))
        assert [uri.rpartition("/")[2] for _, uri, _ in calls.host.documents._kept] == ["swagger.yaml"]


async def test_documents_behind_a_secret(calls: Calls, port: int) -> None:
    calls.secrets.put("reader", {"username": "ada", "password": "open sesame"})
    task = pets(port, "getPet", {"pet_id": 1}, "private/openapi.json")
    assert "the answer was 401" in (await calls.run(workflow(task))).error["detail"]
    uri = task["with"]["document"]["endpoint"]
    task["with"]["document"]["endpoint"] = {"uri": uri, "authentication": {"basic": {"use": "reader"}}}
    assert (await calls.run(workflow(task, use={"secrets": ["reader"]}))).output["name"] == "Tom"
