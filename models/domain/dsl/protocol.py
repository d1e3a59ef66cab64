"""What goes into the workflow engine and what comes out: frozen values, no behaviour.

The host (a shard, a test, a simulator) owns the clock, the journal and the outside world. It calls `start` once,
then `advance` for each event, and performs the commands in order:

- The one `AppendJournal` of a batch comes first. It must be durable before any other command of the batch is
  performed; `EmitEvents`, `Notify` and those of protocol_messages.py are written in the very transaction that appends
  the entries.
- `StartStep`, `StartTimer`, `CancelStep`, `CancelTimer` may be performed in any order after that.
- `Continue` means: there is more pure work; call `advance(workflow, state, Continued(at))` when it is this run's turn.
- An empty batch means that the event changed nothing (a duplicate, too late, or unknown).

A step or timer is named by the `seq` of the journal entry that started it, so names never repeat within a run.
Results for a step that is no longer open are ignored, so performing a command twice is always safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.domain.dsl.protocol_messages import (
    CancelChild,
    ChildEnded,
    EventReceived,
    StartChild,
    Subscribe,
    Unsubscribe,
)
from models.domain.human_tasks import TaskChange
from models.domain.journal import Entry
from models.domain.runs import WorkflowRef


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Facts of a run that never change.

    `secrets` maps the names of `use.secrets` to what `$secrets` shows. Hand in references that the step runner
    resolves, not plain text: whatever an expression returns ends up in the journal. They are never serialized.
    `hops` counts the events that led to this run, `depth` the runs that started it; `traceparent` is what it is traced
    by, if anything.
    """

    id: UUID
    workflow: WorkflowRef
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    hops: int = 0
    depth: int = 0
    traceparent: str | None = None


class StepKind(StrEnum):
    """What performs a step."""

    HTTP = "http"
    PREDICT = "predict"
    OPENAPI = "openapi"
    GRPC = "grpc"
    ASYNCAPI = "asyncapi"
    MCP = "mcp"
    A2A = "a2a"
    SCRIPT = "script"


class UnknownPolicy(StrEnum):
    """What happens to a step that was started and whose result was lost (task metadata `unknownOutcome`)."""

    RETRY = "retry"
    VERIFY = "verify"
    STOP = "stop"


# ---------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class AppendJournal:
    """Append these entries, gapless after the last one. At most one in a batch, and first."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class StartStep:
    """Do something outside and report `StepSucceeded` or `StepFailed` with the same `step`.

    `request` is JSON. For `http`: {method, uri, headers: {str: str}, query: {str: str | [str]}, body?, output: raw |
    content | response, redirect: bool, connection: name | authentication: policy, both optional}; the output is shaped
    as `output` says (raw: base64 text, content: decoded, response: {request, statusCode, headers, content}).
    For `predict`: {model, version, inputs}; the output is what the model answered.
    `idempotency_key` is the same for every attempt of the same logical call; `attempt` counts from 1 and grows with
    each retry of a `try` around it and each time its result was lost.
    `deadline` is when the task times out: the engine's own timer ends it, the runner may give up then.
    `is_detached`: the task has ended already, and nobody waits for a result.
    """

    step: int
    task: str
    path: tuple[int, ...]
    attempt: int
    kind: StepKind
    idempotency_key: str
    request: dict[str, Any]
    deadline: datetime | None = None
    is_detached: bool = False


@dataclass(frozen=True, slots=True)
class AskOutcome:
    """From `replay` and when a run is resumed: this step started, its result is unknown, and it must not simply be
    done again.

    Nothing to do when it is still under way. Else perform it again where that is the same as performing it once
    (requests.is_safe), or answer with `StepUnknown`.
    """

    step: StartStep


@dataclass(frozen=True, slots=True)
class CancelStep:
    """The result is not wanted any more; stop it if that is possible."""

    step: int


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Report `TimerFired(timer)` at `at` or later."""

    timer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget the timer; firing it nevertheless does no harm."""

    timer: str


@dataclass(frozen=True, slots=True)
class EmitEvents:
    """Publish these CloudEvents (JSON format objects, each with id, source, type, specversion, time)."""

    events: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Notification:
    """One `call: notify`. `key` is unique per logical call, so that a retried block notifies once.

    `to` is `all`, `role:<role>` or `user:<email>`; severity is info, success, warning or critical.
    """

    key: str
    task: str
    to: str
    title: str
    body: str
    severity: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    """Write these notifications to the inboxes of their recipients."""

    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True)
class ChangeTasks:
    """Write these changes to the tasks of people, in the transaction that appends the entries.

    One that is to be closed and was answered meanwhile makes the whole append fail: the answer comes first.
    """

    changes: tuple[TaskChange, ...]


@dataclass(frozen=True, slots=True)
class Continue:
    """More pure work is left: the limit of entries per advance was met."""


Command = (
    AppendJournal
    | StartStep
    | AskOutcome
    | CancelStep
    | StartTimer
    | CancelTimer
    | EmitEvents
    | Notify
    | ChangeTasks
    | Continue
    | Subscribe
    | Unsubscribe
    | StartChild
    | CancelChild
)


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class StepSucceeded:
    """The step has this output (JSON)."""

    step: int
    output: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The step failed with this error object (see problems.problem); the engine sets `instance`."""

    step: int
    error: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class StepUnknown:
    """Whether the step happened is not known: its policy says what follows (retry, verify, stop)."""

    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class StepRepeated:
    """A step whose result was lost is to be performed again (its policy is `retry`): its command comes with the entry
    that says so."""

    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class OutcomeDecided:
    """A person tells whether a step happened whose outcome is unknown; `output` counts when it did."""

    step: int
    happened: bool
    output: Any
    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The timer's time has come. Fired too early, it is asked for again."""

    timer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskAnswered:
    """Somebody answered what entry `task` asked; `answer` is {decision, data, comment, by, at}."""

    task: int
    answer: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody wants the run to stop."""

    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SuspendRequested:
    """Start no new step until the run is resumed; steps in flight may end."""

    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Go on; timers whose time came meanwhile fire now."""

    at: datetime


@dataclass(frozen=True, slots=True)
class VersionChanged:
    """The host goes on with another version (reruns.check_move), or tells with `refused` why not."""

    former: str
    version: str
    at: datetime
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Continued:
    """It is the run's turn again."""

    at: datetime


Event = (
    StepSucceeded
    | StepFailed
    | StepUnknown
    | StepRepeated
    | OutcomeDecided
    | TimerFired
    | CancelRequested
    | SuspendRequested
    | ResumeRequested
    | VersionChanged
    | Continued
    | EventReceived
    | ChildEnded
    | TaskAnswered
)
