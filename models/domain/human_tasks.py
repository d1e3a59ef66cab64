"""Human tasks: what a run asks of people, who may answer, what an answer looks like. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.domain.dsl.durations import parse_duration
from models.domain.dsl.problems import Problem
from models.domain.dsl.schemas import Schema
from models.domain.dsl.templates import check_size
from models.domain.errors import Fault, InvalidDefinition, InvalidInput, LimitExceeded
from models.domain.identity import ROLES, Principal
from models.domain.limits import Limits

FAULT = "fault"
"""`onTimeout`: the task ends with the DSL's timeout error. Any other value is the decision that is then taken."""
DECISIONS = ("approve", "reject")
_NAMES = ("title", "body", "assignee", "decisions", "form", "due", "escalation", "onTimeout")
_MAX_TITLE, _MAX_BODY, _MAX_NAME = 200, 10_000, 60


class TaskStatus(StrEnum):
    """`answered`: by a person; `expired`: nobody did in time; `cancelled`: the run does not want to know any more."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Assignee:
    """Whom a task is with: `kind` is user (then `name` is an email address) or role."""

    kind: str
    name: str

    @property
    def audience(self) -> str:
        """As notifications name their receivers."""
        return f"{self.kind}:{self.name}"

    @property
    def json(self) -> dict[str, str]:
        return {self.kind: self.name}


def parse_assignee(raw: Any, pointer: str = "/assignee") -> Assignee:
    """{"user": email} or {"role": role}; InvalidInput otherwise."""
    if isinstance(raw, Mapping) and len(raw) == 1:
        ((kind, name),) = raw.items()
        if kind == "role" and name in ROLES:
            return Assignee("role", name)
        if kind == "user" and isinstance(name, str) and "@" in name and 3 <= len(name) <= 254:
            return Assignee("user", name)
    raise InvalidInput(
        "Nobody to ask.",
        [Fault(pointer, f"expected {{user: <email address>}} or {{role: <role>}} with a role of {', '.join(ROLES)}")],
    )


def parse_ask(raw: Any, at: datetime, limits: Limits) -> dict[str, Any]:
    """The arguments of `call: approval`, evaluated, as the journal keeps them: {title, body, assignee, decisions, form,
    due, escalations: [{at, to}], onTimeout}, with times in place of durations. InvalidInput lists every fault."""
    if not isinstance(raw, Mapping):
        raise InvalidInput("The task is not valid.", [Fault("", "expected an object")])
    faults = [Fault(f"/{key}", "unknown property") for key in raw if key not in _NAMES]
    found: dict[str, Any] = {}
    for name, read in _READERS.items():
        try:
            found[name] = read(raw, at, limits, found)
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput("The task is not valid.", faults)
    return found


def _text(name: str, longest: int, least: int) -> Any:
    def read(raw: Mapping[str, Any], at: datetime, limits: Limits, found: Mapping[str, Any]) -> str:
        value = raw.get(name, "" if not least else None)
        if not isinstance(value, str) or not least <= len(value) <= longest:
            raise _wrong(f"/{name}", f"expected a text of {least} to {longest:,} characters")
        return value

    return read


def _assignee(raw: Mapping[str, Any], at: datetime, limits: Limits, found: Mapping[str, Any]) -> dict[str, str]:
    return parse_assignee(raw.get("assignee")).json


def _decisions(raw: Mapping[str, Any], at: datetime, limits: Limits, found: Mapping[str, Any]) -> list[str]:
    value = raw.get("decisions", list(DECISIONS))
    if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
        raise _wrong("/decisions", "expected a list of different names, such as [approve, reject]")
    if len(value) > limits.max_task_decisions:
        raise LimitExceeded("max_task_decisions", limits.max_task_decisions, pointer="/decisions")
    for index, name in enumerate(value):
        if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME or name == FAULT:
            raise _wrong(f"/decisions/{index}", f'expected a name of 1 to {_MAX_NAME} characters that is not "{FAULT}"')
    return value


def _form(raw: Mapping[str, Any], at: datetime, limits: Limits, found: Mapping[str, Any]) -> Any:
    form = raw.get("form")
    if form is not None:
        check_form(form, limits)
    return form


def _due(raw: Mapping[str, Any], at: datetime, limits: Limits, found: Mapping[str, Any]) -> str:
    if raw.get("due") is None:
        return (at + timedelta(seconds=limits.default_task_seconds)).isoformat()
    return (at + _length(raw["due"], "/due")).isoformat()


def _escalations(raw: Mapping[str, Any], at: datetime, limits: Limits, found: Mapping[str, Any]) -> list[Any]:
    given = raw.get("escalation")
    steps = given if isinstance(given, list) else [] if given is None else [given]
    if len(steps) > limits.max_task_escalations:
        raise LimitExceeded("max_task_escalations", limits.max_task_escalations, pointer="/escalation")
    planned = []
    for index, step in enumerate(steps):
        pointer = f"/escalation/{index}" if isinstance(given, list) else "/escalation"
        if not isinstance(step, Mapping) or step.keys() != {"after", "to"}:
            raise _wrong(pointer, "expected {after: <duration>, to: {user: ...} or {role: ...}}")
        to = parse_assignee(step["to"], f"{pointer}/to").json
        planned.append((at + _length(step["after"], f"{pointer}/after"), to))
    planned.sort(key=lambda one: one[0])
    return [{"at": when.isoformat(), "to": to} for when, to in planned]


def _on_timeout(raw: Mapping[str, Any], at: datetime, limits: Limits, found: Mapping[str, Any]) -> str:
    value = raw.get("onTimeout", FAULT)
    allowed = [FAULT, *found.get("decisions", ())]
    if value not in allowed:
        raise _wrong("/onTimeout", f"expected one of {', '.join(map(str, allowed))}")
    return str(value)


_READERS: dict[str, Any] = {
    "title": _text("title", _MAX_TITLE, 1),
    "body": _text("body", _MAX_BODY, 0),
    "assignee": _assignee,
    "decisions": _decisions,
    "form": _form,
    "due": _due,
    "escalations": _escalations,
    "onTimeout": _on_timeout,
}


def _length(value: Any, pointer: str) -> timedelta:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise _wrong(pointer, str(error)) from None


def _wrong(pointer: str, detail: str) -> InvalidInput:
    return InvalidInput("The task is not valid.", [Fault(pointer, detail)])


def check_form(form: Any, limits: Limits) -> None:
    """InvalidInput when this is no JSON Schema that an answer can be held against."""
    if not isinstance(form, Mapping):
        raise _wrong("/form", "expected a JSON Schema (an object)")
    if len(repr(form)) > limits.max_task_form_bytes:
        raise LimitExceeded("max_task_form_bytes", limits.max_task_form_bytes, pointer="/form")
    try:
        Schema(form)
    except InvalidDefinition as error:
        raise _wrong("/form", error.detail) from None


# ---------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody decided. `by` is {"user": email} or {"link": name}."""

    decision: str
    data: Any
    comment: str
    by: Mapping[str, str] | None
    at: str

    @property
    def json(self) -> dict[str, Any]:
        """As it is stored, and as the step gives it out."""
        by = None if self.by is None else dict(self.by)
        return {"decision": self.decision, "data": self.data, "comment": self.comment, "by": by, "at": self.at}


