"""The outermost layer of each request: ids and trace context, security headers, counting, and the last catch."""

from __future__ import annotations

import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.domain.limits import Limits
from serve.context import begin
from serve.cross_origin import CrossOrigin
from serve.errors import headers_too_large, unexpected
from serve.gateway.gateway import HEADERS
from serve.telemetry import Telemetry

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BASE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"deny"),
    (b"x-permitted-cross-domain-policies", b"none"),
)
_API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE = (b"cache-control", b"no-store")
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Edge:
    """Pure ASGI: one wrapper of `send` a request, nothing is buffered."""

    def __init__(
        self, app: ASGIApp, telemetry: Telemetry, secure: bool = False,
        most_header_bytes: int = Limits().max_header_bytes, origins: CrossOrigin | None = None,
    ) -> None:
        self._origins = origins or CrossOrigin()
        self._app = app
        self._most_header_bytes = most_header_bytes
        self._telemetry = telemetry
        self._base = [*_BASE, _HSTS] if secure else [*_BASE]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        preflight = self._origins.preflight(scope)
        if preflight is not None:
            await send({"type": "http.response.start", "status": 204, "headers": [*preflight, *self._base]})
            await send({"type": "http.response.body", "body": b""})
            return
        request_id, traceparent, size = _ids(scope)
        context = begin(request_id, traceparent)
        added = [
            *self._base,
            (b"x-request-id", context.request_id.encode()),
            (b"traceparent", context.traceparent.encode()),
        ]
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [
                    *message["headers"], *added, *scope.get(HEADERS, ()), *_defaults(message),
                    *self._origins.headers(scope, scope.get("tidewire.principal")),
                ]
                self._count(scope, message["status"], began)
            await send(message)

        try:
            if size > self._most_header_bytes:
                await headers_too_large(scope["path"], self._most_header_bytes)(scope, receive, send_with_headers)
                return
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return
        except Exception as error:
            response = unexpected(scope["path"], error)
            if not started:
                await response(scope, receive, send_with_headers)

    def drain(self) -> None:
        """From now on readiness says that this replica stops; requests are served as before."""
        deps = getattr(getattr(self._app, "state", None), "deps", None)
        if deps is not None:
            deps.gateway.load.is_draining = True

    def _count(self, scope: Scope, status: int, began: float) -> None:
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._telemetry.answered(method, route, status, time.perf_counter() - began)


def _ids(scope: Scope) -> tuple[str, str, int]:
    request_id = traceparent = ""
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name == b"traceparent":
            traceparent = value.decode("latin-1")
        elif name == b"x-request-id":
            request_id = value.decode("latin-1")
    return request_id, traceparent, size


def _defaults(message: Message) -> list[tuple[bytes, bytes]]:
    """Headers for answers that did not set their own: pages of the web app do, documents of the API mostly not."""
    present = {name for name, _ in message["headers"]}
    return [header for header in (_API_POLICY, _NO_STORE) if header[0] not in present]
