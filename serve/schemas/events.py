"""Bodies of the event and webhook routes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from serve.schemas.common import Json, Reply, Request, Time

CLOUD_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "7f3c-1",
    "source": "/gates/b12",
    "type": "com.example.boarding.closed",
    "time": "2026-11-24T10:00:00Z",
    "data": {"flight": "UA 1545", "minutes": 4},
}


class CloudEvent(Reply):
    """A CloudEvent 1.0 in its JSON format; further attributes are allowed."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"example": CLOUD_EVENT})

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=1024)]
    source: Annotated[str, Field(min_length=1, max_length=1024)]
    type: Annotated[str, Field(min_length=1, max_length=1024)]
    subject: Annotated[str | None, Field(max_length=1024)] = None
    time: Time | None = None
    datacontenttype: str | None = None
    data: Json = None


class StoredEvent(CloudEvent):
    """An event that came in, with the time it came."""

    receivedat: Time


class EventPage(Reply):
    """A page of events, the latest first."""

    items: list[StoredEvent]
    next: str | None


class EventReceipt(Reply):
    """What was done with the events: duplicates (same source and id) were taken before and count once."""

    accepted: int
    duplicates: int


class HookSourceRequest(Request):
    """How deliveries of a source are verified."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"scheme": "github", "secret": "a long random text shared with GitHub"}}
    )

    scheme: Literal["github", "standard-webhooks"]
    secret: Annotated[str, Field(min_length=8, max_length=1024)]


class HookSource(Reply):
    """A source of webhooks; its secret is never shown."""

    source: Annotated[str, Field(examples=["github"])]
    scheme: Literal["github", "standard-webhooks"]
    path: Annotated[str, Field(description="Where the sender posts to.", examples=["/v1/hooks/harbour/github"])]
    created_at: Time


class HookSources(Reply):
    """All sources of the tenant."""

    items: list[HookSource]
    next: None = None