def check_answer(decision: str, data: Any, decisions: Sequence[str], form: Any, limits: Limits) -> None:
    """InvalidInput when the decision is not among those asked for, or the data does not fit the form or the limits."""
    if decision not in decisions:
        raise InvalidInput(
            "This decision was not asked for.", [Fault("/decision", f"expected one of {', '.join(decisions)}")]
        )
    try:
        check_size(data, limits)
        faults = [] if form is None else Schema(form).faults(data)
    except Problem as error:
        raise InvalidInput("The data cannot be taken.", [Fault("/data", str(error))]) from None
    if faults:
        raise InvalidInput(
            "The data does not fit the form.", [Fault(f"/data{pointer}", detail) for pointer, detail in faults]
        )


def may_answer(principal: Principal, email: str, assignee: Assignee) -> bool:
    """Only the person it is with, or those who have the role it is with: no other role stands in for it."""
    if assignee.kind == "role":
        return principal.role == assignee.name
    return email.lower() == assignee.name.lower()


# ---------------------------------------------------------------- what a turn of the engine does to tasks


def task_id(run_id: UUID, seq: int, at: datetime) -> UUID:
    """The id of the task that entry `seq` opened: version 7, in the order of time, the same in every replay."""
    digest = hashlib.blake2b(f"{run_id}#{seq}".encode(), digest_size=16).digest()
    value = (int(at.timestamp() * 1000) & ((1 << 48) - 1)) << 80 | int.from_bytes(digest) & ((1 << 80) - 1)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """Entry `seq` asks; `ask` is as parse_ask made it."""

    id: UUID
    seq: int
    task: str
    path: tuple[int, ...]
    ask: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """The open task of this execution is with somebody else now. `number` counts its escalations from 1."""

    seq: int
    task: str
    path: tuple[int, ...]
    to: Mapping[str, str]
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskClosed:
    """The task that was open before entry `seq` is not any more; `answered` says that its answer was taken."""

    seq: int
    task: str
    path: tuple[int, ...]
    status: TaskStatus
    at: datetime


TaskChange = TaskOpened | TaskMoved | TaskClosed
