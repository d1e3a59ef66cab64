"""Inbound webhooks: is a delivery genuine, and which CloudEvent is it. Over raw bytes, without a clock."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from models.domain.errors import Fault, InvalidInput
from models.domain.events import RESERVED_TYPES


class Scheme(StrEnum):
    """How a sender signs."""

    GITHUB = "github"
    STANDARD = "standard-webhooks"


_STANDARD_PREFIX = "whsec_"


def check_secret(scheme: Scheme, secret: str) -> None:
    """InvalidInput when the secret does not have the form that the scheme asks for."""
    if scheme is Scheme.STANDARD:
        try:
            key = _standard_key(secret)
        except (ValueError, binascii.Error):
            key = b""
        if not 16 <= len(key) <= 256:
            raise InvalidInput(
                "The secret is not usable.", [Fault("/secret", "expected whsec_ and 24 to 64 bytes in base64")]
            )


def is_genuine(
    scheme: Scheme, secret: str, headers: Mapping[str, str], body: bytes, now: datetime, max_age_seconds: int
) -> bool:
    """Whether the holder of the secret sent these very bytes (recently, where the scheme tells the time).

    `headers` with lower-case names. The comparison takes the same time wherever the signatures differ.
    """
    if scheme is Scheme.GITHUB:
        return _genuine_github(secret, headers, body)
    return _genuine_standard(secret, headers, body, now, max_age_seconds)


def _genuine_github(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = headers.get("x-hub-signature-256", "")
    same = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    return same and bool(headers.get("x-github-delivery")) and bool(headers.get("x-github-event"))


def _standard_key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)


def _genuine_standard(
    secret: str, headers: Mapping[str, str], body: bytes, now: datetime, max_age_seconds: int
) -> bool:
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    content = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    expected = base64.b64encode(hmac.new(_standard_key(secret), content, hashlib.sha256).digest())
    genuine = False
    for part in headers.get("webhook-signature", "").split():
        version, _, signature = part.partition(",")
        # Every signature is compared: a sender that rotates its key sends one for each.
        genuine |= version == "v1" and hmac.compare_digest(expected, signature.encode("utf-8", "replace"))
    if not genuine or not message_id or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13):
        return False
    return abs(now.timestamp() - int(timestamp)) <= max_age_seconds


def to_event(scheme: Scheme, source: str, headers: Mapping[str, str], payload: Any) -> dict[str, Any]:
    """The delivery as a CloudEvent in the JSON format; its id is the sender's, so a repeated delivery is one event."""
    event: dict[str, Any] = {"specversion": "1.0", "source": f"/hooks/{source}", "datacontenttype": "application/json"}
    if scheme is Scheme.GITHUB:
        event |= {"id": headers["x-github-delivery"], "type": f"com.github.{headers['x-github-event']}"}
        subject = _path(payload, "repository", "full_name") or _path(payload, "organization", "login")
    else:
        event |= {"id": headers["webhook-id"], "type": _standard_type(payload)}
        subject = None
    if isinstance(subject, str) and 0 < len(subject) <= 1024:
        event["subject"] = subject
    event["data"] = payload
    return event


def _standard_type(payload: Any) -> str:
    kind = _path(payload, "type")
    usable = isinstance(kind, str) and 0 < len(kind) <= 1024 and not kind.startswith(RESERVED_TYPES)
    return str(kind) if usable else "webhook.received"


def _path(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
