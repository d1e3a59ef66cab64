"""Where messages of an AsyncAPI document go to and come from."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.asyncapi import find_place
from models.domain.dsl.problems import Problem
from tests.unit.domain.test_openapi import anything, places

NEW: dict[str, Any] = {
    "asyncapi": "3.0.0",
    "servers": {
        "broker": {"host": "{env}.example:9092", "protocol": "kafka", "variables": {"env": {"default": "dev"}}},
        "web": {"host": "web.example", "pathname": "/api", "protocol": "https"},
    },
    "channels": {"c": {"address": "orders"}, "w": {"address": "/orders", "servers": [{"$ref": "#/servers/web"}]}},
    "operations": {
        "say": {"action": "send", "channel": {"$ref": "#/channels/c"}},
        "post": {
            "action": "send",
            "channel": {"$ref": "#/channels/w"},
            "bindings": {"http": {"method": "PUT"}},
        },
    },
}
FORMER: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "servers": {"s": {"url": "http://web.example:81/base", "protocol": "http"}},
    "channels": {"orders": {"publish": {"operationId": "say"}, "subscribe": {"operationId": "hear"}}},
}


@pytest.mark.parametrize(
    ("document", "wanted", "expected"),
    [
        (NEW, {"operation": "say"}, ("kafka", False, "dev.example:9092", "orders")),
        (NEW, {"operation": "say", "server": {"name": "broker", "variables": {"env": "prod"}}},
         ("kafka", False, "prod.example:9092", "orders")),
        (NEW, {"operation": "say", "protocol": "http"}, ("http", True, "web.example", "orders")),
        (NEW, {"operation": "post"}, ("http", True, "web.example", "/orders")),
        (FORMER, {"channel": "orders", "message": {}}, ("http", False, "web.example:81", "orders")),
        (FORMER, {"operation": "hear"}, ("http", False, "web.example:81", "orders")),
    ],
)  # fmt: skip
def test_places(document: Any, wanted: dict[str, Any], expected: tuple[Any, ...]) -> None:
    place = find_place(document, wanted)
    assert (place.protocol, place.secure, place.host, place.channel) == expected


def test_addresses_and_methods_of_http() -> None:
    place = find_place(NEW, {"operation": "post"})
    assert (place.url, place.method) == ("https://web.example/api/orders", "PUT")
    assert find_place(FORMER, {"channel": "orders"}).url == "http://web.example:81/base/orders"


@pytest.mark.parametrize(
    ("document", "wanted", "told"),
    [
        ({}, {"operation": "say"}, "no AsyncAPI document"),
        (NEW, {"channel": "c"}, "name the operation"),
        (NEW, {"operation": "sing"}, "it has post, say"),
        (NEW, {"operation": "say", "server": {"name": "x"}}, "it has broker, web"),
        (FORMER, {"channel": "x"}, "it has orders"),
        (FORMER, {"operation": "x"}, "no operation x"),
    ],
)
def test_what_is_not_there(document: Any, wanted: dict[str, Any], told: str) -> None:
    with pytest.raises(Problem, match=told):
        find_place(document, wanted)


@given(
    st.sampled_from([(NEW, way) for way in places(NEW)[1:]] + [(FORMER, way) for way in places(FORMER)[1:]]),
    anything,
    st.sampled_from(["say", "post", "hear"]),
)
def test_documents_of_any_shape_end_in_a_place_or_an_error_of_the_dsl(
    found: tuple[dict[str, Any], tuple[Any, ...]], value: Any, operation: str
) -> None:
    document = copy.deepcopy(found[0])
    place: Any = document
    for name in found[1][:-1]:
        place = place[name]
    place[found[1][-1]] = value
    with suppress(Problem):
        assert isinstance(find_place(document, {"operation": operation}).host, str)
