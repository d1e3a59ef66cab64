"""Messages to runs: rows of the inbox become events of the engine, each once in the memory of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actors.ports import InboxMessage
from models.domain.dsl.protocol import Event, OutcomeDecided, ResumeRequested, SuspendRequested
from models.domain.dsl.protocol_messages import ChildEnded, EventReceived
from models.domain.runs import RunStatus

_MOST_SEEN = 5_000


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event that came as a message: the message goes in the transaction that stores what followed."""

    message: int
    event: Event


@dataclass(slots=True)
class Seen:
    """The messages that a run in memory has been given. A row may be read again until its transaction is known."""

    ids: dict[int, None] = field(default_factory=dict)

    def take(self, messages: Iterable[InboxMessage], now: datetime) -> list[Delivered]:
        """Those that are new here, as events. What this version does not know is left for one that does."""
        found = []
        for one in messages:
            read = _KINDS.get(one.kind)
            if one.id in self.ids or read is None:
                continue
            self.ids[one.id] = None
            found.append(Delivered(one.id, read(one, now)))
        while len(self.ids) > _MOST_SEEN:
            del self.ids[next(iter(self.ids))]
        return found


def _event(one: InboxMessage, now: datetime) -> Event:
    return EventReceived(one.id, one.data, now)


def _ended(one: InboxMessage, now: datetime) -> Event:
    data = one.data
    return ChildEnded(one.id, data["step"], RunStatus(data["status"]), data["output"], data["error"], now)


def _pause(one: InboxMessage, now: datetime) -> Event:
    return SuspendRequested(now, one.data.get("reason", ""))


def _resume(one: InboxMessage, now: datetime) -> Event:
    return ResumeRequested(now)


def _outcome(one: InboxMessage, now: datetime) -> Event:
    data = one.data
    return OutcomeDecided(data["step"], data["happened"], data.get("output"), now, data.get("by", ""))


# A wish to move is no event: see actors/run_operations.py.
_KINDS: Mapping[str, Callable[[InboxMessage, datetime], Any]] = {
    "event": _event, "ended": _ended, "pause": _pause, "resume": _resume, "outcome": _outcome,
}  # fmt: skip
