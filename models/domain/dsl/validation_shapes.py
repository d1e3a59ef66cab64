"""The words that the checks of the DSL are written in: a place in the document, and checks made from checks.

A check takes a place and the node found there and tells faults; it never raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from models.domain.errors import Fault
from models.domain.limits import Limits

EXPRESSION = re.compile(r"\s*\$\{(.+)\}\s*", re.DOTALL)
_SHOWN = 60
_COMPARED = 500


@dataclass(frozen=True, slots=True)
class Expression:
    """A jq program of the document, without its `${ }`, and the variables it may use.

    `is_filter`: it runs while an event is accepted, so it must be simple.
    """

    pointer: str
    text: str
    variables: frozenset[str]
    is_filter: bool = False


@dataclass(slots=True)
class Report:
    """What is found while a document is walked. `names` has what `use` declares, by kind."""

    limits: Limits
    not_yet: Collection[str]
    names: Mapping[str, Collection[str]]
    is_loose: bool = False
    faults: list[Fault] = field(default_factory=list)
    expressions: list[Expression] = field(default_factory=list)
    # Text that is an expression in the loose mode if jq can read it, and itself if not.
    perhaps: list[Expression] = field(default_factory=list)
    # Tasks and calls of use.functions, by their pointers.
    tasks: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.faults) >= self.limits.max_definition_faults

    def add(self, pointer: str, detail: str) -> None:
        if not self.is_full:
            self.faults.append(Fault(pointer, detail))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is, which variables its expressions see, and which tasks it may jump to."""

    report: Report
    pointer: str = ""
    variables: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()

    def at(self, *keys: str | int) -> Place:
        """The place of a member."""
        return replace(self, pointer=self.pointer + "".join(f"/{escape(str(key))}" for key in keys))

    def seeing(self, *variables: str) -> Place:
        """The same place with more variables."""
        return replace(self, variables=self.variables | {*variables})

    def fault(self, detail: str) -> None:
        self.report.add(self.pointer, detail)

    def not_yet(self, feature: str, words: str) -> None:
        """A fault if this version does not perform `feature` of NOT_YET."""
        if feature in self.report.not_yet:
            self.fault(f"{words}: valid, but not supported yet by this version of Tidewire.")


Check = Callable[[Place, Any], None]


