"""Checks of the jq expressions of a document: syntax, variables, and words that are not available here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import jq

from models.domain.dsl.validation_shapes import Expression, Report
from models.domain.event_filters import check_expression

# They read the environment and the files of the process, end it, or write to its log.
_UNAVAILABLE = frozenset({
    "env", "$ENV", "input", "inputs", "input_filename", "import", "include", "modulemeta", "get_search_list",
    "halt", "halt_error", "debug", "stderr", "$__prog_args",
})  # fmt: skip
_MAX_DEPTH = 100
_BATCH = 64
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_TOKEN = re.compile(
    r"(?P<space>\s+) | (?P<comment>\#(?:\\[\s\S]|[^\\\n])*) | (?P<field>\.[A-Za-z_]\w*)"
    r"| (?P<word>\$?[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*) | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<other>[\s\S])",
    re.VERBOSE,
)
_IN_STRING = re.compile(r'(?P<text>(?:[^"\\]|\\[^(])+) | (?P<enter>\\\() | (?P<end>") | (?P<other>\\)', re.VERBOSE)
_WHERE = re.compile(r" at <top-level>(?:, line (\d+)(?:, column (\d+))?)?")


def check_expressions(report: Report) -> None:
    """Tells the faults of all expressions that were found."""
    sound: list[Expression] = []
    for found in report.expressions:
        size = len(found.text.encode("utf-8", "surrogatepass"))
        if size > report.limits.max_expression_bytes:
            report.add(found.pointer, f"An expression has at most {report.limits.max_expression_bytes:,} bytes "
                       f"(max_expression_bytes), this one has {size:,}.")  # fmt: skip
            continue
        fault = _words_fault(found.text)
        if fault is None and found.is_filter:
            fault = _syntax_fault(found) or _filter_fault(found)
        if fault:
            report.add(found.pointer, fault)
        else:
            sound.append(found)
    for start in range(0, len(sound), _BATCH):
        _check_batch(report, sound[start : start + _BATCH])
    for found in report.perhaps:
        _check_loose(report, found)


def _check_loose(report: Report, found: Expression) -> None:
    fault = _words_fault(found.text)
    # Only what jq would run can do harm; the rest is text like any other.
    if fault and "not available" in fault and _syntax_fault(found) is None:
        report.add(found.pointer, fault)


def _check_batch(report: Report, batch: Sequence[Expression]) -> None:
    # One program is much cheaper to compile than many. The brackets of each are balanced: none reaches out of its own.
    distinct = list({(e.text, e.variables): e for e in batch}.values())
    if report.is_full or (len(distinct) > 1 and _compiles(", ".join(map(_as_term, distinct)))):
        return
    for found in batch:
        fault = _syntax_fault(found)
        if fault:
            report.add(found.pointer, fault)


def _as_term(found: Expression) -> str:
    bindings = "".join(f". as ${name} | " for name in sorted(found.variables))
    return f"({bindings}(\n{found.text}\n))"


def _compiles(program: str) -> bool:
    try:
        jq.compile(program)
    except ValueError:
        return False
    return True


def _syntax_fault(found: Expression) -> str | None:
    try:
        jq.compile(found.text, args=dict.fromkeys(found.variables))
    except ValueError as error:
        return f"This is no jq expression: {_reason(str(error))}."
    if not _compiles(_as_term(found)):
        return "This is no whole jq expression."
    return None


def _filter_fault(found: Expression) -> str | None:
    try:
        check_expression(found.text)
    except ValueError as why:
        return f"This expression cannot be used in the filter of a schedule: {why}."
    return None


def _reason(message: str) -> str:
    first = message.strip().splitlines()[0].removeprefix("jq: error: ").removeprefix("syntax error, ")
    found = _WHERE.search(first)
    if found is None:
        return first.rstrip(": ")
    where = f" (line {found[1]}, column {found[2]})" if found[2] else ""
    return first[: found.start()].rstrip(": ") + where


def _words_fault(text: str) -> str | None:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        return "An expression has no NUL and no lone surrogates."
    try:
        for word in used_words(text):
            if word in _UNAVAILABLE:
                return f"{word} is not available in expressions here; remove it."
    except ValueError as error:
        return f"This is no jq expression: {error}."
    return None


def used_words(text: str) -> Iterator[str]:
    """The functions, keywords and variables (with `$`) of a jq program; ValueError when brackets are not balanced."""
    open_: list[str] = []
    place, before = 0, ""
    while place < len(text):
        in_string = bool(open_) and open_[-1] == '"'
        found = (_IN_STRING if in_string else _TOKEN).match(text, place)
        if found is None or found.lastgroup is None:
            raise ValueError("a string is not closed")
        kind, mark, place = found.lastgroup, found[0], found.end()
        if kind == "word" and not (open_ and open_[-1] == "}" and before in ("{", ",") and mark[0] != "$"):
            yield mark
        elif kind in ("open", "enter"):
            open_.append(_CLOSERS[mark[-1]])
        elif kind == "close" and (not open_ or open_.pop() != mark):
            raise ValueError(f"{mark} closes nothing")
        elif kind == "end":
            open_.pop()
        elif mark == '"' and kind == "other":
            open_.append('"')
        if len(open_) > _MAX_DEPTH:
            raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
        if kind not in ("space", "comment"):
            before = mark
    if open_:
        raise ValueError(f"{open_[-1]} is missing at its end")
