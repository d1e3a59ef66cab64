"""What routes read from a request beside its body."""

from __future__ import annotations

from starlette.requests import Request

from models.domain.errors import Fault, InvalidInput
from models.domain.events import CloudEvent
from serve.auth.session_tokens import Device
from serve.context import current


def device_of(request: Request, trusted_hops: int) -> Device:
    """The caller's address and program. X-Forwarded-For counts only as far as our own proxies wrote it."""
    address = request.client.host if request.client else ""
    if trusted_hops > 0:
        told = ",".join(request.headers.getlist("x-forwarded-for"))
        hops = [part.strip() for part in told.split(",") if part.strip()]
        if len(hops) >= trusted_hops:
            address = hops[-trusted_hops]
    return Device(address[:64], request.headers.get("user-agent", "").replace("\0", "")[:300])


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header: 1 to 255 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    return None if key is None else checked_key(key)


def checked_key(key: str) -> str:
    """The key; InvalidInput when it is not usable."""
    if not 1 <= len(key) <= 255 or not all("!" <= c <= "~" for c in key):
        raise InvalidInput(
            "The Idempotency-Key is not usable.", [Fault("/Idempotency-Key", "1 to 255 visible ASCII characters")]
        )
    return key


def traced(event: CloudEvent) -> CloudEvent:
    """The event with the trace context of the request that brought it, unless it has one of its own."""
    context = current()
    if context is not None:
        event.envelope.setdefault("traceparent", context.traceparent)
    return event


def cause_of_request(kind: str = "api") -> dict[str, str]:
    """What a run says started it, with the ids that lead from the request to it."""
    context = current()
    if context is None:
        return {"kind": kind}
    return {"kind": kind, "request_id": context.request_id, "traceparent": context.traceparent}
