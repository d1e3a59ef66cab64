"""`run`: other workflows and scripts, what they are started with and what their results mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid5

from models.domain.dsl.expressions import kind_of
from models.domain.dsl.listening import subscriptions
from models.domain.dsl.nodes import Task
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.nodes_run import RunForbidden, RunScript, RunWorkflow
from models.domain.dsl.problems import Problem, problem
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.dsl.protocol_messages import ChildEnded, StartChild, Subscribe
from models.domain.dsl.requests import logical_key
from models.domain.dsl.state import Draft, Key, RunState
from models.domain.event_hops import HOPS
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from models.domain.dsl.nodes import Workflow
    from models.domain.dsl.protocol import Command
    from models.domain.dsl.scope import TaskScope
    from models.domain.dsl.turn import Turn

_MAX_STDERR = 2_000


# ---------------------------------------------------------------- other runs


def prepare_child(turn: Turn, task: RunWorkflow, scope: TaskScope, data: dict[str, Any]) -> None:
    """The run to start."""
    draft = turn.draft
    most = draft.limits.max_run_depth
    if draft.info.depth >= most:
        detail = f"Runs start each other at most {most} deep (max_run_depth)."
        raise Problem(problem("runtime", detail))
    given = {} if task.arguments is None else task.arguments.evaluate(data["input"], scope)
    data["request"] = {
        "run": str(_child_id(draft.info.id, draft.last_seq + 1, turn.at)),
        "namespace": task.namespace,
        "name": task.workflow,
        "version": task.version,
        "input": given,
        "await": task.is_awaited,
    }


def _child_id(run: UUID, seq: int, at: datetime) -> UUID:
    """A version 7 identifier that is the same whenever the turn is taken again."""
    millis = max(0, int(at.timestamp() * 1000)) & ((1 << 48) - 1)
    rest = uuid5(NAMESPACE_OID, f"{run}/{seq}").int & ((1 << 80) - 1)
    value = (millis << 80 | rest) & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=value | 0x7 << 76 | 0x2 << 62)


def starts_run(entry: Entry) -> bool:
    """Whether this entry starts another run."""
    return entry.type is EntryType.TASK_STARTED and "run" in (entry.data.get("request") or {})


def own_child(entry: Entry, run: UUID) -> dict[str, Any]:
    """The request of an entry that was copied into a run: the other run is that run's own."""
    return {**entry.data["request"], "run": str(_child_id(run, entry.seq, entry.at))}


def reopened(workflow: Workflow, state: RunState) -> Iterator[Command]:
    """What others are told when a run begins with copied entries: what it listens to, and the runs that it awaits."""
    draft = Draft(state)
    for seq, key in state.awaits.items():
        task, frame = workflow.tasks[key[0]], state.frames[key]
        if isinstance(task, Listen) and frame.listening is not None:
            yield Subscribe(seq, subscriptions(task, frame.listening))
        elif frame.request is not None:
            yield start_child(draft, seq, key, frame.request)


def start_child(draft: Draft, seq: int, key: Key, request: dict[str, Any]) -> StartChild:
    """The command of a run that was written down."""
    cause: dict[str, Any] = {
        "kind": "run", "run": str(draft.info.id), "task": key[0], "step": seq, "depth": draft.info.depth + 1,
        "awaited": request["await"],
    }  # fmt: skip
    if draft.hops:
        cause["hops"] = draft.hops
    if draft.info.traceparent is not None:
        cause["traceparent"] = draft.info.traceparent
    return StartChild(
        seq, UUID(request["run"]), request["namespace"], request["name"], request["version"], request["input"], cause
    )


def end_child(turn: Turn, event: ChildEnded) -> None:
    """A run that is awaited has ended."""
    draft = turn.draft
    key = draft.awaits[event.step]
    task = turn.workflow.tasks[key[0]]
    assert isinstance(task, RunWorkflow)
    draft.finish_await(event.step)
    if event.status is not RunStatus.COMPLETED:
        what = f"The run of {task.namespace}/{task.workflow} was cancelled."
        error = {**problem("runtime", what), **(event.error or {}), "instance": task.reference}
        return turn.fault(task, key, error)
    shown = {"stdout": event.output, "stderr": None, "code": 0, "none": None}
    shown["all"] = {"code": 0, "stdout": event.output, "stderr": ""}
    turn.complete_checked(task, key, shown[task.returns])


def count_hop(event: dict[str, Any], hops: int, limits: Limits) -> dict[str, Any]:
    """The event with its hops, one more than those that led to this run."""
    if hops >= limits.max_event_hops:
        detail = (
            f"Events have led to runs and runs to events {hops} times in a row (max_event_hops); does this workflow's "
            "event start the workflow itself?"
        )
        raise Problem(problem("runtime", detail))
    return {**event, HOPS: hops + 1}


# ---------------------------------------------------------------- scripts


def prepare_script(turn: Turn, task: RunScript, key: Key, scope: TaskScope, data: dict[str, Any]) -> None:
    """What the script runner is asked for, see protocol.StartStep."""
    found, process = data["input"], task.process
    request: dict[str, Any] = {"language": task.language}
    if task.code is not None:
        request["code"] = _text(task.code.evaluate(found, scope), "code")
    if task.source is not None:
        request["source"] = task.source.evaluate(found, scope)
    if process.stdin is not None:
        request["stdin"] = _text(process.stdin.evaluate(found, scope), "stdin")
    arguments = process.arguments.evaluate(found, scope) if process.arguments is not None else []
    environment = process.environment.evaluate(found, scope) if process.environment is not None else {}
    request["arguments"] = [_text(one, "an argument") for one in arguments]
    request["environment"] = {name: _text(one, name) for name, one in environment.items()}
    data["request"] = request
    if not task.is_awaited:
        turn.detached.append(
            StartStep(
                turn.draft.last_seq + 1, key[0], key[1], 1, StepKind.SCRIPT, logical_key(turn.draft.info.id, key),
                request, is_detached=True,
            )
        )  # fmt: skip


def script_output(task: Task, output: Any) -> Any:
    """What a script's {code, stdout, stderr} means by its `return`; Problem when it failed and nobody looks."""
    if not isinstance(task, RunScript):
        return output
    if task.returns in ("stdout", "none") and output["code"]:
        detail = f"The script ended with code {output['code']}. {output['stderr'][:_MAX_STDERR]}".strip()
        raise Problem(problem("runtime", detail))
    return output if task.returns == "all" else output.get(task.returns)


def refuse(task: Task) -> None:
    """Containers and shells."""
    assert isinstance(task, RunForbidden)
    what = {"container": "containers", "shell": "shell commands"}[task.runner]
    detail = (
        f"This installation runs no {what}; use a script in JavaScript or call a service, or ask its operator for a "
        f"runner of the kind {task.runner}."
    )
    raise Problem(problem("configuration", detail))


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        raise Problem(problem("expression", f"A script needs {name} as text, not as {kind_of(value)}."))
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
