"""The built web app: hashed files that never change, and one page for every address that the app itself knows."""

from __future__ import annotations

import gzip
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.responses import etag_matches, strong_etag

# What belongs to the API is never answered by the page.
_API = re.compile(r"/(v1|v2|healthz|readyz|metrics|openapi\.json|\.well-known|connection|scim)(/|$)")
# Links to tasks end in a token, which has dots.
_LINK = re.compile(r"/answer/[^/]+")
_HASHED = re.compile(r"/assets/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
_NONCE = re.compile(r"""(<meta\s+name=["']csp-nonce["']\s+content=["'])[^"']*(["'])""")
_FOREVER = "public, max-age=31536000, immutable"
_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_PACKED_ALREADY = frozenset({".ico", ".png", ".webp", ".woff2"})
_MIN_PACKED = 1_024


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """For paths that no route knows."""
    if scope["type"] == "http":
        raise HTTPException(404)
    await send({"type": "websocket.close", "code": 1000})


@dataclass(frozen=True, slots=True)
class File:
    """A file in memory: as it is, and in the encodings a browser may ask for."""

    body: bytes
    media: str
    etag: str
    cache: str
    packed: tuple[tuple[str, bytes], ...]


class WebFiles:
    """Files of a build folder, read once."""

    def __init__(self, files: dict[str, File], page: str | None, push_url: str | None) -> None:
        self._files = files
        self._page = page
        self._connect = "'self'" + _origin(push_url)

    @classmethod
    def load(cls, root: Path, push_url: str | None = None) -> WebFiles | None:
        """None when nothing was built there. Siblings ending in .br and .gz are served to those who accept them."""
        index = root / "index.html"
        if not index.is_file():
            return None
        files = {
            "/" + path.relative_to(root).as_posix(): _read(path, "/" + path.relative_to(root).as_posix())
            for path in sorted(root.rglob("*"))
            if path.is_file() and path != index and path.suffix not in (".br", ".gz") and path.name != ".done"
        }
        return cls(files, index.read_text(), push_url)

    def or_else(self, otherwise: ASGIApp) -> ASGIApp:
        """An application that answers for the web app's addresses and leaves all others to `otherwise`."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = self._answer(Request(scope)) if scope["type"] == "http" else None
            await (response or otherwise)(scope, receive, send)

        return answer

    def _answer(self, request: Request) -> Response | None:
        path = request.url.path
        if request.method not in ("GET", "HEAD") or _API.match(path):
            return None
        found = self._files.get(path)
        if found is not None:
            return _file_response(request, found)
        if self._page is None or _is_file(path):
            return None
        return self._page_response()

    def _page_response(self) -> Response:
        nonce = secrets.token_urlsafe(16)
        body = _NONCE.sub(lambda found: found[1] + nonce + found[2], self._page or "")
        headers = {
            "cache-control": "no-cache",
            "content-security-policy": _policy(nonce, self._connect),
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }
        return Response(body, 200, headers, "text/html")


def _is_file(path: str) -> bool:
    """A missing file is missing; an address of the app has no dot in its last part."""
    return "." in path.rpartition("/")[2] and path != "/index.html" and _LINK.fullmatch(path) is None


def _policy(nonce: str, connect: str) -> str:
    parts = (
        "default-src 'none'", "script-src 'self'", f"style-src 'self' 'nonce-{nonce}'", "img-src 'self' data: blob:",
        "font-src 'self' data:", f"connect-src {connect}", "worker-src 'self'", "manifest-src 'self'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    )
    return "; ".join(parts)


def _origin(push_url: str | None) -> str:
    if not push_url:
        return ""
    parts = urlsplit(push_url)
    return f" {parts.scheme}://{parts.netloc}" if parts.scheme in ("ws", "wss") and parts.netloc else ""


def _read(path: Path, name: str) -> File:
    body = path.read_bytes()
    media = _MEDIA.get(path.suffix, "application/octet-stream")
    cache = _FOREVER if _HASHED.fullmatch(name) else "no-cache"
    packed = [
        (encoding, sibling.read_bytes())
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz"))
        if (sibling := path.with_name(path.name + suffix)).is_file()
    ]
    if not packed and path.suffix not in _PACKED_ALREADY and len(body) >= _MIN_PACKED:
        packed = [("gzip", gzip.compress(body, 6, mtime=0))]
    return File(body, media, strong_etag(body), cache, tuple(packed))


def _file_response(request: Request, file: File) -> Response:
    headers = {"cache-control": file.cache, "etag": file.etag}
    if file.packed:
        headers["vary"] = "accept-encoding"
    if etag_matches(request.headers.get("if-none-match", ""), file.etag):
        return Response(status_code=304, headers=headers)
    body = file.body
    accepted = _encodings(request.headers.get("accept-encoding", ""))
    for encoding, packed in file.packed:
        if encoding in accepted:
            body, headers["content-encoding"] = packed, encoding
            break
    return Response(body, 200, {**headers, "content-type": file.media})


def _encodings(header: str) -> set[str]:
    named = (part.partition(";") for part in header.lower().split(","))
    return {name.strip() for name, _, quality in named if quality.replace(" ", "") not in ("q=0", "q=0.0")}
