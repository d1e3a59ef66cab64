"""Calls that need secrets, tokens and documents, through a whole system; the secret is nowhere in what is kept."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.e2e.client import Tenant, workflow
from tests.servers.system import System
from tests.servers.target import Target

SECRET = "the s3cret of the client"
TOKEN = "t0ken-of-the-authority"


class Pets:
    """An authority, an API with its document, a function and a schema, all at one address."""

    def __init__(self, target: Target) -> None:
        self.base = f"http://{target.host}"
        self.asked: Counter[str] = Counter()

    def __call__(self, request: dict[str, Any]) -> tuple[int, Any]:
        path = request["path"].partition("?")[0]
        self.asked[path] += 1
        if path == "/oauth2/token":
            form = parse_qs(request["body"].decode())
            is_known = form.get("client_secret") == [SECRET]
            return (200, {"access_token": TOKEN, "expires_in": 300}) if is_known else (401, {"error": "no"})
        if path == "/openapi.json":
            parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            node = {"operationId": "getPet", "parameters": [parameter]}
            return 200, {"openapi": "3.1.0", "paths": {"/pets/{id}": {"get": node}}}
        if path == "/greet.json":
            return 200, {"input": {"schema": {"resource": {"endpoint": f"{self.base}/person.json"}}},
                         "set": {"text": '${ "Hello " + .name }'}}  # fmt: skip
        if path == "/person.json":
            return 200, {"type": "object", "required": ["name"]}
        if request["headers"].get("authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "no token"}
        return 200, {"name": "Tom", "said": request["headers"]["authorization"], "secret": SECRET}


@pytest.fixture
def pets(target: Target) -> Any:
    before, target.answer = target.answer, Pets(target)
    yield target.answer
    target.answer = before


def test_a_workflow_with_all_of_them(system: System, tenant: Tenant, pets: Pets) -> None:
    body = f"""
- look:
    call: openapi
    with:
      document: {{endpoint: '{pets.base}/openapi.json'}}
      operationId: getPet
      parameters: {{id: '${{ .id }}'}}
      authentication: {{use: idp}}
- greet:
    call: {pets.base}/greet.json
    with: {{name: '${{ .name }}'}}
"""
    extra = f"""use:
  secrets: [client]
  authentications:
    idp:
      oauth2:
        authority: {pets.base}
        grant: client_credentials
        client: {{id: desk, secret: '${{ $secrets.client.secret }}'}}
"""
    answer = tenant.put_workflow(workflow("pets", body, extra=extra))
    assert answer.status_code == 201, answer.text
    refused = tenant.run("test/pets", {"id": "1"})
    assert "PUT /v1/secrets/client" in refused["error"]["detail"]
    assert tenant.http.put("/v1/secrets/client", json={"value": {"secret": SECRET}}).status_code == 201
    for _ in range(3):
        ran = tenant.run("test/pets", {"id": "1"})
        assert ran["output"] == {"text": "Hello Tom"}, ran
    # The token and the documents were got once, and the function when the version was put.
    assert [pets.asked[path] for path in ("/oauth2/token", "/openapi.json", "/greet.json", "/person.json")] == [1] * 4
    journal = tenant.journal(ran["id"])
    assert any(entry["data"].get("function", {}).get("uri") == f"{pets.base}/greet.json" for entry in journal)
    kept = json.dumps([journal, tenant.http.get(f"/v1/runs/{ran['id']}").json()])
    logs = "".join(file.read_text(errors="replace") for file in (system.data / "logs").rglob("*") if file.is_file())
    for hidden in (SECRET, TOKEN):
        assert hidden not in kept
        assert hidden not in logs
