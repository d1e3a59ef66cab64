"""Request bodies: read under a limit, and JSON that means the same to everyone who reads it later."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from email.message import Message
from typing import Any

import orjson
from fastapi import Request
from starlette.types import Receive, Scope

from models.domain.errors import BodyTooSlow, Fault, LimitExceeded
from models.domain.limits import Limits
from serve.errors import MalformedBody, UnsupportedMediaType, pointer_of

_LONG_NUMBER = re.compile(rb"[0-9]{19}")
# What most requests say; reading it by all rules of MIME takes longer than reading the body.
_PLAIN = frozenset({"", "application/json", "application/cloudevents+json", "application/cloudevents-batch+json"})
_NUL_ESCAPE = b"\\u0000"


class LimitedRequest(Request):
    """A request whose body is counted while it streams in, and whose JSON is strict."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits, limit_name: str = "max_request_bytes") -> None:
        super().__init__(scope, receive)
        self._limits = limits
        self._limit_name = limit_name
        self._max_bytes: int = getattr(limits, limit_name)

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body in chunks; LimitExceeded as soon as it is too long, by its header or by count."""
        declared = self.headers.get("content-length", "")
        if declared.isdigit() and len(declared) < 20 and int(declared) > self._max_bytes:
            raise LimitExceeded(self._limit_name, self._max_bytes)
        total = 0
        async for chunk in super().stream():
            total += len(chunk)
            if total > self._max_bytes:
                raise LimitExceeded(self._limit_name, self._max_bytes)
            yield chunk

    async def body(self) -> bytes:
        """The whole body; BodyTooSlow when it does not come in time."""
        if not hasattr(self, "_body"):
            seconds = self._limits.max_body_seconds
            try:
                async with asyncio.timeout(seconds) as deadline:
                    await super().body()
            except TimeoutError:
                if deadline.expired():
                    raise BodyTooSlow("max_body_seconds", seconds) from None
                raise
        return self._body

    async def json(self) -> Any:
        """The body as JSON, read once."""
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body(), self._limits)
        return self._json

    async def load(self) -> None:
        """Reads a JSON body now, so that its faults are told in our words."""
        if await self.body():
            require_json(media_type(self))
            await self.json()


def media_type(request: Request) -> str:
    """The media type without parameters, in lower case; empty when there is none."""
    given = request.headers.get("content-type", "")
    if given in _PLAIN:
        return given
    message = Message()
    message["content-type"] = given
    return message.get_content_type()


def require_json(media: str) -> None:
    """UnsupportedMediaType unless it is a JSON type."""
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise UnsupportedMediaType(f"Send Content-Type: application/json, not {media or 'nothing'}.")


def strict_json(raw: bytes, limits: Limits) -> Any:
    """JSON without NaN, lone surrogates, NUL characters, numbers beyond 64 bits or endless nesting."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(
            "The body is not JSON.", [Fault("", error.msg, error.lineno, error.colno)]
        ) from None
    _forbid_depth(value, limits.max_json_depth)
    if _NUL_ESCAPE in raw:
        _forbid_nul(value)
    if _LONG_NUMBER.search(raw):
        json.loads(raw, parse_int=_int64)
    return value


def _forbid_depth(value: Any, limit: int) -> None:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(child) in (dict, list)
        ]
        if not level:
            return
    raise LimitExceeded("max_json_depth", limit)


def _forbid_nul(value: Any) -> None:
    stack: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, str) and "\0" in node:
            raise _unusable(pointer_of(path), "the character NUL is not allowed")
        if isinstance(node, dict):
            if any("\0" in key for key in node):
                raise _unusable(pointer_of(path), "a name has the character NUL")
            stack.extend(((*path, key), child) for key, child in node.items())
        elif isinstance(node, list):
            stack.extend(((*path, index), child) for index, child in enumerate(node))


def _int64(digits: str) -> int:
    # Larger ones would silently lose digits in one of the parts that read them as 64-bit numbers.
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise _unusable("", f"the integer {digits[:24]} does not fit in 64 bits")
    return int(digits)


def _unusable(pointer: str, detail: str) -> MalformedBody:
    return MalformedBody("The body is not usable.", [Fault(pointer, detail)])
