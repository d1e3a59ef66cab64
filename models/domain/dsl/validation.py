"""Checks a document of the Serverless Workflow DSL 1.0.x: every fault, each with its place and what to do."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from models.domain.dsl import validation_calls as calls
from models.domain.dsl.durations import parse_duration
from models.domain.dsl.validation_expressions import check_expressions
from models.domain.dsl.validation_extensions import check_extensions
from models.domain.dsl.validation_flow import flow_control
from models.domain.dsl.validation_functions import check_functions
from models.domain.dsl.validation_shapes import (
    EXPRESSION,
    Check,
    Place,
    Report,
    choice,
    clip,
    escape,
    kind_of,
    listing,
    mapping,
    matching,
    shape,
    text,
    words,
)
from models.domain.dsl.validation_tasks import extension, function_name, task, task_list
from models.domain.dsl.validation_types import (
    VARIABLES,
    authentication,
    endpoint,
    error,
    event_strategy,
    fixed_duration,
    input_,
    named_timeout,
    output,
    retry_policy,
    timeout,
)
from models.domain.errors import Fault
from models.domain.limits import Limits
from models.domain.triggers import check_cron

# What a valid document may have and this version does not perform. It only ever gets shorter.
NOT_YET: frozenset[str] = frozenset({
    "call mcp stdio", "catalog default",
    "run script python",
    "evaluate language",
})  # fmt: skip

_SEMVER = (
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)
_DSL = re.compile(r"1\.0\.(0|[1-9][0-9]*)(-[0-9a-zA-Z.-]+)?(\+[0-9a-zA-Z.-]+)?")
_LABEL = matching(
    "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", "1 to 63 letters, digits and -, not beginning or ending with -,"
)
_USES = ("authentications", "catalogs", "errors", "functions", "retries", "timeouts")


def check_definition(
    definition: Any,
    limits: Limits = Limits(),  # noqa: B008
    not_yet: Collection[str] = NOT_YET,
) -> list[Fault]:
    """Every fault of a definition (as parsed from YAML or JSON); empty when it is valid.

    At most `limits.max_definition_faults`. Never raises, whatever it is given.
    """
    faults = _check_size(definition, limits)
    if faults:
        return faults
    report = Report(limits, not_yet, _declared(definition), _is_loose(definition))
    place = Place(report, variables=VARIABLES)
    if isinstance(definition, dict):
        _DOCUMENT(place, definition)
    else:
        place.fault(f"A workflow definition is an object with document and do, not {kind_of(definition)}.")
    check_functions(report)
    check_extensions(report)
    check_expressions(report)
    return report.faults


def _is_loose(definition: Any) -> bool:
    evaluate = definition.get("evaluate") if isinstance(definition, dict) else None
    return isinstance(evaluate, dict) and evaluate.get("mode") == "loose"


# ---------------------------------------------------------------- size


def _check_size(definition: Any, limits: Limits) -> list[Fault]:
    """Whether this is JSON of a size that the other checks may walk by recursion."""
    count = 0
    level: list[tuple[str, Any]] = [("", definition)]
    for _ in range(limits.max_definition_depth):
        deeper: list[tuple[str, Any]] = []
        for pointer, node in level:
            count += 1
            fault = _scalar_fault(node) if not isinstance(node, dict | list) else _add_members(deeper, pointer, node)
            if fault:
                return [Fault(pointer, fault)]
        if count + len(deeper) > limits.max_definition_nodes:
            limit = limits.max_definition_nodes
            return [Fault("", f"A definition has at most {limit:,} values (max_definition_nodes).")]
        if not deeper:
            return []
        level = deeper
    limit = limits.max_definition_depth
    return [Fault(level[0][0], f"A definition is nested at most {limit} deep (max_definition_depth).")]


def _add_members(deeper: list[tuple[str, Any]], pointer: str, node: dict[Any, Any] | list[Any]) -> str | None:
    if isinstance(node, list):
        deeper.extend((f"{pointer}/{index}", child) for index, child in enumerate(node))
        return None
    for key, child in node.items():
        if not isinstance(key, str):
            return f"The name {clip(key)} must be text; put it in quotes."
        if _scalar_fault(key):
            return f"A name here is not usable: {_scalar_fault(key)}"
        deeper.append((f"{pointer}/{escape(key)}", child))
    return None


def _scalar_fault(node: Any) -> str | None:
    if isinstance(node, str):
        if "\0" in node or any("\ud800" <= char <= "\udfff" for char in node):
            return "Text has no NUL and no lone surrogates."
    elif isinstance(node, float):
        if not math.isfinite(node):
            return "A number must be finite."
    elif isinstance(node, int):
        if not -(2**63) <= node < 2**63:
            return "A whole number must fit in 64 bits."
    elif node is not None:
        return f"{type(node).__name__} is no JSON value; put it in quotes."
    return None


# ---------------------------------------------------------------- document


def _declared(definition: Any) -> Mapping[str, Collection[str]]:
    use = definition.get("use") if isinstance(definition, dict) else None
    use = use if isinstance(use, dict) else {}
    names: dict[str, Collection[str]] = {
        kind: list(use[kind]) if isinstance(use.get(kind), dict) else [] for kind in _USES
    }
    secrets = use.get("secrets")
    names["secrets"] = [name for name in secrets if isinstance(name, str)] if isinstance(secrets, list) else []
    return names


def _dsl(place: Place, node: Any) -> None:
    if not isinstance(node, str):
        place.fault(f"Write the version of the DSL as text, such as '1.0.3', not {kind_of(node)}.")
    elif not _DSL.fullmatch(node):
        place.fault(f"This version of Tidewire reads the DSL 1.0.x; write '1.0.3', not \"{clip(node)}\".")


def _version(place: Place, node: Any) -> None:
    if isinstance(node, str) and len(node) > 255:
        place.fault("A version has at most 255 characters.")
    else:
        matching(_SEMVER, "a semantic version such as 1.0.0")(place, node)


def _cron(place: Place, node: Any) -> None:
    if not isinstance(node, str):
        return place.fault(f"Write a cron expression such as '0 6 * * *' here, not {kind_of(node)}.")
    try:
        check_cron(node)
    except ValueError as why:
        place.fault(f"This is no cron expression: {why}.")


def _interval(place: Place, node: Any) -> None:
    fixed_duration(place, node)
    least = place.report.limits.min_schedule_seconds
    try:
        if parse_duration(node).total_seconds() < least:
            place.fault(f"A schedule waits at least {least} s (min_schedule_seconds).")
    except ValueError:
        return  # told above


def _on(place: Place, node: Any) -> None:
    known = len(place.report.expressions)
    event_strategy(replace(place, variables=frozenset()), node)
    found = place.report.expressions[known:]
    place.report.expressions[known:] = [replace(each, is_filter=True) for each in found]
    _check_expected(place, node)


def _check_expected(place: Place, node: Any) -> None:
    """Nothing is known yet that an expectation could be computed from."""
    for kind in ("one", "any", "all", "until"):
        found = node.get(kind) if isinstance(node, dict) else None
        for at, one in [((), found)] if isinstance(found, dict) else _places(found):
            if kind == "until":
                _check_expected(place.at(kind), one)
            correlate = one.get("correlate")
            for name, key in correlate.items() if isinstance(correlate, dict) else ():
                if isinstance(key, dict) and isinstance(key.get("expect"), str) and EXPRESSION.fullmatch(key["expect"]):
                    where = place.at(kind, *at, "correlate", name, "expect")
                    where.fault("In a schedule this is a constant; leave it out to take the first value.")


def _places(found: Any) -> list[tuple[tuple[int, ...], dict[str, Any]]]:
    return [((n,), one) for n, one in enumerate(found if isinstance(found, list) else ()) if isinstance(one, dict)]


def _schedule(place: Place, node: Any) -> None:
    kinds: dict[str, Check] = {"every": _interval, "cron": _cron, "after": _interval, "on": _on}
    shape(kinds, not_empty=True)(place, node)


# ---------------------------------------------------------------- use and evaluate


def _functions(place: Place, node: Any) -> None:
    mapping(task)(place, node)
    if isinstance(node, dict):
        for name in node:
            function_name(place.at(name), name)
            if name in ("http", "asyncapi", *calls.OWN, *calls.PROTOCOLS):
                place.at(name).fault(f'"{name}" is a function already; give yours another name.')


def _extensions(place: Place, node: Any) -> None:
    place.not_yet("extensions", "Extensions")
    listing(mapping(extension), 0)(place, node)


def _language(place: Place, node: Any) -> None:
    text(place, node)
    if isinstance(node, str) and node != "jq":
        place.not_yet("evaluate language", f"The expression language {clip(node)} (write jq)")


_DOCUMENT = shape(
    {
        "document": shape(
            {
                "dsl": _dsl,
                "namespace": _LABEL,
                "name": _LABEL,
                "version": _version,
                "title": text,
                "summary": text,
                "tags": shape({}, is_open=True),
                "metadata": shape(
                    {
                        "finally": task_list,
                        "flowControl": flow_control,
                        "lifecycleEvents": choice("workflow", "tasks"),
                    },
                    is_open=True,
                ),
            },
            ["dsl", "namespace", "name", "version"],
        ),
        "input": input_,
        "use": shape(
            {
                "authentications": mapping(authentication),
                "catalogs": mapping(shape({"endpoint": endpoint}, ["endpoint"])),
                "errors": mapping(error),
                "extensions": _extensions,
                "functions": _functions,
                "retries": mapping(retry_policy),
                "secrets": listing(words),
                "timeouts": mapping(named_timeout),
            }
        ),
        "do": task_list,
        "timeout": timeout,
        "output": output,
        "schedule": _schedule,
        "evaluate": shape({"language": _language, "mode": choice("strict", "loose")}),
    },
    ["document", "do"],
)
