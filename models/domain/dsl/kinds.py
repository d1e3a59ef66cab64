"""What each kind of task does: before it starts (its effect goes into the entry), and when it is its turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from models.domain.dsl import approvals, listening, nodes, running, subscribing
from models.domain.dsl.catching import attempt_until
from models.domain.dsl.expressions import kind_of
from models.domain.dsl.nodes import Task
from models.domain.dsl.nodes_calls import CallOutside, Subscription
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.nodes_extension import Extended
from models.domain.dsl.nodes_run import RunForbidden, RunScript, RunWorkflow
from models.domain.dsl.problems import Problem, problem
from models.domain.dsl.requests import build_error, build_event, build_notification, build_request
from models.domain.dsl.running import count_hop
from models.domain.dsl.scope import TaskScope
from models.domain.dsl.state import Key

if TYPE_CHECKING:
    from models.domain.dsl.turn import Turn

Data = dict[str, Any]
Done = tuple[Any, str | None]

# ---------------------------------------------------------------- before the start


def _loop(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, nodes.For)
    items = task.items.evaluate(data["input"], scope)
    if not isinstance(items, list):
        raise Problem(problem("expression", f"A loop goes over a list; {task.items.text} gives {kind_of(items)}."))
    data["items"] = items


def _wait(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, nodes.Wait)
    length: timedelta = task.duration.of(data["input"], scope)
    data["until"] = (turn.at + length).isoformat()


def _request(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    data["request"] = build_request(task, data["input"], scope)


def _subscription(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    data["request"] = subscribing.with_end(build_request(task, data["input"], scope), turn.at)


def _function(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, nodes.CallFunction)
    if task.arguments is not None:
        data["with"] = task.arguments.evaluate(data["input"], scope)
    if task.source is not None:
        data["function"] = task.source


def _attempt(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, nodes.Try)
    until = attempt_until(task, data["input"], scope, turn.at)
    if until is not None:
        data["attemptUntil"] = until.isoformat()


def _listen(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, Listen)
    listening.prepare(turn, task, scope, data)


def _child(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, RunWorkflow)
    running.prepare_child(turn, task, scope, data)


def _script(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, RunScript)
    running.prepare_script(turn, task, key, scope, data)


def _refuse(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    running.refuse(task)


def _extend(turn: Turn, task: Task, key: Key, scope: TaskScope, data: Data) -> None:
    assert isinstance(task, Extended)
    if task.when is None or task.when.is_true(data["input"], scope):
        data["applies"] = True


PREPARATIONS: dict[type[Task], Callable[[Turn, Task, Key, TaskScope, Data], None]] = {
    nodes.For: _loop,
    nodes.Wait: _wait,
    nodes.CallHttp: _request,
    nodes.CallPredict: _request,
    CallOutside: _request,
    Subscription: _subscription,
    nodes.Approval: approvals.prepare,
    nodes.CallFunction: _function,
    nodes.Try: _attempt,
    Listen: _listen,
    RunWorkflow: _child,
    RunScript: _script,
    RunForbidden: _refuse,
    Extended: _extend,
}

# ---------------------------------------------------------------- its turn


def _set(turn: Turn, task: Task, key: Key, scope: TaskScope) -> Done:
    assert isinstance(task, nodes.Set)
    return task.value.evaluate(scope.input, scope), None


def _switch(turn: Turn, task: Task, key: Key, scope: TaskScope) -> Done:
    assert isinstance(task, nodes.Switch)
    default = None
    for when, then in task.cases:
        if when is None:
            default = then
        elif when.is_true(scope.input, scope):
            return scope.input, then
    return scope.input, default


def _raise(turn: Turn, task: Task, key: Key, scope: TaskScope) -> Done:
    assert isinstance(task, nodes.Raise)
    raise Problem(build_error(task.error.evaluate(scope.input, scope)))


def _emit(turn: Turn, task: Task, key: Key, scope: TaskScope) -> Done:
    assert isinstance(task, nodes.Emit)
    draft = turn.draft
    event = build_event(task.event.evaluate(scope.input, scope), draft.info.id, key, turn.at, draft.limits)
    event = count_hop(event, draft.hops, draft.limits)
    turn.events.append(event)
    return event, None


def _notify(turn: Turn, task: Task, key: Key, scope: TaskScope) -> Done:
    assert isinstance(task, nodes.Notify)
    notification = build_notification(task.arguments.evaluate(scope.input, scope), turn.draft.info.id, key)
    turn.notifications.append(notification)
    return {
        name: getattr(notification, name)
        for name in ("key", "to", "title", "body", "severity", "link")
        if getattr(notification, name) is not None
    }, None


ACTIONS: dict[type[Task], Callable[[Turn, Task, Key, TaskScope], Done]] = {
    nodes.Set: _set,
    nodes.Switch: _switch,
    nodes.Raise: _raise,
    nodes.Emit: _emit,
    nodes.Notify: _notify,
}
