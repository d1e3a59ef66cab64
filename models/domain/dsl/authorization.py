"""`$authorization`: what a call was authorized with, as far as its document says it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

# What these use is known only where the call is made.
_ELSEWHERE = {"digest": "Digest", "oauth2": "Bearer", "oidc": "Bearer"}


def describe(request: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The authorization descriptor of the DSL for the request of a step; None when it has no policy."""
    policy = (request or {}).get("authentication")
    if not isinstance(policy, Mapping) or len(policy) != 1:
        return None
    ((kind, told),) = policy.items()
    if kind in _ELSEWHERE or not isinstance(told, Mapping) or "use" in told:
        return {"scheme": _ELSEWHERE.get(kind, kind.capitalize()), "parameter": None}
    if kind == "bearer":
        return {"scheme": "Bearer", "parameter": told.get("token")}
    pair = f"{told.get('username')}:{told.get('password')}"
    return {"scheme": "Basic", "parameter": base64.b64encode(pair.encode()).decode()}
