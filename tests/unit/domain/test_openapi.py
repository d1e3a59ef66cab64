"""How OpenAPI writes parameters: the tables of its specification."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.dsl.problems import Problem
from models.domain.openapi import Operation, build_request, find_operation
from models.domain.openapi_styles import in_header, in_path, in_query

LIST, OBJECT = ["blue", "black"], {"R": 100, "G": 200}


@pytest.mark.parametrize(
    ("style", "explode", "value", "expected"),
    [
        ("simple", False, "blue", "blue"),
        ("simple", False, LIST, "blue,black"),
        ("simple", False, OBJECT, "R,100,G,200"),
        ("simple", True, OBJECT, "R=100,G=200"),
        ("label", False, "blue", ".blue"),
        ("label", True, LIST, ".blue.black"),
        ("label", True, OBJECT, ".R=100.G=200"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, LIST, ";color=blue,black"),
        ("matrix", True, LIST, ";color=blue;color=black"),
        ("matrix", True, OBJECT, ";R=100;G=200"),
        ("simple", False, "a/b c", "a%2Fb%20c"),
    ],
)
def test_in_the_path(style: str, explode: bool, value: Any, expected: str) -> None:
    assert in_path({"name": "color", "style": style, "explode": explode}, value) == expected


@pytest.mark.parametrize(
    ("more", "value", "expected"),
    [
        ({}, "blue", "color=blue"),
        ({}, LIST, "color=blue&color=black"),
        ({"explode": False}, LIST, "color=blue,black"),
        ({}, OBJECT, "R=100&G=200"),
        ({"explode": False}, OBJECT, "color=R,100,G,200"),
        ({"style": "spaceDelimited"}, LIST, "color=blue%20black"),
        ({"style": "pipeDelimited"}, LIST, "color=blue|black"),
        ({"style": "deepObject"}, OBJECT, "color[R]=100&color[G]=200"),
        ({}, True, "color=true"),
        ({}, 2.0, "color=2"),
        ({"type": "array"}, LIST, "color=blue,black"),
        ({"collectionFormat": "multi"}, LIST, "color=blue&color=black"),
        ({"collectionFormat": "pipes"}, LIST, "color=blue|black"),
        ({"content": {"application/json": {}}}, {"a": 1}, "color=%7B%22a%22%3A%201%7D"),
        ({}, "a&b", "color=a%26b"),
    ],
)
def test_in_the_query(more: dict[str, Any], value: Any, expected: str) -> None:
    assert "&".join(in_query({"name": "color", **more}, value)) == expected


def test_in_a_header() -> None:
    assert in_header({"name": "x", "explode": True}, OBJECT) == "R=100,G=200"
    assert in_header({"name": "x"}, LIST) == "blue,black"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, "https://docs.example/pets"),
        ({"servers": [{"url": "/v1"}]}, "https://docs.example/v1/pets"),
        (
            {"servers": [{"url": "https://{env}.example", "variables": {"env": {"default": "prod"}}}]},
            "https://prod.example/pets",
        ),
        (
            {"swagger": "2.0", "host": "api.example", "basePath": "/v2", "schemes": ["http", "https"]},
            "https://api.example/v2/pets",
        ),
        ({"swagger": "2.0"}, "https://docs.example/pets"),
    ],
)
def test_where_the_server_is(document: dict[str, Any], expected: str) -> None:
    operation = Operation("get", "/pets", {}, {"operationId": "x"})
    assert build_request(document, "https://docs.example/api/openapi.json", operation, {}).url == expected


@pytest.mark.parametrize("reference", ["#/components/gone", "https://x.example/#/a", "#/components/parameters/loop"])
def test_references_that_lead_nowhere(reference: str) -> None:
    loop = {"$ref": "#/components/parameters/loop"}
    node = {"operationId": "x", "parameters": [{"$ref": reference}]}
    document = {"openapi": "3.1.0", "paths": {"/a": {"get": node}}, "components": {"parameters": {"loop": loop}}}
    operation = find_operation(document, "x")
    with pytest.raises(Problem) as caught:
        build_request(document, "https://x.example", operation, {})
    assert caught.value.error["type"].endswith("/configuration")


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://{e}.example", "variables": {"e": {"default": "a"}}}],
    "paths": {
        "/a/{id}": {
            "parameters": [{"$ref": "#/components/parameters/id"}],
            "post": {
                "operationId": "x",
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "array"}}],
                "requestBody": {"content": {"application/json": {"schema": {}}}},
                "responses": {"200": {"content": {"application/json": {}}}},
            },
        }
    },
    "components": {"parameters": {"id": {"name": "id", "in": "path", "required": True, "style": "label"}}},
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def places(node: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all members of a document."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way, *(found for name, child in members for found in places(child, (*way, name)))]


@given(st.sampled_from(places(DOCUMENT)[1:]), anything, st.dictionaries(st.sampled_from(["id", "q", "b"]), anything))
def test_documents_of_any_shape_end_in_a_request_or_an_error_of_the_dsl(
    way: tuple[Any, ...], value: Any, arguments: dict[str, Any]
) -> None:
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    for name in way[:-1]:
        place = place[name]
    place[way[-1]] = value
    with suppress(Problem):
        built = build_request(document, "https://docs.example", find_operation(document, "x"), arguments)
        assert isinstance(built.url, str)