def escape(key: str) -> str:
    """One reference token of an RFC 6901 pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def clip(text: object, most: int = _SHOWN) -> str:
    """Text of the document for a message."""
    shown = str(text)
    return shown if len(shown) <= most else shown[:most] + "..."


def kind_of(node: Any) -> str:
    """What a node is, in words."""
    if node is None:
        return "nothing"
    if isinstance(node, bool):
        return f"the boolean {str(node).lower()}"
    if isinstance(node, int | float):
        return f"the number {clip(node)}"
    if isinstance(node, str):
        return f'the text "{clip(node)}"'
    return "a list" if isinstance(node, list) else "an object"


def similar(word: str, known: Iterable[str]) -> str:
    """A hint after a wrong word: the nearest known one, or all of them when they are few."""
    known = sorted(known) if isinstance(known, set | frozenset) else list(known)
    near = get_close_matches(word[:_SHOWN], known[:_COMPARED], 1, 0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; known here: {', '.join(map(clip, known))}." if 0 < len(known) <= 12 else "."


# ---------------------------------------------------------------- checks made from checks


def anything(place: Place, node: Any) -> None:
    """Any JSON, taken as it is."""


def shape(
    fields: Mapping[str, Check],
    required: Collection[str] = (),
    *,
    one_of: Collection[str] = (),
    is_open: bool = False,
    not_empty: bool = False,
) -> Check:
    """An object with these members; exactly one of `one_of`; others only if it is open."""

    def check(place: Place, node: Any) -> None:
        if not isinstance(node, dict):
            return place.fault(f"Write an object{_with(required or one_of or fields)} here, not {kind_of(node)}.")
        for name in required:
            if name not in node:
                place.at(name).fault(f'"{name}" is required; add it.')
        if one_of and (not node or any(name in fields for name in node)):
            choose(place, node, one_of)
        if not_empty and not node:
            place.fault("Give at least one member; this object is empty.")
        for key, child in node.items():
            if key in fields:
                fields[key](place.at(key), child)
            elif not is_open:
                unknown(place, key, fields)

    return check


def choose(place: Place, node: Mapping[str, Any], names: Collection[str]) -> str | None:
    """The one of these members that is there; a fault when there is none or more than one."""
    found = [name for name in names if name in node]
    if len(found) == 1:
        return found[0]
    if found:
        place.fault(f"{_listed(found, 'and')} exclude each other; keep one of them.")
    else:
        place.fault(f"One of {_listed(names, 'or')} is required; add it.")
    return None


def unknown(place: Place, key: str, known: Iterable[str]) -> None:
    """A fault for a member that has no meaning there."""
    if not place.report.is_full:
        place.at(key).fault(f'There is no property "{clip(key)}" here{similar(key, known)}')


def mapping(check: Check) -> Check:
    """An object whose names are free and whose values pass the check."""

    def check_all(place: Place, node: Any) -> None:
        if not isinstance(node, dict):
            return place.fault(f"Write an object (name: value) here, not {kind_of(node)}.")
        for key, child in node.items():
            check(place.at(key), child)

    return check_all


def listing(check: Check, at_least: int = 0) -> Check:
    """A list whose items pass the check."""

    def check_all(place: Place, node: Any) -> None:
        if not isinstance(node, list):
            return place.fault(f"Write a list here, not {kind_of(node)}.")
        if len(node) < at_least:
            place.fault(f"Give at least {at_least} item{'s' if at_least > 1 else ''} here.")
        for index, child in enumerate(node):
            check(place.at(index), child)

    return check_all


def either(if_text: Check, otherwise: Check) -> Check:
    """One check for text, another for everything else."""

    def check(place: Place, node: Any) -> None:
        (if_text if isinstance(node, str) else otherwise)(place, node)

    return check


def text(place: Place, node: Any) -> None:
    """Text that is taken as it is."""
    if not isinstance(node, str):
        place.fault(f"Write text here, not {kind_of(node)}{_quotes(node)}.")


def words(place: Place, node: Any) -> None:
    """Text that is not empty."""
    if isinstance(node, str) and not node.strip():
        place.fault("Write something here; it is empty.")
    else:
        text(place, node)


def matching(pattern: str, what: str) -> Check:
    """Text of a form; `what` describes it in words."""
    compiled = re.compile(pattern)

    def check(place: Place, node: Any) -> None:
        if not isinstance(node, str):
            text(place, node)
        elif not compiled.fullmatch(node):
            place.fault(f'Write {what} here, not "{clip(node)}".')

    return check


def choice(*options: str) -> Check:
    """One of these words."""

    def check(place: Place, node: Any) -> None:
        if not isinstance(node, str):
            place.fault(f"Write one of {', '.join(options)} here, not {kind_of(node)}.")
        elif node not in options:
            place.fault(f'"{clip(node)}" is not possible here{similar(node, options)}')

    return check


def flag(place: Place, node: Any) -> None:
    """true or false."""
    if not isinstance(node, bool):
        place.fault(f"Write true or false here, not {kind_of(node)}.")


def whole(least: int, most: int) -> Check:
    """A whole number in a range."""

    def check(place: Place, node: Any) -> None:
        if isinstance(node, bool) or not isinstance(node, int):
            place.fault(f"Write a whole number here, not {kind_of(node)}.")
        elif not least <= node <= most:
            place.fault(f"Write a number from {least:,} to {most:,} here, not {node:,}.")

    return check


def condition(place: Place, node: Any) -> None:
    """A jq expression, in `${ }` or bare."""
    if not isinstance(node, str):
        return place.fault(f"Write a jq expression such as ${{ .name }} here, not {kind_of(node)}{_quotes(node)}.")
    found = EXPRESSION.fullmatch(node)
    place.report.expressions.append(Expression(place.pointer, found[1] if found else node, place.variables))


def value(place: Place, node: Any) -> None:
    """Any JSON in which text of the form `${ }` is a jq expression."""
    if isinstance(node, str):
        if EXPRESSION.fullmatch(node):
            condition(place, node)
        elif place.report.is_loose:
            place.report.perhaps.append(Expression(place.pointer, node, place.variables))
    elif isinstance(node, dict):
        for key, child in node.items():
            value(place.at(key), child)
    elif isinstance(node, list):
        for index, child in enumerate(node):
            value(place.at(index), child)


def or_expression(check: Check) -> Check:
    """Text of the form `${ }`, or what the check says."""

    def check_both(place: Place, node: Any) -> None:
        (condition if isinstance(node, str) and EXPRESSION.fullmatch(node) else check)(place, node)

    return check_both


def template(place: Place, node: Any) -> None:
    """Text, taken as it is or computed by `${ }`."""
    (value if isinstance(node, str) else text)(place, node)


def reference(kind: str, what: str) -> Check:
    """The name of something that `use.<kind>` declares."""

    def check(place: Place, node: Any) -> None:
        if not isinstance(node, str):
            return place.fault(f"Write the name of {what} here, not {kind_of(node)}.")
        names = place.report.names[kind]
        if node not in names and not place.report.is_full:
            place.fault(f'There is no {what} "{clip(node)}" under use.{kind}{similar(node, names)}')

    return check


def _listed(names: Iterable[str], joint: str = "or") -> str:
    *rest, last = [f'"{name}"' for name in names]
    return f"{', '.join(rest)} {joint} {last}" if rest else last


def _with(names: Collection[str]) -> str:
    return f" with {_listed(names, 'and')}" if 0 < len(names) <= 6 else ""


def _quotes(node: Any) -> str:
    return " (put it in quotes)" if isinstance(node, int | float) else ""
