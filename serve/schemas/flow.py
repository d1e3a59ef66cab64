"""Bodies of the routes about waiting."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from serve.schemas.common import Reply, Time


class FlowLimit(Reply):
    """What a waiting run waits for; `period` in seconds."""

    model_config = ConfigDict(json_schema_extra={"example": {"kind": "concurrency", "limit": 5}})

    kind: Literal["concurrency", "throttle", "debounce", "singleton"]
    limit: int | None = None
    period: float | None = None


class WaitingFor(Reply):
    """Why a run has not started: its place among those of its key, from 1; when it may at the earliest, if known."""

    key: str
    position: int
    limit: FlowLimit
    since: Time
    not_before: Time | None


class FlowKey(Reply):
    """What goes on for one key; `due_at` is when the next that waits may start, where a time decides."""

    key: str
    running: int
    waiting: int
    refused: int
    last_refused_at: Time | None
    due_at: Time | None


class Flow(Reply):
    """A workflow's flow control, as its newest version declares it, and its keys in their order."""

    control: dict[str, Any] | None
    items: list[FlowKey]
    next: str | None


class QueueUsage(Reply):
    """What the tenant has waiting and running, and its share."""

    waiting: Annotated[int, Field(description="Accepted, not started; counted up to 100,000.")]
    held: Annotated[int, Field(description="How many of these wait for flow control.")]
    running: Annotated[int, Field(description="Started and not ended.")]
    oldest_at: Time | None
    oldest_age: Annotated[float | None, Field(description="Seconds since the oldest that waits was accepted.")]
    tenants_waiting: Annotated[int, Field(description="Tenants of the same shard with runs waiting, this one too.")]
    share: Annotated[float, Field(ge=0, le=1, description="The part of the shard's next starts that is this tenant's.")]
