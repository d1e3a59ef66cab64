"""W3C trace context from what came in to what goes out: one trace id from a request or event to the calls of a run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_outgoing: ContextVar[str | None] = ContextVar("tidewire_outgoing_trace", default=None)


def is_traceparent(value: object) -> bool:
    """Whether it is a well-formed value of version 00."""
    return isinstance(value, str) and _TRACEPARENT.fullmatch(value) is not None


def traceparent_of(told: Mapping[str, Any]) -> str | None:
    """The trace context in a cause of a run, or in an event (the CloudEvents extension of distributed tracing)."""
    value = told.get("traceparent")
    return value if is_traceparent(value) else None


def child_of(traceparent: str, what: str) -> str:
    """A span below another one; the same for the same `what`, so that a step that is tried again keeps its span."""
    span = hashlib.blake2b(f"{traceparent}\0{what}".encode(), digest_size=8).hexdigest()
    return f"{traceparent[:36]}{span if span != '0' * 16 else '1' * 16}{traceparent[52:]}"


def outgoing() -> str | None:
    """The trace context that calls of this task send onward, if any."""
    return _outgoing.get()


@contextmanager
def sending(traceparent: str | None) -> Iterator[None]:
    """Calls in the block send this trace context onward."""
    token = _outgoing.set(traceparent)
    try:
        yield
    finally:
        _outgoing.reset(token)
