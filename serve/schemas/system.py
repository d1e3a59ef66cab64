"""Bodies of the operators' routes."""

from __future__ import annotations

from serve.schemas.common import Reply


class Health(Reply):
    """Alive."""

    status: str


class Readiness(Reply):
    """Each part is `ok` or has a short reason."""

    status: str
    parts: dict[str, str]
