"""Bodies of the routes about service accounts and API keys."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from models.domain.limits import Limits
from serve.paging import Instant, Text
from serve.schemas.authorization import Description, Pattern, RoleName
from serve.schemas.common import Reply, Request, Time

AccountName = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", max_length=63, examples=["billing-sync"])
]
Scopes = Annotated[list[Pattern], Field(max_length=Limits().max_scopes)]


class ServiceAccountRequest(Request):
    """A program that acts in the tenant by keys of its own."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "billing-sync", "role": "operator"}})

    name: AccountName
    description: Description = ""
    role: RoleName


class ServiceAccountChange(Request):
    """What is absent stays. A disabled one is refused within a second, and its keys come back when it is enabled."""

    model_config = ConfigDict(json_schema_extra={"example": {"disabled": True}})

    description: Description | None = None
    role: RoleName | None = None
    disabled: bool | None = None


class ServiceAccount(Reply):
    """A program of the tenant."""

    id: UUID
    name: str
    description: str
    role: str
    disabled: bool
    created_at: Time
    created_by: UUID


class ServiceAccountPage(Reply):
    """Service accounts, oldest first."""

    items: list[ServiceAccount]
    next: str | None = None


class ApiKeyRequest(Request):
    """For the caller, or for a service account. Without scopes the key may all that its owner may."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "nightly", "scopes": ["run:start", "run:read"], "expires_at": "2027-01-01T00:00:00Z"}
        }
    )

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    service_account: Annotated[UUID, Field(strict=False)] | None = None
    scopes: Scopes | None = None
    expires_at: Annotated[Instant, Field(strict=False)] | None = None


class ApiKey(Reply):
    """A key without itself; `prefix` is how it begins."""

    id: UUID
    name: str
    prefix: str
    subject_kind: str
    subject_id: UUID
    scopes: list[str] | None
    created_at: Time
    created_by: UUID
    expires_at: Time | None
    last_used_at: Time | None


class NewApiKey(ApiKey):
    """A new key; `key` is shown this once."""

    key: str


class ApiKeyPage(Reply):
    """Keys that are not revoked, oldest first."""

    items: list[ApiKey]
    next: str | None = None
