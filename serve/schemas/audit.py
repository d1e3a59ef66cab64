"""Bodies of the audit routes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from serve.schemas.common import Reply, Request, Time

Outcome = Literal["done", "refused", "failed"]


class Actor(Reply):
    """Who did it; the name as it was then."""

    kind: str
    id: str | None
    name: str


class Resource(Reply):
    """What it was done to."""

    type: str
    id: str | None


class Origin(Reply):
    """From where; `session` is the session, or the API key."""

    address: str
    user_agent: str
    request_id: str
    session: str | None


class AuditEntry(Reply):
    """One entry. `before` and `after`: rows by table, without secrets; long values as their digest."""

    version: int
    tenant: str
    seq: int
    previous: str
    at: Time
    actor: Actor
    action: str
    permission: str | None
    outcome: Outcome
    resource: Resource
    from_: Origin = Field(alias="from")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class AuditPage(Reply):
    """Newest first."""

    items: list[AuditEntry]
    next: str | None


class AuditHead(Reply):
    """The end of the chain. Kept elsewhere, it proves later that nothing before it was changed."""

    tenant: str
    seq: int
    hash: str


class AuditStreamRequest(Request):
    """`secret` may be left out to keep the one that is there; it is never shown."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "url": "https://siem.example.com/tidewire", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "enabled": True,
            }
        }
    )  # fmt: skip

    url: Annotated[str, Field(min_length=8, max_length=2000)]
    secret: Annotated[str | None, Field(max_length=512)] = None
    enabled: bool = True


class AuditStream(Reply):
    """Where entries are sent. `sent_seq`: the receiver has all up to this one."""

    url: str
    enabled: bool
    sent_seq: int
    failures: int
    last_error: str
    next_at: Time
    updated_at: Time
