"""The OpenAPI document: kept in the repository, whole, and true."""

from __future__ import annotations

from typing import Any

import pytest

from serve.app import build_api
from serve.openapi import FILE, text
from tests.unit.serve.api import Api

DOCUMENT: dict[str, Any] = build_api().openapi()
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_the_file_of_the_web_app_is_up_to_date() -> None:
    assert FILE.read_text() == text(), "run: python -m serve.openapi"


async def test_the_server_tells_the_same(api: Api) -> None:
    answer = await api.http.get("/openapi.json")
    assert answer.json() == DOCUMENT
    assert (await api.http.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})).status_code == 304


def test_names_of_operations_are_unique() -> None:
    names = [operation.values[2]["operationId"] for operation in OPERATIONS]  # type: ignore[index, call-overload]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_each_operation_is_told_whole(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["description"]
    assert operation["tags"]
    for code, response in operation["responses"].items():
        if int(code) >= 400 and code != "503":
            # RFC 7644 has errors of its own.
            form = "application/scim+json" if path.startswith("/scim/") else "application/problem+json"
            assert list(response["content"]) == [form], (path, code)
    public = operation["security"] == []
    assert public or {"401", "403"} <= set(operation["responses"])
    assert public or operation["security"] == [{"bearer": []}]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_each_body_has_an_example_or_a_schema_with_one(path: str, method: str, operation: dict[str, Any]) -> None:
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        assert content.get("schema") is not None, (path, media)


def test_every_reference_leads_somewhere() -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            target = value.get("$ref")
            if isinstance(target, str):
                assert target.rpartition("/")[2] in DOCUMENT["components"]["schemas"]
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    walk(DOCUMENT)
    assert "HTTPValidationError" not in DOCUMENT["components"]["schemas"]
