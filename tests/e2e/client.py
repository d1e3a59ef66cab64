"""What an outside program would write to use Tidewire."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "correct horse battery 42"


@dataclass
class Tenant:
    """A signed-up tenant and its owner."""

    http: httpx.Client
    email: str
    name: str
    id: str
    user_id: str
    refresh_token: str

    def put_workflow(self, source: str, media: str = "application/yaml") -> httpx.Response:
        return self.http.put("/v1/workflows", content=source, headers={"content-type": media})

    def start(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return self.http.post(f"/v1/workflows/{path}/runs", params=query, json=body if body is not None else {})

    def run(self, path: str, body: Any = None, wait: int = 20) -> dict[str, Any]:
        """Starts a run and waits for its end."""
        answer = self.start(path, body, wait=wait)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def journal(self, run_id: str) -> list[dict[str, Any]]:
        """The whole journal of a run, page by page."""
        items: list[dict[str, Any]] = []
        after: Any = None
        while True:
            page = self.http.get(f"/v1/runs/{run_id}/journal", params={"after": after} if after else {})
            assert page.status_code == 200, page.text
            items += page.json()["items"]
            after = page.json()["next"]
            if not after:
                return items

    def wait_ended(self, run_id: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            answer = self.http.get(f"/v1/runs/{run_id}")
            if answer.status_code == 200 and answer.json()["status"] in ("completed", "faulted", "cancelled"):
                return dict(answer.json())
            assert time.monotonic() < deadline, f"run {run_id} did not end: {answer.text}"
            time.sleep(0.05)


def sign_up(url: str, name: str | None = None) -> Tenant:
    """Registers a new tenant with its owner."""
    name = name or f"t-{uuid.uuid4().hex[:12]}"
    email = f"owner@{name}.example"
    http = httpx.Client(base_url=url, timeout=70)
    answer = http.post("/v1/auth/register", json={"email": email, "password": PASSWORD, "tenant": name})
    assert answer.status_code == 201, answer.text
    tokens = answer.json()
    http.headers["authorization"] = f"Bearer {tokens['access_token']}"
    me = http.get("/v1/me").json()
    return Tenant(http, email, name, me["tenant"]["id"], me["user"]["id"], tokens["refresh_token"])


def workflow(name: str, body: str, version: str = "1.0.0", extra: str = "") -> str:
    """A DSL document around the given `do` block (YAML, not indented)."""
    return (
        f"document:\n  dsl: '1.0.3'\n  namespace: test\n  name: {name}\n  version: '{version}'\n{extra}"
        f"do:\n{''.join(f'  {line}{chr(10)}' for line in body.strip(chr(10)).splitlines())}"
    )


def event(kind: str, data: Any, source: str = "/test", event_id: str | None = None, **more: Any) -> dict[str, Any]:
    """A CloudEvent."""
    return {
        "specversion": "1.0",
        "id": event_id or uuid.uuid4().hex,
        "source": source,
        "type": kind,
        "data": data,
        **more,
    }
