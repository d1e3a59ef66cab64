"""Real GitHub payloads come in through the webhook: each once, and nothing with a forged signature."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.client import Tenant
from tests.servers.system import System

EXAMPLES = Path(__file__).parents[1] / "npm/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
SECRET = "a secret shared with GitHub"


def examples() -> Iterator[tuple[str, bytes]]:
    """(event name, payload) of every example."""
    for kind in json.loads(EXAMPLES.read_text()):
        for payload in kind["examples"]:
            yield kind["name"], json.dumps(payload).encode()


def deliver(
    system: System, tenant: Tenant, name: str, body: bytes, delivery: str, secret: str = SECRET
) -> httpx.Response:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-github-event": name,
        "x-github-delivery": delivery,
        "x-hub-signature-256": f"sha256={signature}",
    }
    return httpx.post(f"{system.url}/v1/hooks/{tenant.name}/github", content=body, headers=headers, timeout=30)


@pytest.fixture
def source(tenant: Tenant) -> Tenant:
    answer = tenant.http.put("/v1/hooks/sources/github", json={"scheme": "github", "secret": SECRET})
    assert answer.status_code in (200, 201), answer.text
    return tenant


def received(tenant: Tenant) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = tenant.http.get("/v1/events", params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
        items += page["items"]
        cursor = page["next"]
        if not cursor:
            return items


def test_every_example_is_accepted_once(system: System, source: Tenant) -> None:
    sent = [(name, body, str(uuid.uuid4())) for name, body in examples()]
    assert len(sent) > 150
    for name, body, delivery in sent:
        for _ in range(2):
            answer = deliver(system, source, name, body, delivery)
            assert 200 <= answer.status_code < 300, (name, answer.text)
    got = received(source)
    assert sorted(event["id"] for event in got) == sorted(delivery for _, _, delivery in sent)
    assert {event["type"] for event in got} == {f"com.github.{name}" for name, _, _ in sent}


def test_a_forged_signature_is_refused_and_leaves_nothing(system: System, source: Tenant) -> None:
    name, body = next(examples())
    assert deliver(system, source, name, body, "d-1", "another secret").status_code in (401, 403)
    tampered = body.replace(b"{", b'{"x":1,', 1)
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": name, "x-github-delivery": "d-2", "x-hub-signature-256": f"sha256={signature}"}
    url = f"{system.url}/v1/hooks/{source.name}/github"
    assert httpx.post(url, content=tampered, headers=headers).status_code in (401, 403)
    assert httpx.post(url, content=body, headers={**headers, "x-hub-signature-256": ""}).status_code in (401, 403)
    assert received(source) == []
