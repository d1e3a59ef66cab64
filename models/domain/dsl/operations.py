"""Operating a run: suspended and resumed, and what is done before a cancelled run ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from models.domain.dsl import listening, nodes
from models.domain.dsl.nodes import ROOT, Task, Workflow
from models.domain.dsl.state import Draft, Key, Timing, Todo, timer_name
from models.domain.journal import Entry, EntryType
from models.domain.runs import RunStatus

if TYPE_CHECKING:
    from models.domain.dsl.protocol import VersionChanged
    from models.domain.dsl.turn import Turn

_ROOT_KEY: Key = (ROOT, ())
FINALLY = "finally"
SIGNALS = "dev.tidewire.signal."
"""What the types of signals begin with."""


def is_suspended(draft: Draft) -> bool:
    """Whether nothing new may begin."""
    return draft.status is RunStatus.SUSPENDED


def is_held(draft: Draft, task: Task) -> bool:
    """Whether what a child decided for this task waits until the run is resumed, because something could begin.

    A fork is decided at once: other branches in flight must not change what was decided first.
    """
    return is_suspended(draft) and isinstance(task, nodes.Try | nodes.Step | nodes.Root)


def suspend(turn: Turn, reason: str) -> None:
    """Nothing new begins from here on."""
    draft = turn.draft
    if not draft.status.is_final and not is_suspended(draft) and draft.cancelling is None:
        turn.record(EntryType.RUN_SUSPENDED, _ROOT_KEY, {"reason": reason} if reason else {})


def resume(turn: Turn) -> None:
    """What is open is told to the host again: it may have been dropped meanwhile."""
    if is_suspended(turn.draft):
        turn.record(EntryType.RUN_RESUMED)
        turn.is_resumed = True


def change_version(turn: Turn, event: VersionChanged) -> None:
    """Told in the journal; the state is the same in both versions."""
    data = {"from": event.former, "version": event.version}
    if event.refused is None:
        return turn.record(EntryType.RUN_MOVED, _ROOT_KEY, data)
    turn.record(EntryType.RUN_MOVE_REFUSED, _ROOT_KEY, {**data, "reason": event.refused})


def keep_signal(turn: Turn, envelope: Mapping[str, Any]) -> None:
    """A signal that nothing waits for yet is kept for a listen that begins later."""
    limit = turn.draft.limits.max_inbox_messages
    if not turn.entries and str(envelope["type"]).startswith(SIGNALS) and len(turn.draft.received) < limit:
        turn.record(EntryType.RUN_SIGNALLED, _ROOT_KEY, {"event": dict(envelope)})


def hear(turn: Turn) -> None:
    """What was kept is offered to a listen that has just begun."""
    for envelope in turn.draft.received:
        listening.receive(turn, envelope)


def signalled(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of run.signalled."""
    draft.received = (*draft.received, entry.data["event"])


def forget_heard(draft: Draft, entry: Entry) -> None:
    """What a listen has taken is not kept any longer."""
    if draft.received:
        taken = entry.data.get("event") or {}
        draft.received = tuple(one for one in draft.received if one["id"] != taken.get("id"))


def suspended(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of run.suspended."""
    draft.status = RunStatus.SUSPENDED


def resumed(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of run.resumed."""
    draft.status = RunStatus.RUNNING


# ---------------------------------------------------------------- cancel


def cancel(turn: Turn, reason: str) -> None:
    """Ends all that is open; then the cleanup, if the document has one, and the run."""
    draft = turn.draft
    if draft.cancelling is not None:
        return
    turn.cancel_below(_ROOT_KEY, "The run was cancelled.")
    tasks = turn.workflow.root.parts.get(FINALLY)
    if tasks is None or not tasks.tasks:
        return turn.record(EntryType.RUN_CANCELLED, _ROOT_KEY, {"reason": reason} if reason else {})
    until = turn.at + timedelta(seconds=draft.limits.max_cleanup_seconds)
    turn.record(EntryType.RUN_CANCELLING, _ROOT_KEY, {"reason": reason, "deadline": until.isoformat()})


def end_cleanup(turn: Turn, error: dict[str, Any] | None = None) -> None:
    """The cleanup is over; what went wrong in it stays visible."""
    reason = turn.draft.cancelling
    data: dict[str, Any] = {"reason": reason} if reason else {}
    if error is not None:
        turn.cancel_below(_ROOT_KEY, "The cleanup ended.")
        data["error"] = error
    turn.record(EntryType.RUN_CANCELLED, _ROOT_KEY, data)


def cancelling(workflow: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of run.cancelling: the tasks of the cleanup take the place of those of the workflow, the run's input is
    what they begin with."""
    draft.status = RunStatus.RUNNING
    draft.cancelling = entry.data["reason"]
    frame = draft.own(_ROOT_KEY)
    draft.stop_timer(timer_name(frame.seq, Timing.TIMEOUT))
    frame.part, frame.next, frame.visits, frame.then, frame.error = FINALLY, 0, None, None, None
    frame.flow = draft.input
    frame.deadline = datetime.fromisoformat(entry.data["deadline"])
    draft.start_timer(frame.seq, Timing.TIMEOUT, _ROOT_KEY, frame.deadline)
    draft.set_todo(_ROOT_KEY, Todo.NEXT)


def edited(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of run.edited: a person replaced what goes into the next task of a list."""
    draft.own((entry.task, entry.path)).flow = entry.data["input"]
