"""Bodies of the secret routes."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from serve.schemas.common import Json, Reply, Request, Time

Part = Annotated[str, Field(min_length=1, max_length=8_192)]
PartName = Annotated[str, Field(min_length=1, max_length=64)]


class SecretRequest(Request):
    """A text, or an object: username and password, or all that an authentication needs."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"value": {"username": "desk", "password": "not-shown-again"}}}
    )

    value: Part | Annotated[dict[PartName, Json], Field(min_length=1, max_length=32)]


class Secret(Reply):
    """A secret; its value is never shown."""

    name: str
    created_at: Time
    updated_at: Time


class StoredSecret(Reply):
    """Whether the secret is new."""

    name: str
    created: bool


class Secrets(Reply):
    """All secrets of the tenant, by name."""

    items: list[Secret]
    next: None = None
