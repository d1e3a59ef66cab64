"""Secrets over HTTP: they go in, their names come out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.domain.secrets import secret_context
from tests.unit.serve.api import Api, assert_problem
from tests.unit.serve.fakes import FakeSecrets


async def test_a_secret_goes_in_and_never_comes_out(api: Api) -> None:
    first = await api.call("PUT", "/v1/secrets/crm", json={"value": "hunter2"})
    assert (first.status_code, first.json()) == (201, {"name": "crm", "created": True})
    value = {"authority": "https://idp.example", "client": {"id": "a", "secret": "hunter3"}, "scopes": ["x"]}
    again = await api.call("PUT", "/v1/secrets/crm", json={"value": value})
    assert (again.status_code, again.json()) == (200, {"name": "crm", "created": False})
    listed = await api.call("GET", "/v1/secrets")
    assert [one["name"] for one in listed.json()["items"]] == ["crm"]
    assert "hunter" not in first.text + again.text + listed.text
    store = api.ports.secrets
    assert isinstance(store, FakeSecrets)
    tenant = api.owner.tenant_id
    assert json.loads(api.ports.sealer.open(store.sealed[tenant, "crm"], secret_context(tenant, "crm"))) == value
    assert (await api.call("DELETE", "/v1/secrets/crm")).status_code == 204
    assert_problem(await api.call("DELETE", "/v1/secrets/crm"), 404)


async def test_no_way_to_read_one(api: Api) -> None:
    await api.call("PUT", "/v1/secrets/crm", json={"value": "hunter2"})
    assert_problem(await api.call("GET", "/v1/secrets/crm"), 405)


@pytest.mark.parametrize(
    "body", [{}, {"value": ""}, {"value": {}}, {"value": 7}, {"value": ["a"]}, {"value": "a", "b": 1}]
)
async def test_bad_secrets(api: Api, body: dict[str, Any]) -> None:
    assert_problem(await api.call("PUT", "/v1/secrets/crm", json=body), 422)


async def test_a_secret_that_is_too_large(api: Api) -> None:
    answer = await api.call("PUT", "/v1/secrets/crm", json={"value": {str(n): "x" * 8_000 for n in range(5)}})
    assert answer.status_code in (413, 422)
    assert "max_secret_bytes" in answer.text


async def test_a_refused_secret_is_not_told_in_the_error(api: Api) -> None:
    answer = await api.call("PUT", "/v1/secrets/crm", json={"value": "x" * 9_000})
    assert_problem(answer, 422)
    assert "xxxx" not in answer.text


@pytest.mark.parametrize("name", ["-a", "a b", "a/b", "x" * 129, "ü"])
async def test_names(api: Api, name: str) -> None:
    answer = await api.call("PUT", f"/v1/secrets/{name}", json={"value": "v"})
    assert answer.status_code in (404, 422)


async def test_who_may(api: Api) -> None:
    viewer = api.caller("viewer", api.owner.tenant_id)
    assert_problem(await api.call("PUT", "/v1/secrets/crm", viewer, json={"value": "v"}), 403)
    assert (await api.call("GET", "/v1/secrets", viewer)).status_code == 200
    await api.call("PUT", "/v1/secrets/crm", json={"value": "v"})
    assert (await api.call("GET", "/v1/secrets", api.stranger)).json()["items"] == []
