"""Pages of other origins that may call the API: only those that the tenant of the token allows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import UUID

from starlette.types import Scope

from models.domain.errors import Unavailable
from models.domain.identity import Principal
from serve.account_ports import TenantRepository
from serve.context import log_failure

Headers = list[tuple[bytes, bytes]]
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, idempotency-key, if-match, if-none-match, "
                                      b"traceparent, x-request-id"),
    (b"access-control-max-age", b"600"),
]  # fmt: skip
_EXPOSED = (b"access-control-expose-headers", b"etag, x-request-id, ratelimit, ratelimit-policy, retry-after")
VARY = (b"vary", b"origin")


class CrossOrigin:
    """What each tenant allows. A preflight bears no token: it is answered for an origin that any tenant allows, and the
    answer to the call itself can be read only where the tenant of its token allows it. Cookies never come along."""

    def __init__(self) -> None:
        self._by_tenant: Mapping[UUID, frozenset[str]] = {}
        self._any: frozenset[str] = frozenset()

    def replace(self, found: Mapping[UUID, frozenset[str]]) -> None:
        """What holds from now on."""
        self._by_tenant = found
        self._any = frozenset(origin for origins in found.values() for origin in origins)

    def preflight(self, scope: Scope) -> Headers | None:
        """The headers of the answer to a preflight; None when the request is none, or is not allowed."""
        if scope["method"] != "OPTIONS":
            return None
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"")
        if b"access-control-request-method" not in headers or origin.decode("latin-1") not in self._any:
            return None
        return [(b"access-control-allow-origin", origin), VARY, *_PREFLIGHT]

    def headers(self, scope: Scope, principal: Principal | None) -> Headers:
        """What an answer gets for the page that asked."""
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        if origin is None or _is_own(origin, scope):
            return []
        allowed = self._by_tenant.get(principal.tenant_id, frozenset()) if principal is not None else frozenset()
        if origin.decode("latin-1") not in allowed:
            return [VARY]
        return [(b"access-control-allow-origin", origin), VARY, _EXPOSED]


def _is_own(origin: bytes, scope: Scope) -> bool:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return urlsplit(origin.decode("latin-1")).netloc.lower() == host.decode("latin-1").lower()


async def follow(origins: CrossOrigin, tenants: TenantRepository, pause: float) -> None:
    """Keeps up with what tenants set, until cancelled; while the database is away, what was known stays."""
    while True:
        try:
            origins.replace(await tenants.all_allowed_origins())
        except (Unavailable, OSError, TimeoutError):
            pass
        except Exception as error:
            log_failure("the watch over allowed origins", error)
        await asyncio.sleep(pause)
