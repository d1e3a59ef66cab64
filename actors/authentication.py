"""Authentication of outbound calls by the policies of the DSL: basic, bearer, digest, oauth2, oidc, or by a secret."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from actors.http_step import basic
from actors.secret_values import Hidden, SecretValues
from actors.step_runner import StepError
from actors.token_cache import TokenCache
from models.domain import digest_auth
from models.domain.dsl.problems import problem
from models.domain.ports import HttpRequest, HttpResponse

Send = Callable[[HttpRequest], Awaitable[HttpResponse]]
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with its secrets resolved. `kind` is empty when there is none."""

    kind: str = ""
    fields: Mapping[str, Any] | None = None

    @property
    def has_token(self) -> bool:
        return self.kind in ("oauth2", "oidc")

    def text(self, name: str) -> str:
        """A field; StepError when it is not there."""
        found = (self.fields or {}).get(name)
        if not isinstance(found, str):
            raise StepError(problem("configuration", f'The authentication {self.kind} needs "{name}".'))
        return found


class Authenticator:
    """Adds what a policy asks for to requests."""

    def __init__(self, values: SecretValues, tokens: TokenCache) -> None:
        self._values, self._tokens = values, tokens

    async def policy(self, tenant_id: UUID, written: Any, hidden: Hidden) -> Policy:
        """What a task names as its authentication, ready to be used."""
        if not isinstance(written, Mapping) or len(written) != 1:
            return Policy()
        ((kind, fields),) = written.items()
        if isinstance(fields, Mapping) and "use" in fields:
            found = await self._values.value(tenant_id, fields["use"], hidden)
            fields = {"token": found} if isinstance(found, str) and kind == "bearer" else _policy_of(found, fields)
        for name in ("token", "password"):
            hidden.add(fields.get(name))
        hidden.add((fields.get("client") or {}).get("secret") if isinstance(fields.get("client"), Mapping) else None)
        return Policy(kind, fields)

    async def header(self, tenant_id: UUID, policy: Policy, hidden: Hidden, refused: str | None = None) -> str | None:
        """The value of Authorization; None without a policy. Not for digest, which needs a challenge."""
        if not policy.kind:
            return None
        if policy.kind == "basic":
            header = basic(policy.text("username"), policy.text("password"))["authorization"]
            hidden.add(header.partition(" ")[2])
            return header
        if policy.kind == "bearer":
            return f"Bearer {policy.text('token')}"
        if not policy.has_token:
            raise StepError(problem("configuration", f"{policy.kind} authentication cannot be used with this call."))
        token = await self._tokens.token(tenant_id, policy.kind, policy.fields or {}, refused)
        hidden.add(token)
        return f"Bearer {token}"

    async def send(
        self, tenant_id: UUID, policy: Policy, request: HttpRequest, send: Send, hidden: Hidden
    ) -> HttpResponse:
        """One exchange as the policy asks; a refused token is got anew once, a challenge answered once."""
        if policy.kind == "digest":
            return await self._send_digest(policy, request, send)
        header = await self.header(tenant_id, policy, hidden)
        if header is None:
            return await send(request)
        response = await send(_with(request, header))
        if response.status == _UNAUTHORIZED and policy.has_token:
            again = await self.header(tenant_id, policy, hidden, refused=header.partition(" ")[2])
            if again is not None and again != header:
                response = await send(_with(request, again))
        return response

    async def _send_digest(self, policy: Policy, request: HttpRequest, send: Send) -> HttpResponse:
        response = await send(request)
        challenge = digest_auth.challenge_of(response.headers.get("www-authenticate", ""))
        if response.status != _UNAUTHORIZED or challenge is None:
            return response
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        user, password = policy.text("username"), policy.text("password")
        nonce = secrets.token_hex(16)
        header = digest_auth.authorization(challenge, request.method, target, user, password, nonce)
        return await send(_with(request, header))


def _with(request: HttpRequest, header: str) -> HttpRequest:
    return replace(request, headers={**request.headers, "authorization": header})


def _policy_of(found: Any, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        told = f"The secret {fields['use']} is a text; this authentication needs one with members such as username."
        raise StepError(problem("configuration", told))
    return found
