"""The journal: what happened in a run, gapless by `seq` (from 1), append-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EntryType(StrEnum):
    """What an entry says happened."""

    RUN_STARTED = "run.started"
    RUN_COMPLETED = "run.completed"
    RUN_FAULTED = "run.faulted"
    RUN_CANCELLED = "run.cancelled"
    RUN_SUSPENDED = "run.suspended"
    RUN_RESUMED = "run.resumed"
    RUN_SIGNALLED = "run.signalled"
    RUN_CANCELLING = "run.cancelling"
    RUN_MOVED = "run.moved"
    RUN_MOVE_REFUSED = "run.move_refused"
    RUN_EDITED = "run.edited"
    TASK_STARTED = "task.started"
    TASK_COMPLETED = "task.completed"
    TASK_FAULTED = "task.faulted"
    TASK_RETRIED = "task.retried"
    TASK_CANCELLED = "task.cancelled"
    TASK_SKIPPED = "task.skipped"
    TASK_OUTCOME_UNKNOWN = "task.outcome_unknown"
    TASK_OUTCOME_DECIDED = "task.outcome_decided"
    TASK_ESCALATED = "task.escalated"
    TASK_RECEIVED = "task.received"
    TASK_ITERATED = "task.iterated"


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal row.

    `task` is the RFC 6901 pointer of the task in the definition (`/do/0/setRed`), empty for run entries.
    `path` tells apart several executions of the same task: loop indices and visits, outermost first.
    `data` holds input, output, error and the effect on the flow, so that a replay evaluates nothing.
    """

    seq: int
    type: EntryType
    at: datetime
    task: str = ""
    path: tuple[int, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
