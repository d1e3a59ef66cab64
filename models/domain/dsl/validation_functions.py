"""Checks that the functions of a document come to an end: each call of one stands for a copy of its tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from models.domain.dsl.validation_shapes import Report, clip, escape

_FUNCTIONS = "/use/functions/"
_MAX_DEPTH = 20
_TOO_DEEP = f"Functions call each other at most {_MAX_DEPTH} deep."


def check_functions(report: Report) -> None:
    """Tells functions that call themselves, and calls that unfold to more tasks than a definition may have."""
    callees: dict[str, list[str]] = {}
    for pointer, name in report.calls:
        callees.setdefault(_owner(pointer), []).append(escape(name))
    own = Counter(map(_owner, report.tasks))
    totals: dict[str, tuple[int, int]] = {}
    for owner in ("", *own):
        fault = _unfold(owner, own, callees, totals, ())
        if fault:
            return report.add(f"{_FUNCTIONS}{owner}" if owner else "/do", fault)
    limit = report.limits.max_definition_nodes
    if totals[""][0] > limit:
        report.add("/do", f"With its functions this unfolds to more than {limit:,} tasks (max_definition_nodes).")


def _unfold(
    owner: str,
    own: Mapping[str, int],
    callees: Mapping[str, Sequence[str]],
    totals: dict[str, tuple[int, int]],
    above: tuple[str, ...],
) -> str | None:
    """Counts the tasks of a function with those of all it calls, and how deep that goes; or tells why it cannot."""
    if owner in above:
        return f"A function may not call itself: {' -> '.join(map(clip, (*above[above.index(owner) :], owner)))}."
    if len(above) > _MAX_DEPTH:
        return _TOO_DEEP
    if owner not in totals:
        for name in callees.get(owner, ()):
            fault = _unfold(name, own, callees, totals, (*above, owner))
            if fault:
                return fault
        inner = [totals[name] for name in callees.get(owner, ())]
        depth = 1 + max((deep for _, deep in inner), default=0)
        if depth > _MAX_DEPTH:
            return _TOO_DEEP
        totals[owner] = own.get(owner, 0) + sum(count for count, _ in inner), depth
    return None


def _owner(pointer: str) -> str:
    """The (escaped) name of the function that a task stands in; empty for the workflow itself."""
    return pointer[len(_FUNCTIONS) :].partition("/")[0] if pointer.startswith(_FUNCTIONS) else ""
