"""Answers without detours: plain values straight to JSON bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS
JSON = "application/json"


def encode(value: Any) -> bytes:
    """JSON bytes; knows datetime, UUID, dataclasses, texts and whole numbers of any class."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def _plain(value: Any) -> Any:
    for cls in (str, int, float):
        if isinstance(value, cls):
            return cls(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(encode(value), status, dict(headers) if headers else None, JSON)


def no_content() -> Response:
    """204."""
    return Response(status_code=204)


def strong_etag(content: bytes) -> str:
    """An entity tag of the content."""
    digest = hashlib.blake2b(content, digest_size=12).digest()
    return f'"{base64.urlsafe_b64encode(digest).decode()}"'


def cached_response(request: Request, value: Any, cache_control: str = "private, no-cache") -> Response:
    """A JSON answer with an entity tag; 304 when the caller has it already."""
    body = encode(value)
    headers = {"etag": strong_etag(body), "cache-control": cache_control}
    if etag_matches(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, JSON)


def etag_matches(header: str, etag: str) -> bool:
    """Whether an If-None-Match header names the tag (weak comparison)."""
    if header.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == etag for part in header.split(","))
