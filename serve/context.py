"""What is known about the request being served: its id and W3C trace context, for logs and calls onward."""

from __future__ import annotations

import logging
import re
import secrets
import traceback
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_log = logging.getLogger("tidewire.serve")


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Ids of one request; `span` is ours, the caller's span is its parent."""

    request_id: str
    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The W3C header value to send onward."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_current: ContextVar[RequestContext | None] = ContextVar("tidewire_request", default=None)


def begin(request_id_header: str, traceparent: str) -> RequestContext:
    """Takes over the caller's ids where they are well-formed, makes new ones where not."""
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    fresh = secrets.token_hex(24)
    trace = found[1] if found else fresh[:32]
    given = request_id_header if request_id_header and _REQUEST_ID.fullmatch(request_id_header) else ""
    context = RequestContext(given or trace, trace, fresh[32:], bool(found and int(found[3], 16) & 1))
    _current.set(context)
    return context


def current() -> RequestContext | None:
    """The request being served by this task, if any."""
    return _current.get()


def request_id() -> str:
    """Its id, or an empty text outside of requests."""
    context = _current.get()
    return context.request_id if context else ""


def log_failure(where: str, error: BaseException) -> None:
    """Class and stack frames only: messages of drivers can hold row values and secrets."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    stack = " < ".join(f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    _log.error("request %s to %s failed: %s at %s", request_id(), where, type(error).__name__, stack)
