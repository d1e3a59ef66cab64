"""What sign-ins need: an owner of a new tenant, a browser that follows redirects and fills in forms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from fastapi import FastAPI

from models.domain.identity import Principal
from serve.auth.tokens import issue
from tests.storage_kit import new_account

HOME = "http://tidewire"


@dataclass
class Records:
    """TXT records that a test publishes."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    async def look_up(self, name: str) -> Sequence[str]:
        return self.texts.get(name, [])


@dataclass
class Owner:
    """The owner of a tenant, signed in."""

    http: httpx.AsyncClient
    principal: Principal
    tenant: str


async def new_owner(app: FastAPI, email: str | None = None) -> Owner:
    """The owner of a new tenant, whose client is to be closed."""
    ports, now = app.state.deps.ports, datetime.now(UTC)
    account, session = new_account(email)
    await ports.identity.register(account, session)
    principal = Principal(
        account.user_id, account.tenant_id, "owner", session.id, authenticated_at=now, factors=("pwd",)
    )
    token = issue(ports.keys, principal, now, 900, "tidewire-api")
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=HOME, headers={"authorization": f"Bearer {token}"}
    )
    return Owner(http, principal, account.tenant_name)


async def own_domain(owner: Owner, records: Records, provider: str | None, **more: Any) -> str:
    """A new domain that is the tenant's, led to the provider."""
    name = f"d{uuid4().hex}.example"
    added = (await owner.http.post("/v1/sso/domains", json={"domain": name})).json()
    records.texts[added["record_name"]] = ["something else", added["record_value"]]
    verified = await owner.http.post(f"/v1/sso/domains/{name}/verify")
    assert verified.status_code == 200, verified.text
    led = await owner.http.put(f"/v1/sso/domains/{name}", json={"provider_id": provider, **more})
    assert led.status_code == 200, led.text
    return name


class _Loopback(httpx.AsyncHTTPTransport):
    """As browsers do, secure cookies go to this machine without TLS too."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        answer.headers = httpx.Headers(
            [(name, re.sub(rb"(?i);\s*secure", b"", value)) for name, value in answer.headers.raw]
        )
        return answer


class Browser:
    """Keeps cookies, goes where it is sent, and stops at the pages of the app."""

    def __init__(self, app: FastAPI) -> None:
        inside = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=_Loopback(), mounts={"all://tidewire": inside}, timeout=30)
        self.visited: list[str] = []

    async def open(self, url: str) -> httpx.Response:
        """The page that it ends at."""
        return await self.follow(await self.http.get(url))

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        while answer.has_redirect_location:
            target = str(answer.request.url.join(answer.headers["location"]))
            self.visited.append(target)
            if target.startswith(HOME) and not target.startswith(f"{HOME}/v1/"):
                return answer
            answer = await self.http.get(target)
        return answer

    async def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Sends the form of the page, with what it brings and what a person types."""
        form = re.search(r"<form[^>]*>", page.text)
        assert form is not None, page.text
        action = _attribute(form[0], "action")
        assert action is not None
        hidden = {}
        for tag in re.findall(r"<input[^>]*>", page.text, re.IGNORECASE):
            name = _attribute(tag, "name")
            if name:
                hidden[name] = _attribute(tag, "value") or ""
        return await self.follow(await self.http.post(str(page.request.url.join(action)), data=hidden | fields))

    async def sign_in(self, ticket: str) -> httpx.Response:
        """What the page does with its ticket."""
        return await self.http.post(f"{HOME}/v1/auth/ticket", json={"ticket": ticket})

    def landed(self) -> dict[str, str]:
        """What stands in the fragment of the page it came to."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.visited[-1]).fragment).items()}

    async def me(self, signed: httpx.Response) -> dict[str, Any]:
        """Who is signed in."""
        assert signed.status_code == 200, signed.text
        headers = {"authorization": f"Bearer {signed.json()['access_token']}"}
        answer = await self.http.get(f"{HOME}/v1/me", headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(rf"""\b{name}=["']([^"']*)["']""", tag, re.IGNORECASE)
    return unescape(found[1]) if found else None
