"""Checks of `call: approval`: as parse_ask reads the arguments when the task starts, with stand-ins for what
expressions will give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from models.domain.dsl.validation_shapes import EXPRESSION, Place, kind_of, value
from models.domain.errors import InvalidInput
from models.domain.human_tasks import DECISIONS, FAULT, parse_ask

_WHEN = datetime(2000, 1, 1, tzinfo=UTC)
_STAND_INS: dict[str, Any] = {
    "title": "-", "body": "-", "assignee": {"role": "owner"}, "decisions": list(DECISIONS), "form": {}, "due": "PT1S",
    "escalation": [], "onTimeout": FAULT, "user": "somebody@example.com", "role": "owner", "after": "PT1S",
    "to": {"role": "owner"},
}  # fmt: skip


def approval(place: Place, node: Any) -> None:
    """The arguments of `call: approval`."""
    if not isinstance(node, dict):
        return place.fault(f"Write an object with title and assignee here, not {kind_of(node)}.")
    # The form is a schema, not data: nothing in it is computed.
    value(place, {name: child for name, child in node.items() if name != "form"})
    literal = {name: child if name == "form" else _literal(place, name, child) for name, child in node.items()}
    if _is_open(place, node.get("decisions")):
        literal.pop("onTimeout", None)
    try:
        parse_ask(literal, _WHEN, place.report.limits)
    except InvalidInput as error:
        for fault in error.faults:
            place.report.add(place.pointer + fault.pointer, f"Nobody can be asked like this: {fault.detail}.")


def _literal(place: Place, name: str, node: Any) -> Any:
    """The node with stand-ins for what is not known yet; `name` is that of the nearest member around it."""
    if isinstance(node, str):
        return _STAND_INS.get(name, node) if _is_open(place, node) else node
    if isinstance(node, dict):
        return {key: _literal(place, key, child) for key, child in node.items()}
    if isinstance(node, list):
        # Items of a list are told apart by their place, so that two expressions do not look like the same name twice.
        return [
            f"{name} {index}" if name == "decisions" and _is_open(place, child) else _literal(place, name, child)
            for index, child in enumerate(node)
        ]
    return node


def _is_open(place: Place, node: Any) -> bool:
    """Whether an expression gives it."""
    if isinstance(node, list):
        return any(_is_open(place, child) for child in node)
    return isinstance(node, str) and (place.report.is_loose or EXPRESSION.fullmatch(node) is not None)
