"""Bodies of the connection routes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from serve.schemas.common import Json, Reply, Request, Time

Secret = Annotated[str, Field(min_length=1, max_length=8192)]
Text = Annotated[str, Field(min_length=1, max_length=256)]


class BearerAuth(Request):
    """Authorization: Bearer <token>."""

    kind: Literal["bearer"]
    token: Secret


class BasicAuth(Request):
    """HTTP basic authentication."""

    kind: Literal["basic"]
    username: Text
    password: Secret


class HeaderAuth(Request):
    """A header of its own, such as X-Api-Key."""

    kind: Literal["header"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$", examples=["X-Api-Key"])]
    value: Secret


class Quota(Request):
    """At most so many requests in any window of so many seconds."""

    requests: Annotated[int, Field(ge=1, le=1_000_000)]
    per_seconds: Annotated[int, Field(ge=1, le=86_400)]


class Breaker(Request):
    """Opens after so many failures in a row, tries again after so many seconds."""

    failures: Annotated[int, Field(ge=1, le=1_000)] = 5
    reset_seconds: Annotated[int, Field(ge=1, le=86_400)] = 30


class ConnectionRequest(Request):
    """A way out to an HTTP API."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "base_url": "https://api.example.com",
                "auth": {"kind": "bearer", "token": "secret"},
                "quota": {"requests": 100, "per_seconds": 60},
                "breaker": {"failures": 5, "reset_seconds": 30},
            }
        }
    )

    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+[^\s?#]*$", max_length=2000)]
    auth: Annotated[BearerAuth | BasicAuth | HeaderAuth, Field(discriminator="kind")] | None = None
    quota: Quota | None = None
    breaker: Breaker = Breaker()


class ConnectionAuth(Reply):
    """How requests are authenticated, without what is secret."""

    kind: Literal["bearer", "basic", "header"]
    username: str | None = None
    name: str | None = None


class Connection(Reply):
    """A connection and its state: the breaker (closed, open, half_open) and the use of the quota."""

    name: str
    base_url: str
    auth: ConnectionAuth | None
    quota: Quota | None
    breaker: Breaker
    state: dict[str, Json] | None
    created_at: Time
    updated_at: Time


class Connections(Reply):
    """All connections of the tenant."""

    items: list[Connection]
    next: None = None
