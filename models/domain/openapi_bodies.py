"""Bodies of operations, by media type."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from models.domain.dsl.problems import Problem, problem
from models.domain.openapi_styles import scalar


def encoded(media: str, value: Any) -> tuple[bytes, str]:
    """The bytes and the content type; Problem (validation) when the value cannot have that form."""
    kind = media.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return json.dumps(value, ensure_ascii=False).encode(), media
    if kind == "application/x-www-form-urlencoded":
        pairs = [(name, _texts(item)) for name, item in _members(value, kind).items()]
        return urlencode(pairs, doseq=True).encode(), media
    if kind == "multipart/form-data":
        return _multipart(_members(value, kind))
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode(), media


def _members(value: Any, kind: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Problem(problem("validation", f"A body of the type {kind} is an object."))
    return value


def _texts(item: Any) -> Any:
    return [scalar(one) for one in item] if isinstance(item, list) else scalar(item)


def _multipart(members: dict[str, Any]) -> tuple[bytes, str]:
    content = json.dumps(members, sort_keys=True).encode()
    boundary = f"tidewire-{hashlib.sha256(content).hexdigest()[:32]}"
    parts = []
    for name, item in members.items():
        for one in item if isinstance(item, list) else [item]:
            safe = name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            head = f'--{boundary}\r\ncontent-disposition: form-data; name="{safe}"\r\n\r\n'
            parts.append(head.encode() + scalar(one).encode() + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
