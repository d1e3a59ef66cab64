"""Entries of the audit log on their way to a receiver: a batch signed as Standard Webhooks say."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

_FIRST_WAIT, _LONGEST_WAIT = 2.0, 3_600.0


def body_of(entries: Sequence[tuple[str, str]], tenant_id: UUID, at: datetime) -> bytes:
    """`entries`: the text of each with its hash, oldest first. The texts go out as they were hashed."""
    told = ",".join(f'{{"entry":{text},"hash":"{digest}"}}' for text, digest in entries)
    when = at.isoformat().replace("+00:00", "Z")
    return (
        f'{{"type":"audit.entries","timestamp":"{when}","data":{{"tenant":"{tenant_id}","entries":[{told}]}}}}'
    ).encode()


def headers_of(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """`message_id` is the same each time the batch is sent, so that a receiver knows it again."""
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }  # fmt: skip


def wait_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row."""
    return float(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, 20)))
