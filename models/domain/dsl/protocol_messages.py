"""What a run exchanges with others: events it listens to, and runs that it starts.

The commands are written in the very transaction that appends the entries, as `EmitEvents` is. The events come from the
inbox of the run; `message` is their place in it, and whoever stores the entries that follow forgets the message with
them, so that each message counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.runs import RunStatus


@dataclass(frozen=True, slots=True)
class Subscribe:
    """From now on, events that one of `filters` may match come to the run's inbox.

    Each filter is JSON: {type: text or null for any, with: attributes as in models/domain/event_filters.py, keys:
    [{from: expression, is: value}]}. It tells no more than that an event may be wanted: the engine decides.
    """

    listen: int
    filters: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Events for this listen are not wanted any more."""

    listen: int


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start another run of the same tenant. When it is awaited, its end comes back as `ChildEnded` with the same
    `step`; where there is no such workflow, that comes at once.

    `cause` is JSON: what the run is told to be caused by.
    """

    step: int
    run_id: UUID
    namespace: str
    name: str
    version: str | None
    input: Any
    cause: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CancelChild:
    """The result of this run is not wanted any more."""

    run_id: UUID


@dataclass(frozen=True, slots=True)
class EventReceived:
    """A CloudEvent (JSON format) that one of the run's subscriptions matched."""

    message: int
    envelope: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """A run that this one awaits has ended, or could not be started (`error` says why)."""

    message: int
    step: int
    status: RunStatus
    output: Any
    error: dict[str, Any] | None
    at: datetime


Message = EventReceived | ChildEnded
