"""What calls, events, notifications and errors are made of, out of evaluated definitions."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from models.domain.dsl import nodes
from models.domain.dsl.expressions import Scope, kind_of
from models.domain.dsl.nodes import Task
from models.domain.dsl.nodes_calls import CallOutside
from models.domain.dsl.problems import Problem, problem
from models.domain.dsl.protocol import Notification, StartStep, StepKind
from models.domain.dsl.state import Key
from models.domain.errors import InvalidInput
from models.domain.events import format_time, parse_event
from models.domain.limits import Limits
from models.domain.notifications import parse_notification

# Methods of MCP and A2A that change nothing.
_ONLY_READS = frozenset({
    "tools/list", "prompts/list", "prompts/get", "resources/list", "resources/read", "resources/templates/list",
    "tasks/get", "tasks/list", "agent/getAuthenticatedExtendedCard",
})  # fmt: skip
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def logical_key(run_id: UUID, key: Key) -> str:
    """The same for every attempt of the same logical execution of a task, different for all others."""
    return str(uuid5(run_id, f"{key[0]}#{'.'.join(map(str, key[1]))}"))


def is_safe(step: StartStep) -> bool:
    """Whether performing the step twice is the same as performing it once, whatever the target does."""
    if step.kind is StepKind.HTTP:
        return str(step.request.get("method", "")).upper() in ("GET", "HEAD", "OPTIONS", "TRACE")
    if step.kind in (StepKind.MCP, StepKind.A2A):
        return step.request.get("method") in _ONLY_READS
    return step.kind in (StepKind.PREDICT, StepKind.SCRIPT) or "subscription" in step.request


# ---------------------------------------------------------------- calls


def build_request(task: Task, found: Any, scope: Scope) -> dict[str, Any]:
    """The request of a step, see protocol.StartStep."""
    if isinstance(task, nodes.CallHttp):
        return _http(task, found, scope)
    if isinstance(task, CallOutside):
        return _outside(task, found, scope)
    assert isinstance(task, nodes.CallPredict)
    arguments = task.arguments.evaluate(found, scope)
    model = _text(arguments.get("model"), "model")
    version = arguments.get("version")
    return {
        "model": model,
        "version": None if version is None else _text(version, "version"),
        "inputs": arguments.get("inputs"),
    }


def _outside(task: CallOutside, found: Any, scope: Scope) -> dict[str, Any]:
    request: dict[str, Any] = dict(task.request.evaluate(found, scope))
    for name in ("document", "proto", "agentCard"):
        if name in request:
            uri = _text(request[name]["uri"], f"{name}.endpoint")
            request[name] = {**request[name], "uri": expand(uri, found)}
    if "subscription" in request:
        variables = {name: scope.get(name) for name in task.seen}
        request["subscription"] = {**request["subscription"], **task.fixed, "variables": variables}
    return request


def _http(task: nodes.CallHttp, found: Any, scope: Scope) -> dict[str, Any]:
    uri = _text(task.uri.evaluate(found, scope), "endpoint")
    request: dict[str, Any] = {
        "method": task.method,
        "uri": expand(uri, found) if task.uri.is_static else uri,
        "headers": _headers(task.headers.evaluate(found, scope)) if task.headers else {},
        "query": _query(task.query.evaluate(found, scope)) if task.query else {},
        "output": task.output_as,
        "redirect": task.redirect,
    }
    if task.body is not None:
        request["body"] = task.body.evaluate(found, scope)
    if task.connection is not None:
        request["connection"] = task.connection
    elif task.authentication is not None:
        request["authentication"] = task.authentication.evaluate(found, scope)
    return request


def expand(template: str, data: Any) -> str:
    """Replaces `{name}` by the top-level property of that name, as RFC 6570 does with simple strings."""
    values = data if isinstance(data, dict) else {}

    def value_of(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if isinstance(value, dict | list):
            raise _wrong(f"The address needs {match[1]} as text or a number, not as {kind_of(value)}.")
        return quote(_scalar(value), safe="")

    return _VARIABLE.sub(value_of, template)


def _headers(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise _wrong(f"Headers are an object, not {kind_of(found)}.")
    return {name: _one(value, name) for name, value in found.items() if value is not None}


def _query(found: Any) -> dict[str, str | list[str]]:
    if not isinstance(found, dict):
        raise _wrong(f"Query parameters are an object, not {kind_of(found)}.")
    return {
        name: [_one(item, name) for item in value if item is not None] if isinstance(value, list) else _one(value, name)
        for name, value in found.items()
        if value is not None
    }


def _one(value: Any, name: str) -> str:
    if isinstance(value, dict | list):
        raise _wrong(f"{name} needs text or a number, not {kind_of(value)}.")
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e17:
        return str(int(value))
    return str(value)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(f"{name} must be text, not {kind_of(value)}.")
    return value


def _wrong(detail: str) -> Problem:
    return Problem(problem("expression", detail))


# ---------------------------------------------------------------- events, notifications, errors


def build_event(found: Any, run_id: UUID, key: Key, at: datetime, limits: Limits) -> dict[str, Any]:
    """A CloudEvent in the JSON format, with what the author left out; Problem when it is none."""
    event = {
        "specversion": "1.0",
        "id": logical_key(run_id, key),
        "time": format_time(at),
        **{name: value for name, value in found.items() if value is not None or name == "data"},
    }
    if "data" in event:
        event.setdefault("datacontenttype", "application/json")
    try:
        return parse_event(event, at, limits=limits).envelope
    except InvalidInput as error:
        raise Problem(problem("validation", _told("The event is not valid.", error))) from None


def build_notification(found: Any, run_id: UUID, key: Key) -> Notification:
    """A notification; Problem when the arguments are not valid."""
    try:
        new = parse_notification({name: value for name, value in found.items() if value is not None})
    except InvalidInput as error:
        raise Problem(problem("validation", _told("The notification is not valid.", error))) from None
    return Notification(logical_key(run_id, key), key[0], new.to, new.title, new.body, new.severity, new.link)


def _told(what: str, error: InvalidInput) -> str:
    return f"{what} {'; '.join(f'{fault.pointer}: {fault.detail}' for fault in error.faults[:10])}"


def build_error(found: Any) -> dict[str, Any]:
    """The error object that `raise` raises; Problem when an expression made something else of it."""
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        return problem("configuration", "The error to raise has no type.")
    status = found.get("status")
    if isinstance(status, bool) or not isinstance(status, int):
        return problem("configuration", "The error to raise has no status.")
    return {name: value for name, value in found.items() if value is not None}
