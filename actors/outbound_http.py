"""Outbound HTTP past the egress guard: a name is resolved once, and the checked address is the one connected to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import certifi
import httpcore

from models.domain.egress import EgressPolicy, Target, parse_target
from models.domain.errors import AnswerLost, EgressRefused, InvalidInput, LimitExceeded, Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse
from models.domain.tracing import outgoing

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Ours alone: what a workflow says about them would let two ends disagree on where a message ends.
_OWN_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "accept-encoding"}
)
_PRIVATE_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "idempotency-key", "x-api-key"})
_PATH_SAFE = "/:@!$&'()*+,;=%~-._"
_SENT = ("http11.send_request_headers.started", "http2.send_request_headers.started")


class OutboundHttpClient:
    """One pool of connections for a process. No cookies, no proxies, nothing shared between requests but sockets."""

    def __init__(
        self,
        policy: EgressPolicy,
        limits: Limits,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or tls_context(),
            max_connections=limits.max_http_connections,
            max_keepalive_connections=limits.max_http_connections // 2,
            keepalive_expiry=15.0,
            network_backend=_GuardedNetwork(policy, resolve or resolve_by_system, limits.max_http_connect_seconds),
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._pool.aclose()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """One exchange, redirects included when they are to be followed.

        EgressRefused and Unavailable: nothing was sent. AnswerLost: something was.
        """
        sent = _Trace()
        try:
            async with asyncio.timeout(request.timeout):
                return await self._follow(request, sent)
        except TimeoutError:
            raise _away(sent, request, "did not answer in time") from None
        except (httpcore.TimeoutException, httpcore.PoolTimeout):
            raise _away(sent, request, "did not answer in time") from None
        except httpcore.LocalProtocolError as error:
            raise InvalidInput(f"The request is not valid HTTP: {error}.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, zlib.error) as error:
            reason = str(error) or type(error).__name__
            raise _away(sent, request, f"could not be talked to: {reason[:200]}") from None

    async def _follow(self, request: HttpRequest, sent: _Trace) -> HttpResponse:
        hops = 0
        while True:
            response = await self._exchange(request, sent)
            location = response.headers.get("location")
            if not request.follow_redirects or response.status not in _REDIRECTS or not location:
                return response
            hops += 1
            if hops > self._limits.max_http_redirects:
                raise LimitExceeded("max_http_redirects", self._limits.max_http_redirects)
            request = redirected(request, response.status, location)

    async def _exchange(self, request: HttpRequest, sent: _Trace) -> HttpResponse:
        target = parse_target(request.url)
        async with self._pool.stream(
            request.method.encode("ascii", "replace"),
            _url(target, request.url),
            headers=_headers(target, request),
            content=request.body,
            extensions={"trace": sent, "timeout": {"connect": self._limits.max_http_connect_seconds}},
        ) as response:
            headers = _response_headers(response.headers)
            body = await self._read(response.aiter_stream(), headers.get("content-encoding", ""))
            return HttpResponse(response.status, headers, body)

    async def _read(self, chunks: AsyncIterator[bytes], coding: str) -> bytes:
        most, parts, size = self._limits.max_http_response_bytes, [], 0
        inflate = _decoder(coding)
        async for chunk in chunks:
            part = inflate(chunk, most + 1 - size)
            size += len(part)
            parts.append(part)
            if size > most:
                raise LimitExceeded("max_http_response_bytes", most)
        return b"".join(parts)


class _Trace:
    """Notes whether a request has begun to leave."""

    def __init__(self) -> None:
        self.begun = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event in _SENT:
            self.begun = True


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that the policy allows, and to no other than those it was asked about."""

    def __init__(self, policy: EgressPolicy, resolve: Resolve, seconds: float) -> None:
        self._policy = policy
        self._resolve = resolve
        self._seconds = seconds
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """`host` is a name or a literal address in any spelling."""
        found = await self._addresses(Target("", host, port))
        seconds = timeout or self._seconds
        for address in found[:-1]:
            try:
                return await self._network.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(found[-1], port, seconds, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Nothing outside is behind a unix socket."""
        raise EgressRefused

    async def sleep(self, seconds: float) -> None:
        """Part of the interface; between tries of the pool."""
        await asyncio.sleep(seconds)

    async def _addresses(self, target: Target) -> Sequence[str]:
        if target.literal is not None:
            return self._policy.check(target, [str(target.literal)])
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError(f"the name {target.host} is not known") from None
        return self._policy.check(target, found)


def redirected(request: HttpRequest, status: int, location: str) -> HttpRequest:
    """The request after a redirect: to another origin without what is private, as GET where browsers do so."""
    url = urljoin(request.url, location)
    before, after = parse_target(request.url), parse_target(url)
    if before.scheme == "https" and after.scheme == "http":
        raise EgressRefused(f"{before.host} redirects from https to http, which is not followed.")
    headers = dict(request.headers)
    key = request.idempotency_key
    if before != after:
        headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE_HEADERS}
        key = None
    if status == 303 or (status in (301, 302) and request.method == "POST"):
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
        return replace(request, method="GET", url=url, headers=headers, body=None, idempotency_key=None)
    return replace(request, url=url, headers=headers, idempotency_key=key)


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system's resolver orders them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def tls_context() -> ssl.SSLContext:
    """Trusts what the system trusts, and the bundle that comes with us where the system has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _url(target: Target, url: str) -> httpcore.URL:
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    if parts.query:
        path += "?" + quote(parts.query, safe=_PATH_SAFE + "?")
    host, scheme = target.host.encode(), target.scheme.encode()
    return httpcore.URL(scheme=scheme, host=host, port=target.port, target=path.encode())


def _headers(target: Target, request: HttpRequest) -> list[tuple[bytes, bytes]]:
    host = f"[{target.host}]" if ":" in target.host else target.host
    is_default = target.port == (443 if target.scheme == "https" else 80)
    headers = {"host": host if is_default else f"{host}:{target.port}", "user-agent": "Tidewire", "accept": "*/*"}
    headers |= {name.lower(): value for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS}
    headers["accept-encoding"] = "gzip, deflate"
    if request.body is not None or request.method not in _SAFE:
        headers["content-length"] = str(len(request.body or b""))
    if request.idempotency_key is not None and request.method not in _SAFE:
        headers.setdefault("idempotency-key", request.idempotency_key)
    traceparent = request.traceparent or outgoing()
    if traceparent is not None:
        headers.setdefault("traceparent", traceparent)
    return [(name.encode("latin-1", "replace"), value.encode("utf-8")) for name, value in headers.items()]


def _response_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _decoder(coding: str) -> Callable[[bytes, int], bytes]:
    """Inflates a piece to at most so many bytes, so that a small answer cannot become a huge one."""
    coding = coding.strip().lower()
    if coding not in ("gzip", "x-gzip", "deflate"):
        return lambda chunk, most: chunk[:most]
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | (32 if coding != "deflate" else 0))
    return lambda chunk, most: decompressor.decompress(chunk, max(most, 1))


def _away(sent: _Trace, request: HttpRequest, what: str) -> Unavailable:
    where = request.url.partition("?")[0][:200]
    return (AnswerLost if sent.begun else Unavailable)(f"{where} {what}.")
