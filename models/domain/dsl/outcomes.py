"""Steps that may or may not have happened: shown in the journal, then done again, checked, decided or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.domain.dsl import nodes
from models.domain.dsl.nodes import Task, Workflow
from models.domain.dsl.problems import outcome_unknown, problem
from models.domain.dsl.protocol import OutcomeDecided, UnknownPolicy
from models.domain.dsl.requests import logical_key
from models.domain.dsl.state import Draft, Frame, Key, Todo
from models.domain.journal import Entry, EntryType

if TYPE_CHECKING:
    from models.domain.dsl.turn import Turn

VERIFY = "verify"
PERSON = "person"


def lose(turn: Turn, step: int) -> None:
    """Whether a step happened is not known: its policy says what follows."""
    key = turn.draft.steps[step]
    task = turn.workflow.tasks[key[0]]
    assert isinstance(task, nodes.Step)
    frame, policy = turn.draft.frames[key], task.on_unknown
    data: dict[str, Any] = {"step": step, "policy": policy.value, "error": outcome_unknown()}
    if policy is UnknownPolicy.VERIFY:
        if task.parts.get(VERIFY) is None:
            data["policy"] = PERSON
        else:
            data["with"] = {
                "input": frame.input, "request": frame.request, "attempt": frame.attempt,
                "idempotencyKey": logical_key(turn.draft.info.id, key),
            }  # fmt: skip
    turn.record(EntryType.TASK_OUTCOME_UNKNOWN, key, data)
    if policy is UnknownPolicy.STOP:
        turn.fault(task, key, outcome_unknown())
    elif policy is UnknownPolicy.RETRY:
        _again(turn, key, frame)


def repeat(turn: Turn, step: int) -> None:
    """A step whose result was lost begins again, once that is in the journal."""
    key = turn.draft.steps[step]
    data = {"step": step, "policy": "retry", "error": outcome_unknown(), "attempt": turn.draft.frames[key].attempt + 1}
    turn.record(EntryType.TASK_OUTCOME_UNKNOWN, key, data)
    turn.draft.started_steps[step] = None


def decide(turn: Turn, event: OutcomeDecided) -> None:
    """A person knows."""
    key = turn.draft.undecided[event.step]
    data = {"step": event.step, "happened": event.happened, "by": event.by}
    turn.record(EntryType.TASK_OUTCOME_DECIDED, key, data)
    _settle(turn, turn.workflow.tasks[key[0]], key, event.happened, event.output)


def is_verifying(task: Task, frame: Frame) -> bool:
    """Whether the tasks inside this step check if it happened."""
    return isinstance(task, nodes.Step) and frame.part == VERIFY


def verified(turn: Turn, task: Task, key: Key, frame: Frame) -> None:
    """The checking tasks have ended, with `{happened: true|false, output}` or something else; they may have failed."""
    found, error = frame.flow, frame.error
    if error is None and isinstance(found, dict) and isinstance(found.get("happened"), bool):
        return _settle(turn, task, key, found["happened"], found.get("output"))
    if error is None:
        detail = "The tasks that check whether a step happened give {happened: true or false, output}."
        error = {**problem("validation", detail), "instance": task.pointer}
    data = {"step": frame.attempt_seq, "policy": PERSON, "error": error}
    turn.record(EntryType.TASK_OUTCOME_UNKNOWN, key, data)


def _settle(turn: Turn, task: Task, key: Key, happened: bool, output: Any) -> None:
    if happened:
        turn.complete_checked(task, key, output)
    else:
        _again(turn, key, turn.draft.frames[key])


def _again(turn: Turn, key: Key, frame: Frame) -> None:
    turn.record(EntryType.TASK_RETRIED, key, {"attempt": frame.attempt + 1, "error": outcome_unknown()})


# ---------------------------------------------------------------- rules


def unknown(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of task.outcome_unknown."""
    key, data = (entry.task, entry.path), entry.data
    frame = draft.own(key)
    if "attempt" in data:
        frame.attempt = data["attempt"]
    if data["policy"] == UnknownPolicy.RETRY:
        return
    draft.finish_step(data["step"])
    frame.error = None
    if "with" in data:
        frame.part, frame.next, frame.visits, frame.then, frame.flow = VERIFY, 0, None, None, data["with"]
        draft.set_todo(key, Todo.NEXT)
    elif data["policy"] == PERSON:
        draft.undecided[data["step"]] = key
        draft.set_todo(key, Todo.NOTHING)


def decided(_: Workflow, draft: Draft, entry: Entry) -> None:
    """Rule of task.outcome_decided."""
    draft.undecided.pop(entry.data["step"], None)


def begin_again(draft: Draft, key: Key, frame: Frame) -> None:
    """The step is to be done again: nothing of the check is left."""
    frame.part, frame.error = "do", None
    draft.set_todo(key, Todo.NOTHING)
